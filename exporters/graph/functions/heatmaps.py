"""Centers in heatmaps, and the keypoints that belong to them."""

from __future__ import annotations

from math import inf

import numpy as np

from ....kernels.contract import CONSTANTS
from ..nodes import Attribute, Nodes, Value
from .indexing import at_cells, counted, divided, numbers, side, sides


def center_nms_topk(
    nodes: Nodes,
    maps: Value,
    N: Attribute,
    radius: Attribute,
    tolerance: Attribute,
    threshold: Attribute,
) -> tuple[Value, Value, Value]:
    """See `pt_center_nms_topk`."""
    ordered = nodes.Where(nodes.IsNaN(maps), -inf, maps)
    highest = highest_around(nodes, ordered[:, None], radius)[:, 0]
    is_peak = (ordered > threshold) & (ordered >= highest - tolerance)
    values = nodes.Where(is_peak, ordered, -inf)
    scores, cells = first_highest(nodes, nodes.Reshape(values, [0, -1]), N)
    found = scores > -inf
    count = found.sum(1).cast(np.int32)
    return (
        nodes.Where(found, cells, -1).cast(np.int32),
        nodes.Where(found, scores, 0.0),
        count,
    )


def highest_around(nodes: Nodes, maps: Value, radius: Value) -> Value:
    """The highest value of the square of side 2 * radius + 1 around each cell of (B, C, h, w)."""

    def widen(_: Value, state: Value) -> list[Value]:
        return [nodes.MaxPool(state, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1])]

    (highest,) = nodes.loop(radius, widen, maps)
    return highest.of_rank(4)


def first_highest(nodes: Nodes, values: Value, count: Value) -> tuple[Value, Value]:
    """The highest of (B, M) values, falling, and where they are, in rows of `count`.

    Where there are fewer values, -infinity follows.
    """
    missing = nodes.Max(count - side(nodes, values, 1), 0)
    enough = nodes.Pad(values, sides(nodes, 0, 0, 0, missing), -inf)
    scores, cells = nodes.top_k(enough, sides(nodes, count))
    return scores.of_rank(2), cells.of_rank(2)


def center_offset_decode(
    nodes: Nodes, cells: Value, offset: Value, sign: Attribute, ratio: Attribute, rule: Attribute
) -> Value:
    """See `pt_center_offset_decode`."""
    height, width = side(nodes, offset, 2), side(nodes, offset, 3)
    known = cells >= 0
    row, column = divided(nodes, nodes.Max(cells.cast(np.int64), 0), width * ratio)
    place = nodes.Concat(column[..., None], row[..., None], axis=2).of_rank(3)
    last = nodes.Concat(*(s[None] for s in (width, height)), axis=0).of_rank(1) - 1
    covering = place / ratio
    nearest = nodes.Min((place * 2 + ratio) / (ratio * 2), last)
    rounded = rule.equal(CONSTANTS["PT_RULE_ROUNDED"])
    cell = nodes.Where(rounded, nearest, covering)
    exact = place.cast(np.float32) / ratio.cast(np.float32)
    position = nodes.Where(rule.equal(CONSTANTS["PT_RULE_FLOOR"]), exact, cell.cast(np.float32))
    step = at_cells(nodes, offset, cell[..., 1] * width + cell[..., 0])
    pairs = nodes.Reshape(step, [0, 0, -1, 2]).of_rank(4)
    found = position[:, :, None] + pairs * sign
    return nodes.Where(known[..., None, None], found, 0.0)


def gaussian_argmax(
    nodes: Nodes, heatmap: Value, centers: Value, spread: Value, boxes: Value | None, counts: Value
) -> tuple[Value, Value]:
    """See `pt_gaussian_argmax`; it makes windows of B * N * K * h * w numbers."""
    height, width = side(nodes, heatmap, 2), side(nodes, heatmap, 3)
    down, right = numbers(nodes, height).cast(np.float32), numbers(nodes, width).cast(np.float32)
    x, y = centers[..., 0, None], centers[..., 1, None]  # (B, N, K, 1)
    over = spread[..., None, None]
    by_row, by_column = (
        nodes.Exp(-((down - y) ** 2.0) / over),
        nodes.Exp(-((right - x) ** 2.0) / over),
    )
    if boxes is not None:
        x1, y1, x2, y2 = (boxes[..., i, None, None] for i in range(4))
        by_row = nodes.Where((down >= y1) & (down < y2), by_row, 0.0)
        by_column = nodes.Where((right >= x1) & (right < x2), by_column, 0.0)
    windows = heatmap[:, None] * by_row[..., None] * by_column[..., None, :]
    finite = ~(nodes.IsNaN(x - x) | nodes.IsNaN(y - y))
    valid = (counted(nodes, counts, spread) & (spread > 0.0))[..., None, None] & finite
    flat = nodes.Reshape(windows, [0, 0, 0, -1]).of_rank(4)
    flat = nodes.Where(~nodes.IsNaN(flat) & valid, flat, 0.0)
    best = flat.argmax(3)
    value = flat.max(3)
    found = value > 0.0
    return nodes.Where(found, best, -1).cast(np.int32), value
