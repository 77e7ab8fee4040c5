"""LOGO-CAP's local and global windows."""

from __future__ import annotations

from dataclasses import dataclass

from ..structures.arrays import Float32Array
from .checks import check, check_above, check_head, check_head_batch
from .devices import device_of, head_dtype, scratch
from .upsampling import check_size

_MAX_SIDE = 4096  # of windows and kernels, cells
_MAX_PIXELS = 2**22  # along an axis: up to here float32 can tell quarters of pixels apart


@dataclass(frozen=True, slots=True)
class GlobalWindow:
    """How the large windows of `global_adaptation` are weighted and evaluated.

    Attributes:
        weights: (g, g) float32, g odd: the Gaussian that a window is multiplied by; on the device
            of the keypoints.
        first_weight: weight of the highest cell; that of the second is 1 - first_weight.
        clamp: whether kernels are clipped to [0, 1] and divided by their number of entries first.
    """

    weights: Float32Array
    first_weight: float = 0.75
    clamp: bool = True


def local_windows(
    keypoints: Float32Array, steps: Float32Array, embedding: Float32Array, stride: float
) -> Float32Array:
    """The embedding at every point of a mesh around each keypoint.

    Point (row, column) of keypoint k's mesh lies steps[k, column], steps[k, row] from the keypoint.

    Args:
        keypoints: (B, N, K, 2) float32, input pixels; a NaN coordinate counts as 0.
        steps: (K, s) float32 input pixels.
        embedding: (B, C, h, w) head.
        stride: input pixels per cell; pixel p lies at p / stride.

    Returns:
        (B, N, K * C, s, s) float32, the input of the message passing network: channel k * C + c is
        channel c of the embedding around keypoint k; rows run along y.

    Raises:
        ValueError, TypeError: as for every kernel here; the embedding has no cells.

    Source: N. Xue et al., "Learning Local-Global Contextual Adaptation for Multi-Person Pose
    Estimation", CVPR 2022, section 3.2; interpolation between cells as in its released code.
    """
    device = device_of(keypoints, steps, embedding)
    check("keypoints", keypoints, "float32", (None, None, None, 2))
    batch, people, count = keypoints.shape[:3]
    check("steps", steps, "float32", (count, None))
    check_head("embedding", embedding, (batch, None, None, None), device)
    check_above("stride", stride, 0)
    if min(embedding.shape[2:]) == 0:
        raise ValueError(f"embedding must have cells, got {tuple(embedding.shape)}")
    side, channels = steps.shape[1], embedding.shape[1]
    features = device.empty((batch, people, count * channels, side, side), "float32")
    sizes = (batch, people, count, *embedding.shape[1:], side)
    working = scratch(device, "pt_local_windows", *embedding.shape[1:], side)
    pointers = (features, working, keypoints, steps, embedding)
    device.call("pt_local_windows", *pointers, head_dtype(embedding), *sizes, stride)
    return features


def global_adaptation(
    keypoints: Float32Array,
    heatmap: Float32Array,
    size: tuple[int, int],
    kernels: Float32Array | None,
    window: GlobalWindow,
) -> tuple[Float32Array, Float32Array]:
    """Keypoints moved to where the heatmap, convolved with their attraction maps, is highest.

    A window around each keypoint is read from the heatmap as if that were enlarged to `size`. The
    window is multiplied by `window.weights` and convolved (the kernel is flipped, as in a true
    convolution) with the keypoint's kernel. The weighted means of its two highest cells are the new
    place and value; of equal cells the one in the earlier row, then column, is the higher. A
    keypoint that is not finite, or whose window is all NaN, stays and has the value 0. With a
    window of one cell the heatmap is just read at the keypoint.

    Args:
        keypoints: (B, N, K, 2) float32, input pixels.
        heatmap: (B, K, h, w) head; may be the first channels of a larger array.
        size: (H, W) of the input, at least (h, w).
        kernels: (B, N, K, s, s) head, s odd, the attraction maps; None: no convolution.
        window: its size and weights, and how the two highest cells are joined.

    Returns:
        (B, N, K, 2) float32 input pixels and (B, N, K) float32 values.

    Raises:
        ValueError, TypeError: as for every kernel here; a window or kernel has an even side; on a
            GPU, they do not fit into the shared memory of a block (97 x 97 fits on every GPU).

    Source: as `local_windows`, section 3.3; order and constants are those of the released code.
    """
    weights = window.weights
    device = device_of(keypoints, heatmap, kernels, weights)
    check("keypoints", keypoints, "float32", (None, None, None, 2))
    batch, people, count = keypoints.shape[:3]
    stride = check_head_batch("heatmap", heatmap, (batch, count, None, None), device)
    _check_enlarged((heatmap.shape[2], heatmap.shape[3]), size)
    check("weights", weights, "float32", (weights.shape[0], weights.shape[0]))
    outer, side = weights.shape[0], 1
    if kernels is not None:
        side = kernels.shape[-1]
        check_head("kernels", kernels, (batch, people, count, side, side), device)
    if not all(n % 2 == 1 and n <= _MAX_SIDE for n in (outer, side)):
        raise ValueError(
            f"windows and kernels must have an odd side up to {_MAX_SIDE}, got {outer} and {side}"
        )
    adapted = device.empty((batch, people, count, 2), "float32")
    values = device.empty((batch, people, count), "float32")
    working = scratch(device, "pt_global_adaptation", outer, side)
    dtypes = (head_dtype(heatmap), 0 if kernels is None else head_dtype(kernels))
    device.call(
        "pt_global_adaptation",
        *(adapted, values, working, keypoints, heatmap, kernels, weights),
        *(*dtypes, stride, batch, people, count, *heatmap.shape[2:], *size, outer, side),
        *(window.first_weight, int(window.clamp)),
    )
    return adapted, values


def _check_enlarged(cells: tuple[int, int], size: tuple[int, int]) -> None:
    check_size("heatmap", cells, size)
    if not (cells[0] <= size[0] <= _MAX_PIXELS and cells[1] <= size[1] <= _MAX_PIXELS):
        raise ValueError(
            f"size must be from the heatmap's {cells} to {_MAX_PIXELS} each way, got {size}"
        )
