"""Flip test: the heads of an image and of its flipped image become one."""

from __future__ import annotations

from ..nodes import Attribute, Nodes, Value
from .indexing import numbers, side


def merge_flipped(
    nodes: Nodes,
    straight: Value,
    flipped: Value,
    order: Value,
    sign: Value,
    constant: Value,
    shift: Attribute,
) -> Value:
    """See `pt_merge_flipped`."""
    width = side(nodes, straight, 3)
    column = numbers(nodes, width)
    source = width - 1 - nodes.Where(column < shift, column, column - shift)
    paired = nodes.Gather(flipped, order, axis=1)
    turned = nodes.Gather(paired, source, axis=3).of_rank(4)
    turned = constant[:, None, None] + sign[:, None, None] * turned
    return (straight + turned) * 0.5
