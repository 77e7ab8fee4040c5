"""Keypoints from the maps of one person's crop."""

from __future__ import annotations

from math import inf

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import divided, numbers, side

_FLOAT = np.finfo(np.float32)
_TRUNCATE = 4.0  # standard deviations that the filter reaches to either side


def heatmap_argmax(nodes: Nodes, maps: Value) -> tuple[Value, Value]:
    """See `pt_heatmap_argmax`; of -infinity and the lowest float the first is taken."""
    best, value, found = _highest(nodes, _flat(nodes, maps))
    return nodes.Where(found, best, -1).cast(np.int32), value


def quarter_offset_argmax(nodes: Nodes, maps: Value, quarter: Attribute) -> tuple[Value, Value]:
    """See `pt_quarter_offset_argmax`."""
    flat = _flat(nodes, maps)
    best, value, _ = _highest(nodes, flat)
    height, width = side(nodes, maps, 2), side(nodes, maps, 3)
    row, column = divided(nodes, best, width)
    inner = (column > 1) & (column < width - 1) & (row > 1) & (row < height - 1)
    beside = nodes.Concat([1, -1], width[None], -width[None], axis=0)
    heat = _at(nodes, flat, best[..., None] + nodes.Where(inner[..., None], beside, 0))
    steps = nodes.Concat(
        heat[..., :1] - heat[..., 1:2], heat[..., 2:3] - heat[..., 3:], axis=2
    ).of_rank(3)
    moves = nodes.Where(inner[..., None] & ~nodes.IsNaN(steps), nodes.Sign(steps) * quarter, 0.0)
    place = _place(nodes, row, column) + moves
    return nodes.Where((value > 0.0)[..., None], place, 0.0), value


def fuse_offsets(
    nodes: Nodes, heatmaps: Value, offsets: Value | None, radius: Attribute, smoothing: Attribute
) -> tuple[Value, Value]:
    """See `pt_fuse_offsets`; the smoothed maps are sums in float32.

    Beside them it makes matrices of h * (h + 2 r) and w * (w + 2 r) numbers, r being the cells that
    the filter reaches.
    """
    flat_maps = _flat(nodes, heatmaps)
    by_row = _filter(nodes, side(nodes, heatmaps, 2), smoothing)
    by_column = _filter(nodes, side(nodes, heatmaps, 3), smoothing)
    along = nodes.MatMul(heatmaps, nodes.Transpose(by_column, perm=[1, 0]))
    best, _, found = _highest(nodes, _flat(nodes, nodes.MatMul(by_row, along)))
    row, column = divided(nodes, best, side(nodes, heatmaps, 3))
    keypoints = _place(nodes, row, column)
    if offsets is not None:
        at = best[..., None, None]
        pixels = nodes.Concat([0, -1, 2], side(nodes, flat_maps, 2)[None], axis=0)
        pairs = nodes.Reshape(offsets, pixels)
        moves = nodes.GatherElements(pairs, nodes.Concat(at, at, axis=2), axis=3).of_rank(4)
        keypoints = keypoints + moves[..., 0] * radius
    values = _at(nodes, flat_maps, best[..., None])[..., 0]
    return nodes.Where(found[..., None], keypoints, 0.0), nodes.Where(found, values, 0.0)


def soft_argmax(nodes: Nodes, logits: Value, dimensions: Attribute) -> tuple[Value, Value]:
    """See `pt_soft_argmax`; in float32, with two arrays of the logits' size at a time.

    Logits of NaN and +infinity are outside: to leave them out would take three times as long.
    """
    highest = nodes.Reshape(logits, [0, 0, -1]).of_rank(3).max(2)
    weights = nodes.Exp(logits - nodes.Max(highest, _FLOAT.min)[..., None, None, None]).of_rank(5)
    planes, rows = weights.sum(2), weights.sum(4)
    by_axis = (planes.sum(2), rows.sum(2), rows.sum(3))
    total = by_axis[0].sum(2)
    sums = [_expected(nodes, one) for one in by_axis]
    found = highest > -inf
    share = nodes.Where(found, total, 1.0)
    places = nodes.Concat(*sums, axis=2).of_rank(3) / share[..., None]
    told = nodes.Slice(places, [0], dimensions[None], [2]).of_rank(3)
    return nodes.Where(found[..., None], told, 0.0), nodes.Where(found, 1.0 / share, 0.0)


def _expected(nodes: Nodes, weights: Value) -> Value:
    """(B, K, n) weights -> (B, K, 1) their sum, each times its cell's place j / n - 0.5."""
    cells = side(nodes, weights, 2)
    place = numbers(nodes, cells).cast(np.float32) / cells.cast(np.float32) - 0.5
    return (weights * place).sum(2, keepdims=True)


def _highest(nodes: Nodes, flat: Value) -> tuple[Value, Value, Value]:
    """The highest cell of (B, K, h * w) maps, int64, its value, 0 for none, and whether it is."""
    ordered = nodes.Where(nodes.IsNaN(flat), -inf, nodes.Max(flat, _FLOAT.min))
    best = ordered.argmax(2)
    found = _at(nodes, ordered, best[..., None])[..., 0] > -inf
    value = _at(nodes, flat, best[..., None])[..., 0]
    return best, nodes.Where(found, value, 0.0), found


def _flat(nodes: Nodes, maps: Value) -> Value:
    """(B, K, h, w) -> (B, K, h * w)."""
    return nodes.Reshape(maps, [0, 0, -1]).of_rank(3)


def _at(nodes: Nodes, flat: Value, cells: Value) -> Value:
    """(B, K, h * w) maps at their (B, K, n) cells."""
    return nodes.GatherElements(flat, cells, axis=2).of_rank(3)


def _place(nodes: Nodes, row: Value, column: Value) -> Value:
    """(B, K, 2) float32 x, y."""
    return nodes.Concat(column[..., None], row[..., None], axis=2).of_rank(3).cast(np.float32)


def _filter(nodes: Nodes, cells: Value, deviation: Value) -> Value:
    """(n, n): row i weighs the cells of an axis for cell i of the smoothed one."""
    reach = nodes.Floor(deviation * _TRUNCATE + 0.5).cast(np.int64)
    cell = numbers(nodes, cells)
    beyond = nodes.Range(-reach, cells + reach, 1).of_rank(1)  # and the cells behind the border
    steps = beyond - cell[:, None]
    scaled = steps.cast(np.float32) / nodes.Max(deviation, _FLOAT.tiny)
    near = (steps <= reach) & (-steps <= reach)
    weights = nodes.Where(near, nodes.Exp(scaled * scaled * -0.5), 0.0)
    stands_for = nodes.Max(nodes.Min(beyond, cells - 1), 0)[:, None].equal(cell)
    folded = nodes.MatMul(weights, stands_for.cast(np.float32)).of_rank(2)
    return folded / folded.sum(1, keepdims=True)
