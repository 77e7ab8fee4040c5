"""Keypoints from the maps of one person's crop: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import Float32Array, Float64Array, Int32Array

__all__ = [
    "fuse_offsets",
    "heatmap_argmax",
    "quarter_offset_argmax",
    "smooth_heatmaps",
    "soft_argmax",
]

_TRUNCATE = 4.0  # standard deviations that the filter reaches to either side


def smooth_heatmaps(maps: Float32Array, deviation: float) -> Float32Array:
    """See `kernels.smooth_heatmaps`."""
    return _smoothed(maps, deviation).astype(np.float32)


def _smoothed(maps: Float32Array, deviation: float) -> Float64Array:
    smoothed = maps.astype(np.float64)
    radius = int(_TRUNCATE * deviation + 0.5)
    if radius == 0 or maps.size == 0:
        return smoothed
    steps = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (steps / deviation) ** 2)
    weights /= weights.sum()
    for axis in (2, 3):
        size = maps.shape[axis]
        total = np.zeros_like(smoothed)
        for step, weight in zip(steps, weights, strict=True):
            total += weight * smoothed.take(np.clip(np.arange(size) + step, 0, size - 1), axis)
        smoothed = total
    return smoothed


def heatmap_argmax(maps: Float32Array) -> tuple[Int32Array, Float32Array]:
    """See `kernels.heatmap_argmax`."""
    cells = np.full(maps.shape[:2], -1, np.int32)
    values = np.zeros(maps.shape[:2], np.float32)
    for b, k in np.ndindex(maps.shape[:2]):
        flat = maps[b, k].ravel()
        if not np.isnan(flat).all():  # and it is not empty
            values[b, k] = np.nanmax(flat)
            cells[b, k] = np.flatnonzero(flat == values[b, k])[0]
    return cells, values


def quarter_offset_argmax(
    maps: Float32Array, *, quarter: float = 0.25
) -> tuple[Float32Array, Float32Array]:
    """See `kernels.quarter_offset_argmax`."""
    cells, values = heatmap_argmax(maps)
    height, width = maps.shape[2:]
    keypoints = np.zeros((*cells.shape, 2), np.float32)
    for b, k in np.argwhere((cells >= 0) & (values > 0)):
        y, x = divmod(int(cells[b, k]), width)
        keypoints[b, k] = x, y
        if 1 < x < width - 1 and 1 < y < height - 1:
            heat = maps[b, k].astype(np.float64)
            moves = heat[y, x + 1] - heat[y, x - 1], heat[y + 1, x] - heat[y - 1, x]
            keypoints[b, k] += np.nan_to_num(np.sign(moves)).astype(np.float32) * quarter
    return keypoints, values


def fuse_offsets(
    heatmaps: Float32Array, offsets: Float32Array | None, radius: float, smoothing: float = 1.0
) -> tuple[Float32Array, Float32Array]:
    """See `kernels.fuse_offsets`."""
    # as float32, cells are equal whose float64 sums differ by rounding alone
    cells, _ = heatmap_argmax(smooth_heatmaps(heatmaps, smoothing))
    keypoints = np.zeros((*cells.shape, 2), np.float32)
    values = np.zeros(cells.shape, np.float32)
    for b, k in np.argwhere(cells >= 0):
        y, x = divmod(int(cells[b, k]), heatmaps.shape[3])
        keypoints[b, k] = x, y
        values[b, k] = heatmaps[b, k, y, x]
        if offsets is not None:
            keypoints[b, k] += offsets[b, 2 * k : 2 * k + 2, y, x] * np.float32(radius)
    return keypoints, values


def soft_argmax(logits: Float32Array) -> tuple[Float32Array, Float32Array]:
    """See `kernels.soft_argmax`."""
    sizes = logits.shape[2:]
    places = np.zeros((*logits.shape[:2], len(sizes)), np.float32)
    scores = np.zeros(logits.shape[:2], np.float32)
    for b, k in np.ndindex(logits.shape[:2]):
        values = logits[b, k].astype(np.float64)
        values = np.where(np.isnan(values), -np.inf, values)
        highest = values.max(initial=-np.inf)
        if highest == -np.inf:
            continue
        infinite = highest == np.inf
        weights = (values == np.inf).astype(np.float64) if infinite else np.exp(values - highest)
        weights /= weights.sum()
        scores[b, k] = weights.max()
        for axis, size in enumerate(sizes):
            others = tuple(other for other in range(len(sizes)) if other != axis)
            mean = weights.sum(others) @ np.arange(size)
            places[b, k, len(sizes) - 1 - axis] = mean / size - 0.5
    return places, scores
