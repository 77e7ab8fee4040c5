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
# Published decoding steps, float32 arithmetic in another order.
DECODED_PIXELS = 0.01
DECODED_SCORES_RTOL = 1e-4
# A Gaussian fitted to a well-formed peak: the solver's steps may end a little apart.
FITTED_PIXELS = 0.05

# Values of LOGO-CAP's windows, at most about 1: four or 121 products summed in float32.
WINDOW_ATOL = 1e-6
# The embedding between its cells: four products, values of up to ten.
EMBEDDING_ATOL = 1e-5
# Maps that the network computed for one image instead of a batch of two.
ANOTHER_BATCH_ATOL = 2e-5
# Boxes of a Mask R-CNN in another library: deltas, rounded to 6e-8, times sides of 500 pixels.
EXPORTED_BOX_PIXELS = 1e-3
# Published ResNet heads, float32 in the same library: sums in another order, values of up to 12.
MAPS_ATOL = 1e-4
MAPS_RTOL = 1e-4
# An expectation over up to 262144 cells, as a share of the map: the authors' code itself differs
# by 2e-5 from run to run.
SOFT_ARGMAX = 3e-5
# An affine matrix through float32 points, relative to its largest number.
AFFINE_RTOL = 1e-6
# Maps of a published network: the same float32 layers, summed in another order; absolute, relative.
PUBLISHED_MAPS = 1e-4
# A few float32 layers against a definition written down in another way, values of about 1.
LAYER_ATOL = 1e-5
