"""Peaks of heatmaps, and the keypoints regressed at the peaks of the center map."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...structures.arrays import AnyArray, Float32Array, Int64Array

# Side of the window in which a center is the highest, by the mean of the map's sides.
# Source: TEST.POOL_THRESHOLD1 and 2 of github.com/HRNet/DEKR.
_WINDOWS = ((300, 7), (200, 5), (0, 3))


def pool_window(height: int, width: int) -> int:
    """Side of the window in which a center must be the highest, cells."""
    side = (height + width) / 2
    return next(window for limit, window in _WINDOWS if side > limit)


def center_peaks(
    center: AnyArray, max_peaks: int, threshold: float
) -> tuple[Int64Array, Float32Array]:
    """The highest peaks of a center map.

    Args:
        center: (h, w) float32.
        max_peaks: how many peaks are returned at most.
        threshold: peaks must be above; not negative.

    Returns:
        (N, 2) int64 cells x, y, and (N,) float32 values, falling.
    """
    height, width = center.shape
    maps = np.ascontiguousarray(center[None, None], np.float32)
    window = pool_window(height, width)
    cells, values, count = kernels.upsampled_peaks(
        maps, (height, width), max_peaks, window=window, rule="corner", min_value=threshold
    )
    found = int(count[0, 0])
    y, x = np.divmod(cells[0, 0, :found].astype(np.int64), width)
    return np.stack((x, y), axis=1), values[0, 0, :found]


def level_center(center: AnyArray, highest: float, factor: float) -> Float32Array:
    """A center map whose highest value is `factor` times that of scale 1.

    Args:
        center: (h, w) float32.
        highest: largest value of the center map at scale 1.
        factor: 1 for the map of scale 1 itself, small for others, so that they only add people.

    Returns:
        (h, w) float32, all 0 where the map's own highest value is 0.
    """
    own = center.max()
    if own == 0:
        return np.zeros_like(center, np.float32)
    return np.asarray(np.float32(factor) * center / own * np.float32(highest), np.float32)


def regressed_keypoints(
    cells: Int64Array, offset: AnyArray, map_size: tuple[int, int], ratio: float, sign: int
) -> Float32Array:
    """Where the people found at `cells` have their keypoints.

    A heatmap finer than the offsets (stride 2 on stride 4) has its peaks in finer cells: a peak
    takes the offset of the coarse cell that covers it, and counts from that one's corner. This is
    what the published code computes when it repeats each coarse cell's absolute positions, doubled
    to fine cells, over the fine map.

    Args:
        cells: (N, 2) int64 x, y on the map that was searched.
        offset: (2K, h, w) float32, x0, y0, x1, ..., in its own cells.
        map_size: (h, w) of the map that was searched.
        ratio: pixels per cell of `offset`.
        sign: keypoint = position + sign * offset.

    Returns:
        (N, K, 2) float32 x, y in pixels.
    """
    height, width = offset.shape[1:]
    x = cells[:, 0] * width // map_size[1]
    y = cells[:, 1] * height // map_size[0]
    places = np.ascontiguousarray((y * width + x)[None], np.int32)
    field = np.ascontiguousarray(offset[None], np.float32)
    keypoints = kernels.center_offset_decode(places, field, sign=sign)[0]
    return np.asarray(np.float32(ratio) * keypoints, np.float32)
