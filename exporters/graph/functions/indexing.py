"""Sides, counts and cells: how bodies find their way in arrays."""

from __future__ import annotations

import numpy as np

from ..nodes import Nodes, Value


def side(nodes: Nodes, array: Value, axis: int) -> Value:
    """The length of an axis: int64, no axes."""
    return nodes.Gather(nodes.Shape(array), axis).of_rank(0)


def sides(nodes: Nodes, *parts: Value | int) -> Value:
    """A shape: each part an axis of an array, as `side` gives it, or a number."""
    axes = [nodes.Unsqueeze(part, [0]) if isinstance(part, Value) else [part] for part in parts]
    return nodes.Concat(*axes, axis=0)


def numbers(nodes: Nodes, count: Value) -> Value:
    """0, 1, ..., count - 1: int64, one axis."""
    return nodes.Range(0, count, 1).of_rank(1)


def counted(nodes: Nodes, counts: Value, rows: Value) -> Value:
    """(B, N) bool: which rows of (B, N, ...) the counts (B,) take in."""
    return numbers(nodes, side(nodes, rows, 1)) < counts.cast(np.int64)[:, None]


def at_cells(nodes: Nodes, maps: Value, cells: Value) -> Value:
    """The values of all channels of (B, C, h, w) maps at (B, N) cells: (B, N, C).

    Args:
        nodes: of the body.
        maps: of any type.
        cells: int64; what is outside the map reads its nearest end.
    """
    flat = nodes.Reshape(maps, [0, 0, -1]).of_rank(3)
    last = side(nodes, flat, 2) - 1
    inside = nodes.Min(nodes.Max(cells, 0), last)
    rows = nodes.Transpose(flat, perm=[0, 2, 1])
    return nodes.GatherND(rows, inside[..., None], batch_dims=1).of_rank(3)


def divided(nodes: Nodes, cells: Value, width: Value) -> tuple[Value, Value]:
    """Row and column of int64 cells that are not negative."""
    return cells / width, nodes.Mod(cells, width)
