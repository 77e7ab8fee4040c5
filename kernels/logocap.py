"""LOGO-CAP's local and global windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..structures.arrays import Float32Array, HeadArray, Int32Array
from .call import run

__all__ = ["CenterMesh", "GlobalWindow", "center_windows", "global_adaptation", "local_windows"]


@dataclass(frozen=True, slots=True)
class CenterMesh:
    """How centers become poses for `center_windows`, and meshes around their keypoints.

    Attributes:
        steps: (K, s) float32 input pixels, as of `local_windows`; on the device of the centers.
        stride: input pixels per cell; pixel p lies at p / stride.
        sign: 1 where the offsets point from center to keypoint, -1 where they point back.
        ratio: how many times finer than the offsets the map is in which the centers were found.
    """

    steps: Float32Array
    stride: float
    sign: float = 1.0
    ratio: int = 1


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
    keypoints: Float32Array,
    steps: Float32Array,
    embedding: HeadArray,
    stride: float,
    counts: Int32Array | None = None,
    *,
    dtype: npt.DTypeLike = np.float32,
) -> HeadArray:
    """The embedding at every point of a mesh around each keypoint.

    Point (row, column) of keypoint k's mesh lies steps[k, column], steps[k, row] from the keypoint.

    Args:
        keypoints: (B, N, K, 2) float32, input pixels; a NaN coordinate counts as 0.
        steps: (K, s) float32 input pixels.
        embedding: (B, C, h, w) head.
        stride: input pixels per cell; pixel p lies at p / stride.
        counts: (B,) int32, how many people of each image count; None: all.
        dtype: of the result, float32 or float16, as the network takes it.

    Returns:
        (B, N, K * C, s, s), the input of the message passing network: channel k * C + c is
        channel c of the embedding around keypoint k; rows run along y. 0 behind the count.

    Raises:
        ValueError, TypeError: as for every kernel here; the embedding has no cells.

    Source: N. Xue et al., "Learning Local-Global Contextual Adaptation for Multi-Person Pose
    Estimation", CVPR 2022, section 3.2; interpolation between cells as in its released code.
    """
    arrays = {"keypoints": keypoints, "steps": steps, "embedding": embedding, "counts": counts}
    options = {"stride": stride, "features_dtype": dtype}
    features: HeadArray = run("pt_local_windows", **arrays, **options)
    return features


def center_windows(
    cells: Int32Array,
    offset: HeadArray,
    embedding: HeadArray,
    mesh: CenterMesh,
    counts: Int32Array | None = None,
    *,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Float32Array, HeadArray]:
    """`center_offset_decode`, brought to input pixels, and `local_windows` there, in one launch.

    Args:
        cells: (B, N) int32 centers, cells of a map of (ratio * h, ratio * w); -1 gives zeros.
        offset: (B, 2K, h, w) head, x0, y0, x1, ... in its own cells.
        embedding: (B, C, h, w) head.
        mesh: how poses follow from centers, and where the points lie around a keypoint.
        counts: (B,) int32, how many people of each image have windows; None: all.
        dtype: of the windows, float32 or float16, as the network takes it.

    Returns:
        (B, N, K, 2) float32 input pixels and (B, N, K * C, s, s), as of `local_windows`.

    Raises:
        ValueError, TypeError: as for both kernels.

    Source: as `local_windows`, sections 3.1 and 3.2.
    """
    arrays = {"cells": cells, "offset": offset, "steps": mesh.steps, "embedding": embedding}
    options = {"stride": mesh.stride, "sign": mesh.sign, "ratio": mesh.ratio}
    keypoints, features = run(
        "pt_center_windows", **arrays, counts=counts, **options, features_dtype=dtype
    )
    return keypoints, features


def global_adaptation(
    keypoints: Float32Array,
    heatmap: HeadArray,
    size: tuple[int, int],
    kernels: HeadArray | None,
    window: GlobalWindow,
    counts: Int32Array | None = None,
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
        counts: (B,) int32, how many people of each image count; None: all.

    Returns:
        (B, N, K, 2) float32 input pixels and (B, N, K) float32 values; 0 behind the count.

    Raises:
        ValueError, TypeError: as for every kernel here; a window or kernel has an even side; on a
            GPU, they do not fit into the shared memory of a block (97 x 97 fits on every GPU).

    Source: as `local_windows`, section 3.3; order and constants are those of the released code.
    """
    arrays = {"keypoints": keypoints, "heatmap": heatmap, "kernels": kernels, "counts": counts}
    sizes = {"H": size[0], "W": size[1]} | ({"s": 1} if kernels is None else {})
    options = {"first_weight": window.first_weight, "clamp": window.clamp}
    adapted, values = run(
        "pt_global_adaptation", **arrays, weights=window.weights, **sizes, **options
    )
    return adapted, values
