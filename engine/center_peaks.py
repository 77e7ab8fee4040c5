"""Peaks of heatmaps, and the keypoints regressed at the peaks of the center map."""

from __future__ import annotations

import cv2
import numpy as np

from ..structures.arrays import AnyArray, Float32Array, Int64Array

# Side of the window in which a center is the highest, by the mean of the map's sides.
# Source: TEST.POOL_THRESHOLD1 and 2 of github.com/HRNet/DEKR.
_WINDOWS = ((300, 7), (200, 5), (0, 3))


def pool_window(height: int, width: int) -> int:
    """Side of the window in which a center must be the highest, cells."""
    side = (height + width) / 2
    return next(window for limit, window in _WINDOWS if side > limit)


def suppress_others(maps: AnyArray, window: int) -> Float32Array:
    """The maps with 0 wherever a cell is not the highest of its window.

    Args:
        maps: (C, h, w) float32.
        window: odd side of the window, cells; beyond the border there is nothing.

    Returns:
        (C, h, w); every member of a plateau is kept.
    """
    square = np.ones((window, window), np.uint8)
    highest = np.stack([cv2.dilate(np.ascontiguousarray(m, np.float32), square) for m in maps])
    return np.where(highest == maps, maps, np.float32(0))


def strongest_cells(maps: AnyArray, count: int) -> tuple[Float32Array, Int64Array]:
    """The cells of the `count` largest values of each map; the lower index first among equals.

    Args:
        maps: (C, h, w) float32, mostly 0: what `suppress_others` returns.
        count: cells wanted; no more than the map has are returned.

    Returns:
        (C, count) float32 values, falling, and (C, count) int64 indices y * w + x.
    """
    flat = maps.reshape(len(maps), -1)
    chosen = np.stack([_strongest(values, min(count, flat.shape[1])) for values in flat])
    return np.take_along_axis(flat, chosen, axis=1), chosen


def _strongest(values: AnyArray, count: int) -> Int64Array:
    """Indices of the largest of (h * w) values; sorts the few positive ones where they suffice."""
    positive = np.flatnonzero(values > 0)
    if len(positive) < count:
        return np.argsort(-values, kind="stable")[:count]
    return positive[np.argsort(-values[positive], kind="stable")[:count]]


def center_peaks(
    center: AnyArray, max_peaks: int, threshold: float
) -> tuple[Int64Array, Float32Array]:
    """The highest peaks of a center map.

    Args:
        center: (h, w) float32.
        max_peaks: most peaks returned.
        threshold: peaks must be above; not negative.

    Returns:
        (N, 2) int64 cells x, y, and (N,) float32 values, falling.
    """
    height, width = center.shape
    peaks = suppress_others(center[None], pool_window(height, width))
    values, index = strongest_cells(peaks, max_peaks)
    found = values[0] > np.float32(threshold)
    y, x = np.divmod(index[0][found], width)
    return np.stack((x, y), axis=1), values[0][found]


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
    steps = offset[:, y, x].T.reshape(len(cells), len(offset) // 2, 2)
    position = np.stack((x, y), axis=1).astype(np.float32)[:, None]
    return np.asarray(np.float32(ratio) * (position + sign * steps), np.float32)
