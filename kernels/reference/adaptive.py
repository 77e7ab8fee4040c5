"""Convolutions whose taps are placed anew at every cell: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import Float32Array, Float64Array

__all__ = ["adaptive_convolution"]


def adaptive_convolution(
    x: Float32Array,
    matrix: Float32Array,
    weight: Float32Array,
    translation: Float32Array | None = None,
    *,
    dilation: float = 1.0,
    base: float = 1.0,
) -> Float32Array:
    """See `kernels.adaptive_convolution`."""
    batch, _, height, width = x.shape
    result = np.zeros((batch, len(weight), height, width))
    for b, row, column in np.ndindex(batch, height, width):
        yy, yx, xy, xx = matrix[b, :, row, column].astype(np.float64)
        ty, tx = (0.0, 0.0) if translation is None else translation[b, :, row, column]
        for gy, gx in np.ndindex(3, 3):
            grid_y, grid_x = gy - 1, gx - 1
            # the cell last: large entries that cancel out must not swallow it
            y = row + (yy * grid_y + yx * grid_x + ty + (dilation - base) * grid_y)
            x_ = column + (xy * grid_y + xx * grid_x + tx + (dilation - base) * grid_x)
            tap = _between_cells(x[b], y, x_)
            result[b, :, row, column] += weight[:, :, gy, gx].astype(np.float64) @ tap
    return result.astype(np.float32)


def _between_cells(planes: Float32Array, y: float, x: float) -> Float64Array:
    """(C,) values of (C, h, w) planes at one place, 0 outside."""
    height, width = planes.shape[1:]
    value = np.zeros(len(planes))
    if not (-1 < y < height and -1 < x < width):
        return value
    top, left = int(np.floor(y)), int(np.floor(x))
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < height and 0 <= j < width:
                value += (1 - abs(y - i)) * (1 - abs(x - j)) * planes[:, i, j].astype(np.float64)
    return value
