"""How far results may lie apart, and why; integers, ties and bytes are always exact."""

# Kernel twins against the NumPy reference, float32 against float64.
OFFSET_RTOL = 1e-6  # one product and one sum
# A distance rounded to 6e-8 is squared and divided into an exponent of up to 87.
GAUSSIAN_RTOL = 3e-5
GAUSSIAN_ATOL = 1e-36  # weights below e^-87 are 0 in the kernels
OKS_ATOL = 2e-6

# Image sizing against OpenCV's INTER_LINEAR, which rounds its weights to 11 bits too.
OPENCV_GREY_LEVELS = 1
