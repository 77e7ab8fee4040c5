"""Every kernel in slow, obvious NumPy: the definition of right for the twins."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import (
    BoolArray,
    Float32Array,
    Float64Array,
    Int32Array,
    Int64Array,
    UInt8Array,
)

_WEIGHT_ONE = 2048  # weights of image sizing are multiples of 1 / 2048


def _axis_weights(size: int, out_size: int, scale: float) -> Int64Array:
    """(covered, size) integer weights of one axis; each row sums to 2048."""
    radius = max(1.0, 0.5 / scale)
    covered = int(min(max(np.ceil(size * scale - 0.5), 1), out_size))
    centers = np.clip((np.arange(covered) + 0.5) / scale - 0.5, 0, size - 1)
    weights = np.maximum(1 - np.abs(np.arange(size) - centers[:, None]) / radius, 0)
    running = np.cumsum(weights, axis=1)
    rounded = np.floor(running / running[:, -1:] * _WEIGHT_ONE + 0.5).astype(np.int64)
    integer: Int64Array = np.diff(rounded, axis=1, prepend=0)
    return integer


def size_image(
    image: UInt8Array, size: tuple[int, int], scale: float, border: tuple[int, int, int]
) -> UInt8Array:
    """See `kernels.size_image`."""
    out = np.empty((*size, 3), np.uint8)
    out[:] = border
    if image.size:
        rows = _axis_weights(image.shape[0], size[0], scale)
        columns = _axis_weights(image.shape[1], size[1], scale)
        sums = np.einsum("yr,rcz,xc->yxz", rows, image.astype(np.int64), columns, optimize=True)
        out[: len(rows), : len(columns)] = (sums + _WEIGHT_ONE**2 // 2) // _WEIGHT_ONE**2
    return out


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
    cells: Int32Array, offset: Float32Array, *, sign: float = 1.0
) -> Float32Array:
    """See `kernels.center_offset_decode`."""
    batch, people = cells.shape
    keypoints = np.zeros((batch, people, offset.shape[1] // 2, 2), np.float32)
    for b in range(batch):
        for n in range(people):
            if cells[b, n] >= 0:
                y, x = divmod(int(cells[b, n]), offset.shape[3])
                step = offset[b, :, y, x].reshape(-1, 2) * np.float32(sign)
                keypoints[b, n] = np.array([x, y], np.float32) + step
    return keypoints


def gaussian_argmax(
    heatmap: Float32Array,
    centers: Float32Array,
    spread: Float32Array,
    boxes: Float32Array | None = None,
) -> tuple[Int32Array, Float32Array]:
    """See `kernels.gaussian_argmax`."""
    batch, people, keypoints = centers.shape[:3]
    height, width = heatmap.shape[2:]
    cells = np.full((batch, people, keypoints), -1, np.int32)
    values = np.zeros((batch, people, keypoints), np.float32)
    rows, columns = np.arange(height), np.arange(width)
    for b, n, k in np.ndindex(batch, people, keypoints):
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


def oks_matrix(
    a: Float32Array,
    b: Float32Array,
    b_scores: Float32Array,
    b_area: Float32Array,
    sigmas: Float32Array,
) -> Float32Array:
    """See `kernels.oks_matrix`."""
    oks: Float64Array = np.zeros((len(a), len(b)))
    for n in range(len(a)):
        for m in range(len(b)):
            present = b_scores[m] > 0
            if b_area[m] > 0 and present.any():
                squared = ((a[n].astype(np.float64) - b[m]) ** 2).sum(1)
                exponent = squared / (2 * b_area[m] * (2 * sigmas) ** 2)
                similar = np.exp(-np.where(np.isnan(exponent), np.inf, exponent))
                oks[n, m] = similar[present].mean()
    return oks.astype(np.float32)


def oks_nms(
    keypoints: Float32Array,
    scores: Float32Array,
    area: Float32Array,
    sigmas: Float32Array,
    *,
    threshold: float,
) -> BoolArray:
    """See `kernels.oks_nms`."""
    oks = oks_matrix(keypoints, keypoints, scores, area, sigmas)
    keep = np.ones(len(keypoints), np.bool_)
    for n in range(len(keypoints)):
        if keep[n]:
            keep[n + 1 :] &= oks[n + 1 :, n] <= threshold
    return keep
