"""Convolutions whose taps are placed anew at every cell."""

from __future__ import annotations

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import numbers, side, sides

_TAPS = 9
# (9, 2): y and x of the regular taps
_GRID = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)], np.float32)


def adaptive_convolution(
    nodes: Nodes,
    x: Value,
    matrix: Value,
    translation: Value | None,
    weight: Value,
    spacing: Attribute,
) -> Value:
    """See `pt_adaptive_convolution`; it makes B * 9 * cin * h * w numbers.

    A tap lies where float32 puts it: 1e-7 of the map's side away. NaN and infinite coordinates are
    the runtime's business.
    """
    height, width = side(nodes, x, 2), side(nodes, x, 3)
    pixels = nodes.Reshape(matrix, [0, 2, 2, -1])
    # (B, 2, 9, h * w): y, then x of every tap beside its cell
    moved = nodes.MatMul(_GRID, pixels).of_rank(4) + (spacing * _GRID.T)[None, :, :, None]
    if translation is not None:
        moved = moved + nodes.Reshape(translation, [0, 2, 1, -1]).of_rank(4)
    taps = nodes.Reshape(moved, nodes.Concat([0, 2, _TAPS], sides(nodes, height, width), axis=0))
    taps = taps.of_rank(5)
    row, column = numbers(nodes, height).cast(np.float32), numbers(nodes, width).cast(np.float32)
    # GridSample's units: -1 and 1 are the map's outer edges
    y = ((taps[:, 0] + row[:, None]) * 2.0 + 1.0) / height.cast(np.float32) - 1.0
    x_ = ((taps[:, 1] + column) * 2.0 + 1.0) / width.cast(np.float32) - 1.0
    places = nodes.Concat(x_[..., None], y[..., None], axis=4)
    places = nodes.Reshape(places, nodes.Concat([0, -1], sides(nodes, width, 2), axis=0))
    values = nodes.GridSample(x, places, mode="bilinear", padding_mode="zeros", align_corners=0)
    columns = nodes.Reshape(values, nodes.Concat([0, -1], sides(nodes, height, width), axis=0))
    return nodes.Conv(columns, nodes.Reshape(weight, [0, -1, 1, 1])).of_rank(4)
