"""How far results may lie apart, and why; integers, ties and bytes are always exact."""

# Kernel twins against the NumPy reference, float32 against float64.
OFFSET_RTOL = 1e-6  # one product and one sum
# A distance rounded to 6e-8 is squared and divided into an exponent of up to 87.
GAUSSIAN_RTOL = 3e-5
GAUSSIAN_ATOL = 1e-36  # weights below e^-87 are 0 in the kernels
OKS_ATOL = 2e-6
DOUBLE_ATOL = 1e-14  # float64 against float64, values of up to 1: exponentials of two libraries
# Sixteen float32 products of values of about 1; then the same relative to large values.
POOLED_ATOL = 1e-6
POOLED_RTOL = 1e-5
# RoIAlign in torch, whose samples go through coordinates from -1 to 1, rounded to 6e-8 of the map.
SAMPLED_ATOL = 2e-5
# Published similarities were computed of float64 keypoints: ours are float32, 3e-5 of a pixel.
PUBLISHED_OKS_ATOL = 2e-6

# Image sizing against OpenCV's INTER_LINEAR, which rounds its weights to 11 bits too.
OPENCV_GREY_LEVELS = 1

# Sixty float32 layers in another library, heads of up to 60: sums in another order.
HEADS_ATOL = 2e-3
# Poses decoded from such heads: pixels of the network's input, scores.
POSE_PIXELS = 0.01
POSE_SCORES = 1e-4
# A flipped head turns x to 0.75 - x and back, in float32.
FLIP_PIXELS = 1e-3
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
# Maps of the released code, whose sixty float32 layers of random weights lie up to 3e-4 from what
# the same layers give in float64.
RELEASED_MAPS = 5e-4
# A few float32 layers against a definition written down in another way, values of about 1.
LAYER_ATOL = 1e-5
# Colours of 0..255 between four pixels, float32: a fraction and three sums, each rounded.
PREPROCESS_GREY_LEVELS = 2e-4
# A float16 beside its neighbour: 10 bits behind the first.
HALF_RTOL = 1e-3
# OpenCV's warpAffine takes coordinates to 1/32 of a pixel: that share of a step between pixels.
OPENCV_WARP_GREY_LEVELS = 9
# OpenCV's NV12 by integers of 20 bits, rounded to bytes.
OPENCV_NV12_GREY_LEVELS = 1.5

# Overlap of boxes: the same float64 operations in the same order.
IOU_COST_ATOL = 0.0
# The cosine of features of up to 512 numbers: sixteen float32 sums of 32 products each.
APPEARANCE_ATOL = 2e-6
# What an assignment saves: sums of float64 in another order; ties are seen up to rounding alone.
ASSIGNMENT_RTOL = 1e-12
# Two passes of a Gaussian filter: sums of float32 products, weights rounded to 2e-7; relative to
# the map's largest value.
SMOOTHED_RTOL = 3e-6
# A keypoint at a cell: one product and one sum.
FUSED_RTOL = 1e-6
# A softmax's expectation as a share of the map: weights good to 1e-6, of which a build without
# vector instructions adds up 1024 in a row (with them: 5e-7); probabilities, relative.
SOFT_ARGMAX_TWIN = 2e-6
SOFT_SCORE_RTOL = 5e-6
# An adaptive convolution, values of about 1: up to 630 products in float32, at places of float32.
ADAPTIVE_ATOL = 5e-6
# A sigmoid: an exponential good to 2e-7, a sum, a quotient; below e^-87 the kernels give 0.
SIGMOID_RTOL = 1e-6
ACTIVATION_ATOL = 1e-36
# A softmax over the cells of a map: 96 float32 sums in a row, an exponential, a quotient.
PROBABILITY_RTOL = 1e-5
# Maps rounded to float16, values of about 1: ten bits, and taps that lie as far off.
HALF_ATOL = 0.02

# Gaussians fitted by our solver and by SciPy's, whose derivatives are differences: both end where
# a step is below 1.5e-8 of the parameters; written as float32 pixels of up to a few hundred.
FITTED_KERNEL_PIXELS = 1e-3
FITTED_HEIGHTS_RTOL = 1e-3
FEATURE_RTOL = 1e-6  # two squares, a root and a quotient in float32
