"""Heatmaps brought to pixels with cells at their corner: cell i lies on pixel ratio * i.

The heatmap-guided networks and DEKR are decoded on such maps. LOGO-CAP's upsampling is another,
and the two give other positions: they are not to be exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..structures.arrays import AnyArray, Float32Array, Int64Array
from .heads import ScaledHeads


def upsample_corners(maps: AnyArray, size: tuple[int, int]) -> Float32Array:
    """Bilinear maps of another size; the last row and column are repeated to the border.

    Args:
        maps: (..., h, w) float32.
        size: (H, W) of the result; the ratio is H // h, and W // w.

    Returns:
        (..., H, W): cell 0 on pixel 0, the last cell on pixel H - ratio, copies of it below.

    Source: `up_interpolate` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation.
    """
    rows, columns = (_places(*sides) for sides in zip(maps.shape[-2:], size, strict=True))
    low, high, weight = columns
    wide = maps[..., low] * (1 - weight) + maps[..., high] * weight
    low, high, weight = rows
    weight = weight[:, None]
    return np.asarray(wide[..., low, :] * (1 - weight) + wide[..., high, :] * weight, np.float32)


def _places(cells: int, pixels: int) -> tuple[Int64Array, Int64Array, Float32Array]:
    """For every pixel of one axis: the cells before and after it, and the weight of the latter."""
    last = pixels - pixels // cells  # the pixel on which the last cell lies
    step = np.float32((cells - 1) / max(last, 1))
    place = np.minimum(np.arange(pixels), last).astype(np.float32) * step
    low = place.astype(np.int64)
    return low, np.minimum(low + 1, cells - 1), (place - low).astype(np.float32)


def fuse_scales(maps: Sequence[AnyArray], size: tuple[int, int]) -> Float32Array:
    """Mean of the heatmaps of several test scales.

    Args:
        maps: (C, h, w) of each scale, any sizes.
        size: (H, W) of the network's input at scale 1.

    Returns:
        (C, H, W).

    Raises:
        ValueError: there are no maps.
    """
    if not maps:
        raise ValueError("at least one heatmap is needed, got none")
    total = upsample_corners(maps[0], size)
    for other in maps[1:]:
        total += upsample_corners(other, size)
    return np.asarray(total / len(maps), np.float32)


def join_strides(heatmap: AnyArray, finer: AnyArray) -> Float32Array:
    """The heatmaps of two strides as one: the mean of both, where the finer one has the channel.

    The mirror image of a flip test is joined before it is turned back: the repeated column lies
    to the right of what the network saw.

    Args:
        heatmap: (..., K + 1, h, w), the center last.
        finer: (..., K, H, W), without a center.

    Returns:
        (..., K + 1, H, W); the center is the coarse one, upsampled.
    """
    joined = upsample_corners(heatmap, (finer.shape[-2], finer.shape[-1]))
    keypoints = joined[..., : finer.shape[-3], :, :]
    keypoints += finer
    keypoints /= 2
    return joined


def largest_first(scaled: Sequence[ScaledHeads]) -> tuple[list[ScaledHeads], ScaledHeads]:
    """The inputs of a multi-scale test, largest first, and the one of scale 1 among them.

    Raises:
        ValueError: no input has scale 1, which the others are measured by.
    """
    ordered = sorted(scaled, key=lambda heads: -heads.test_scale)
    for heads in ordered:
        if heads.test_scale == 1.0:
            return ordered, heads
    got = [heads.test_scale for heads in ordered]
    raise ValueError(f"the test scales must hold 1, got {got}: add it to them")
