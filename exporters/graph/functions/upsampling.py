"""Maps enlarged to the network's input, and their peaks.

Rules and sums are the kernels', rounding by rounding, but that the rule "half-pixel" rounds twice
where torch fuses a product with a sum.
"""

from __future__ import annotations

import numpy as np

from ....kernels.contract import CONSTANTS
from ..nodes import Attribute, Nodes, Value
from .heatmaps import highest_around
from .indexing import numbers, side, sides

# cells before pixels, cells after them, and the weight of the latter
Places = tuple[Value, Value, Value]


def upsample_maps(nodes: Nodes, maps: Value, rule: Attribute, ratio: Attribute) -> Value:
    """See `pt_upsample_maps`; it makes five arrays of the result's size, of which three at once."""
    height, width = side(nodes, maps, 2), side(nodes, maps, 3)
    low, high, weight = _places(nodes, numbers(nodes, width * ratio), width, ratio, rule)
    left, right = nodes.Gather(maps, low, axis=3), nodes.Gather(maps, high, axis=3)
    wide = _blend(left, right, weight)
    low, high, weight = _places(nodes, numbers(nodes, height * ratio), height, ratio, rule)
    upper, lower = nodes.Gather(wide, low, axis=2), nodes.Gather(wide, high, axis=2)
    return _blend(upper, lower, weight[:, None]).of_rank(4)


def upsampled_peaks(
    nodes: Nodes,
    maps: Value,
    N: Attribute,
    window: Attribute,
    rule: Attribute,
    min_value: Attribute,
    at_least: Attribute,
    ratio: Attribute,
) -> tuple[Value, Value, Value]:
    """See `pt_upsampled_peaks`; it makes the enlarged maps, and holds four arrays of their size.

    A window of 0 follows the size of the maps: 7 where the mean of their sides is above 300, 5
    where it is above 200, else 3.
    """
    enlarged = upsample_maps(nodes, maps, rule, ratio)
    both_sides = side(nodes, maps, 2) + side(nodes, maps, 3)
    by_size = 1 + (both_sides > 400).cast(np.int64) + (both_sides > 600).cast(np.int64)
    radius = nodes.Where(window.equal(0), by_size, window / 2)
    highest = highest_around(nodes, enlarged, radius)
    suppressed = nodes.Where(enlarged.equal(highest), enlarged, 0.0)
    flat = nodes.Reshape(suppressed, [0, 0, -1]).of_rank(3)
    number = nodes.Min(N, side(nodes, flat, 2))
    best, at = nodes.top_k(flat, sides(nodes, number))
    missing = sides(nodes, 0, 0, 0, 0, 0, N - number)
    cells = nodes.Pad(at.cast(np.int32), missing, np.int32(-1)).of_rank(3)
    values = nodes.Pad(best, missing, 0.0).of_rank(3)
    above = ((cells >= 0) & (values > min_value)).sum(2).of_rank(2)
    count = nodes.Max(above, nodes.Min(at_least, number)).cast(np.int32)
    return cells, values, count


def at_pixels(nodes: Nodes, maps: Value, rows: Value, columns: Value, ratio: Value) -> Value:
    """Values of each channel of (B, C, h, w) maps as if they were enlarged by the rule "corner".

    It makes eight arrays of the result's size, half of them int64.

    Args:
        nodes: of the body.
        maps: float32.
        rows: int64 pixels of the enlarged maps, (B, C, ...).
        columns: the same; both broadcast to the result's shape.
        ratio: how much larger the maps are.
    """
    height, width = side(nodes, maps, 2), side(nodes, maps, 3)
    upper, lower, down = _corner_places(nodes, rows, height, ratio)
    left, right, across = _corner_places(nodes, columns, width, ratio)
    flat = nodes.Reshape(maps, [0, 0, -1])

    def read(row: Value, column: Value) -> Value:
        cells = row * width + column
        values = nodes.GatherElements(flat, nodes.Reshape(cells, [0, 0, -1]), axis=2)
        return nodes.add("Reshape", [values, nodes.Shape(cells)], shape=cells.shape)

    above = _blend(read(upper, left), read(upper, right), across)
    return _blend(above, _blend(read(lower, left), read(lower, right), across), down)


def _places(nodes: Nodes, pixels: Value, cells: Value, ratio: Value, rule: Value) -> Places:
    """Of pixels of one axis, by either rule."""
    by_corners = _corner_place(nodes, pixels, cells, ratio)
    scale = cells.cast(np.float32) / (cells * ratio).cast(np.float32)
    by_half = nodes.Max((pixels.cast(np.float32) + 0.5) * scale - 0.5, 0.0)
    place = nodes.Where(rule.equal(CONSTANTS["PT_CORNER"]), by_corners, by_half)
    return _split(nodes, place, cells)


def _corner_places(nodes: Nodes, pixels: Value, cells: Value, ratio: Value) -> Places:
    return _split(nodes, _corner_place(nodes, pixels, cells, ratio), cells)


def _corner_place(nodes: Nodes, pixels: Value, cells: Value, ratio: Value) -> Value:
    """Pixels in cells; those behind the last cell lie on it."""
    last = (cells - 1) * ratio
    step = (cells - 1).cast(np.float32) / nodes.Max(last, 1).cast(np.float32)
    return nodes.Min(pixels, last).cast(np.float32) * step


def _split(nodes: Nodes, place: Value, cells: Value) -> Places:
    end = cells - 1
    low = nodes.Min(place.cast(np.int64), end)
    weight = nodes.Min(place - low.cast(np.float32), 1.0)
    return low, nodes.Min(low + 1, end), weight


def _blend(low: Value, high: Value, weight: Value) -> Value:
    return low * (1.0 - weight) + high * weight
