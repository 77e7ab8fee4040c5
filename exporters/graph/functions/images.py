"""From images to a network's input."""

from __future__ import annotations

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import numbers, side

_ONE = 2048.0  # weights are multiples of 1 / 2048


def size_image(
    nodes: Nodes, image: Value, target: Value, scale: Attribute, border: Attribute
) -> Value:
    """See `pt_size_image`; in float32, by one product of matrices along each axis.

    A weight may be 1 / 2048 beside the kernel's, so a value differs by a grey level at most. It
    holds the image, and B * 3 * h * W, as float32.
    """
    size = [side(nodes, image, axis) for axis in (1, 2)]
    wanted = [side(nodes, target, axis) for axis in (0, 1)]
    axes = list(zip(size, wanted, strict=True))
    ratios = [out.cast(np.float32) / one.cast(np.float32) for one, out in axes]
    zoom = nodes.Where(scale.equal(0.0), nodes.Min(*ratios), scale)
    rows, columns = (_weights(nodes, one, out, zoom) for one, out in axes)
    planes = nodes.Transpose(image, perm=[0, 3, 1, 2]).of_rank(4).cast(np.float32)
    across = nodes.MatMul(planes, nodes.Transpose(columns, perm=[1, 0]))
    sums = nodes.MatMul(rows, across).of_rank(4)
    levels = nodes.Floor(sums + 0.5)
    inside = [_covered(nodes, one, zoom, numbers(nodes, out)) for one, out in axes]
    red, green, blue = border / 65536, nodes.Mod(border / 256, 256), nodes.Mod(border, 256)
    colour = nodes.Concat(*(one[None] for one in (red, green, blue)), axis=0).of_rank(1)
    seen = inside[0][:, None] & inside[1]
    out = nodes.Where(seen, levels, colour.cast(np.float32)[:, None, None])
    return nodes.Transpose(out, perm=[0, 2, 3, 1]).of_rank(4).cast(np.uint8)


def _covered(nodes: Nodes, size: Value, zoom: Value, places: Value) -> Value:
    """Which places of an axis have their middle inside the image."""
    last = nodes.Max(nodes.Ceil(size.cast(np.float32) * zoom - 0.5), 1.0)
    return places.cast(np.float32) < last


def _weights(nodes: Nodes, size: Value, out: Value, zoom: Value) -> Value:
    """(out, size): what every pixel of an axis adds to every place of the result."""
    radius = nodes.Max(0.5 / zoom, 1.0)
    last = (size - 1).cast(np.float32)
    middles = (numbers(nodes, out).cast(np.float32) + 0.5) / zoom - 0.5
    middles = nodes.Min(nodes.Max(middles, 0.0), last)
    apart = nodes.Abs(numbers(nodes, size).cast(np.float32) - middles[:, None])
    running = nodes.CumSum(nodes.Max(1.0 - apart / radius, 0.0), 1).of_rank(2)
    total = running.max(1)[:, None]
    steps = nodes.Floor(running / total * _ONE + 0.5)
    first = nodes.Slice(steps, [0], [1], [1])
    later = nodes.Slice(steps, [1], [np.iinfo(np.int64).max], [1]).of_rank(2)
    before = nodes.Slice(steps, [0], [-1], [1]).of_rank(2)
    return nodes.Concat(first, later - before, axis=1).of_rank(2) / _ONE
