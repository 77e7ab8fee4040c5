"""Convolutions whose taps are placed anew at every cell."""

from __future__ import annotations

from ..structures.arrays import Float32Array, HeadArray
from .call import run

__all__ = ["adaptive_convolution"]


def adaptive_convolution(
    x: HeadArray,
    matrix: HeadArray,
    weight: Float32Array,
    translation: HeadArray | None = None,
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
    arrays = {"x": x, "matrix": matrix, "weight": weight, "translation": translation}
    out: Float32Array = run("pt_adaptive_convolution", **arrays, spacing=dilation - base)
    return out
