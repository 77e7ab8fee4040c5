"""Centers in heatmaps and their keypoints: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import Float32Array, Int32Array
from .batches import counted, takes_one_image

__all__ = ["center_nms_topk", "center_offset_decode", "gaussian_argmax"]


def center_nms_topk(
    maps: Float32Array, count: int, *, radius: int, tolerance: float, threshold: float
) -> tuple[Int32Array, Float32Array, Int32Array]:
    """See `kernels.center_nms_topk`."""
    batch, height, width = maps.shape
    cells = np.full((batch, count), -1, np.int32)
    scores = np.zeros((batch, count), np.float32)
    found = np.zeros(batch, np.int32)
    for b in range(batch):
        peaks = []
        for y in range(height):
            for x in range(width):
                value = maps[b, y, x]
                square = maps[
                    b, max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1
                ]
                highest = max((v for v in square.ravel() if not np.isnan(v)), default=np.nan)
                if value > threshold and value >= highest - np.float32(tolerance):
                    peaks.append((-value, y * width + x))
        best = sorted(peaks)[:count]
        found[b] = len(best)
        cells[b, : len(best)] = [cell for _, cell in best]
        scores[b, : len(best)] = [-score for score, _ in best]
    return cells, scores, found


def center_offset_decode(
    cells: Int32Array,
    offset: Float32Array,
    *,
    sign: float = 1.0,
    ratio: int = 1,
    rule: str = "floor",
) -> Float32Array:
    """See `kernels.center_offset_decode`."""
    batch, people = cells.shape
    height, width = offset.shape[2:]
    keypoints = np.zeros((batch, people, offset.shape[1] // 2, 2), np.float32)
    for b in range(batch):
        for n in range(people):
            if cells[b, n] >= 0:
                fine_y, fine_x = divmod(int(cells[b, n]), ratio * width)
                position = np.array([fine_x, fine_y]) / ratio
                if rule == "rounded":
                    position = np.minimum(np.floor(position + 0.5), (width - 1, height - 1))
                elif rule == "covering":
                    position = np.floor(position)
                x, y = position.astype(np.int64)
                step = offset[b, :, y, x].reshape(-1, 2) * np.float32(sign)
                keypoints[b, n] = position.astype(np.float32) + step
    return keypoints


@takes_one_image(3)
def gaussian_argmax(
    heatmap: Float32Array,
    centers: Float32Array,
    spread: Float32Array,
    boxes: Float32Array | None = None,
    counts: Int32Array | None = None,
) -> tuple[Int32Array, Float32Array]:
    """See `kernels.gaussian_argmax`."""
    batch, people, keypoints = centers.shape[:3]
    height, width = heatmap.shape[2:]
    cells = np.full((batch, people, keypoints), -1, np.int32)
    values = np.zeros((batch, people, keypoints), np.float32)
    rows, columns = np.arange(height), np.arange(width)
    for b, n, k in np.argwhere(counted(counts, spread)[..., None] & (cells < 0)):
        x, y = centers[b, n, k].astype(np.float64)
        if not (spread[b, n] > 0 and np.isfinite(x) and np.isfinite(y)):
            continue
        row_weights = np.exp(-((rows - y) ** 2) / spread[b, n]).astype(np.float32)
        column_weights = np.exp(-((columns - x) ** 2) / spread[b, n]).astype(np.float32)
        if boxes is not None:
            x1, y1, x2, y2 = boxes[b, n]
            row_weights = row_weights * ((rows >= y1) & (rows < y2))
            column_weights = column_weights * ((columns >= x1) & (columns < x2))
        window = heatmap[b, k] * row_weights[:, None] * column_weights
        window = np.where(np.isnan(window), np.float32(0), window)
        if window.size and window.max() > 0:
            cells[b, n, k] = window.argmax()
            values[b, n, k] = window.max()
    return cells, values
