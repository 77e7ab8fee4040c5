"""Convolutions whose taps are placed anew at every cell."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import Float32Array
from .checks import check, check_head
from .devices import device_of, dtype_of, head_dtype, scratch


def adaptive_convolution(
    x: Float32Array,
    matrix: Float32Array,
    weight: Float32Array,
    translation: Float32Array | None = None,
    *,
    dilation: float = 1.0,
    base: float = 1.0,
) -> Float32Array:
    """3x3 convolution whose nine taps are placed by an affine map of each cell's own.

    With G the regular grid of taps, (y, x) in {-1, 0, 1}^2, they lie at
    cell + dilation * G + (matrix G - base * G) + translation. Between cells x is interpolated
    bilinearly; outside it counts as 0, and so does a tap with a NaN coordinate.

    Args:
        x: (B, cin, h, w) head.
        matrix: (B, 4, h, w) head of x's type: yy, yx, xy, xx of each cell.
        weight: (cout, cin, 3, 3) float32.
        translation: (B, 2, h, w) head of x's type: y, x in cells; None: no translation.
        dilation: spacing of the grid that the convolution starts from, in cells.
        base: spacing of the grid that is subtracted from the mapped grid, matrix G, in cells.

    Returns:
        (B, cout, h, w) float32.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: arXiv:2006.15480 and, with a translation, DEKR, arXiv:2104.02300.
    """
    device = device_of(x, matrix, weight, translation)
    check_head("x", x, (None, None, None, None), device)
    batch, cin, height, width = x.shape
    check_head("matrix", matrix, (batch, 4, height, width), device)
    check("weight", weight, np.float32, (None, cin, 3, 3))
    if translation is not None:
        check_head("translation", translation, (batch, 2, height, width), device)
    for name, head in (("matrix", matrix), ("translation", translation)):
        if head is not None and dtype_of(head) != dtype_of(x):
            raise TypeError(f"{name} must be {dtype_of(x)} as x is, got {dtype_of(head)}")
    out = device.empty((batch, len(weight), height, width), np.float32)
    sizes = (batch, cin, len(weight), height, width)
    working = scratch(device, "pt_adaptive_convolution", *sizes)
    pointers = (out, working, x, matrix, translation, weight)
    device.call("pt_adaptive_convolution", *pointers, head_dtype(x), *sizes, dilation - base)
    return out
