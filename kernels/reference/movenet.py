"""The decoding of MoveNet MultiPose around `gaussian_argmax`: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import AnyArray, BoolArray, Float32Array, Int32Array
from .batches import counted, takes_one_image

__all__ = ["movenet_boxes", "movenet_positions", "movenet_shared_values"]


@takes_one_image(1)
def movenet_boxes(
    peaks: Int32Array,
    box_size: AnyArray,
    box_offset: AnyArray,
    *,
    min_area: float,
    share: float,
) -> tuple[Float32Array, Float32Array]:
    """See `kernels.movenet_boxes`."""
    boxes = np.zeros((*peaks.shape, 4), np.float32)
    spread = np.zeros(peaks.shape, np.float32)
    for b, n in np.argwhere(_are_cells(peaks, box_size)):
        y, x = divmod(int(peaks[b, n]), box_size.shape[3])
        middle = np.array([x, y]) + box_offset[b, :, y, x].astype(np.float64)
        half = np.maximum(box_size[b, :, y, x].astype(np.float32), 0) / 2
        boxes[b, n] = np.concatenate((middle - half, middle + half))
        width, height = boxes[b, n, 2:] - boxes[b, n, :2]
        spread[b, n] = np.maximum(width * height, np.float32(min_area)) * np.float32(share)
    return boxes, spread


@takes_one_image(2)
def movenet_positions(
    cells: Int32Array,
    regressed: Float32Array,
    local_offset: AnyArray,
    heatmap: AnyArray | None = None,
    counts: Int32Array | None = None,
) -> Float32Array:
    """See `kernels.movenet_positions`."""
    height, width = local_offset.shape[2:]
    valid = counted(counts, cells)[..., None]
    keypoints = np.where(valid[..., None], regressed, np.float32(0))
    for b, n, k in np.argwhere(valid & _are_cells(cells, local_offset)):
        y, x = divmod(int(cells[b, n, k]), width)
        reach = 0 if heatmap is None else 1
        rows = slice(max(y - reach, 0), min(y + reach + 1, height))
        columns = slice(max(x - reach, 0), min(x + reach + 1, width))
        places = np.mgrid[rows, columns][::-1] + local_offset[
            b, 2 * k : 2 * k + 2, rows, columns
        ].astype(np.float64)
        weights = np.ones(places.shape[1:])
        if heatmap is not None:
            weights = heatmap[b, k, rows, columns].astype(np.float64)
        total = np.maximum(weights.sum(), np.finfo(np.float32).tiny)
        keypoints[b, n, k] = (weights * places).sum(axis=(1, 2)) / total
    return keypoints


@takes_one_image(2)
def movenet_shared_values(
    cells: Int32Array,
    heatmap: AnyArray,
    centers: Float32Array,
    spread: Float32Array,
    boxes: Float32Array,
    counts: Int32Array | None = None,
) -> Float32Array:
    """See `kernels.movenet_shared_values`."""
    values = np.zeros(cells.shape, np.float32)
    valid = counted(counts, cells)
    for b, n, k in np.argwhere(valid[..., None] & _are_cells(cells, heatmap)):
        y, x = divmod(int(cells[b, n, k]), heatmap.shape[3])
        x1, y1, x2, y2 = boxes[b].T
        squared = ((np.array([x, y], np.float32) - centers[b, :, k]) ** 2).sum(axis=1)
        weights = np.exp(-squared / spread[b])
        sees = valid[b] & (spread[b] > 0) & (x >= x1) & (x < x2) & (y >= y1) & (y < y2)
        best = weights[sees & ~np.isnan(squared)].max(initial=0)
        values[b, n, k] = np.float32(heatmap[b, k, y, x]) * best
    return values


def _are_cells(cells: Int32Array, maps: AnyArray) -> BoolArray:
    """Which numbers are those of cells of maps (B, C, h, w)."""
    return np.asarray((cells >= 0) & (cells < maps.shape[2] * maps.shape[3]))
