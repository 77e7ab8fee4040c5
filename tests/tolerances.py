"""How far results may lie apart, and why; integers, ties and bytes are always exact."""

# Kernel twins against the NumPy reference, float32 against float64.
OFFSET_RTOL = 1e-6  # one product and one sum
# A distance rounded to 6e-8 is squared and divided into an exponent of up to 87.
GAUSSIAN_RTOL = 3e-5
GAUSSIAN_ATOL = 1e-36  # weights below e^-87 are 0 in the kernels
OKS_ATOL = 2e-6

# Image sizing against OpenCV's INTER_LINEAR, which rounds its weights to 11 bits too.
OPENCV_GREY_LEVELS = 1

# Sixty float32 layers in another library, heads of up to 60: sums in another order.
HEADS_ATOL = 2e-3
# Poses decoded from such heads: pixels of the network's input, scores.
POSE_PIXELS = 0.01
POSE_SCORES = 1e-4
# A mirrored head turns x to 0.75 - x and back, in float32.
MIRROR_PIXELS = 1e-3
# A point zoomed to the input and back, relative to its size: a handful of float32 roundings.
ZOOM_RTOL = 1e-6
