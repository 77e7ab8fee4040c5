"""LOGO-CAP's local and global windows."""

from __future__ import annotations

from dataclasses import dataclass

from ..structures.arrays import Float32Array
from .checks import check, check_above, check_head, check_head_batch
from .devices import device_of, head_dtype, scratch
from .upsampling import check_size

_MAX_SIDE = 4096  # of windows and kernels, cells
_MAX_PIXELS = 2**22  # of an axis: float32 must tell quarters of pixels


@dataclass(frozen=True, slots=True)
class GlobalWindow:
    """How the large windows of `global_adaptation` are read.

    Attributes:
        weights: (g, g) float32 of a window's cells, g odd: the Gaussian. They must lie where the
            keypoints do: on a GPU, a tensor there.
        first_weight: of the highest cell; the second has the rest.
        clamp: whether kernels are cut to [0, 1] and divided by their number of points first.
    """

    weights: Float32Array
    first_weight: float = 0.75
    clamp: bool = True


def local_windows(
    keypoints: Float32Array, steps: Float32Array, embedding: Float32Array, stride: float
) -> Float32Array:
    """The embedding at every point of the mesh around each keypoint.

    Point (row, column) of keypoint k's mesh lies steps[k, column], steps[k, row] from the keypoint.

    Args:
        keypoints: (B, N, K, 2) float32, input pixels; a coordinate that is no number counts as 0.
        steps: (K, s) float32 input pixels.
        embedding: (B, C, h, w) head.
        stride: input pixels per cell; pixel p lies at p / stride.

    Returns:
        (B, N, K * C, s, s) float32 as the message passing network reads it: channel k * C + c, rows
        along y.

    Raises:
        ValueError, TypeError: as for every kernel here; the embedding has no cells.

    Source: N. Xue et al., "Learning Local-Global Contextual Adaptation for Multi-Person Pose
    Estimation", CVPR 2022, section 3.2; the rule between cells is that of its released code.
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
    """Keypoints moved to where the heatmap, spread by their own attraction map, is highest.

    A window is read around each keypoint from the heatmap as if it had been enlarged to `size`,
    weighed, convolved with the keypoint's kernel, and its two highest cells make the result. Equal
    cells go by row, then column. A keypoint that is not finite, or
    whose window holds no number, stays and has the value 0; a window of one cell reads the heatmap.

    Args:
        keypoints: (B, N, K, 2) float32, input pixels.
        heatmap: (B, K, h, w) head; may be the first channels of a larger array.
        size: (H, W) of the input, not below (h, w).
        kernels: (B, N, K, s, s) head, s odd, the attraction maps; None: no convolution.
        window: its size, weights, and how the result is made.

    Returns:
        (B, N, K, 2) float32 input pixels and (B, N, K) float32 values.

    Raises:
        ValueError, TypeError: as for every kernel here; a window or kernel of even side; on a GPU
            one whose blocks have too little shared memory (97 x 97 fits every GPU).

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
