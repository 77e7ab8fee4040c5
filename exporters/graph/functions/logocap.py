"""LOGO-CAP's local and global windows."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import counted, divided, numbers, side, sides


def local_windows(
    nodes: Nodes, keypoints: Value, steps: Value, embedding: Value, counts: Value, stride: Attribute
) -> Value:
    """See `pt_local_windows`; it makes the B * N * K * C * s * s numbers that it gives twice.

    A point lies where float32 puts it: 1e-7 of the map's side away.
    """
    mesh = (keypoints[..., None] + steps[:, None]) / stride  # (B, N, K, 2, s): x, y
    mesh = nodes.Where(nodes.IsNaN(mesh), 0.0, mesh)
    lengths = _lengths(nodes, embedding)
    people, keypoint, s = (side(nodes, mesh, axis) for axis in (1, 2, 4))
    grid = _crossings(nodes, _places(nodes, mesh, lengths))
    values = _between(nodes, embedding, nodes.Reshape(grid, sides(nodes, 0, -1, s, 2)))
    share = _share(nodes, mesh, lengths)
    valid = counted(nodes, counts, keypoints)[..., None, None]
    across = nodes.Where(valid, share[..., 0, :], 0.0)[..., None, :]
    shares = nodes.Reshape(share[..., 1, :][..., None] * across, sides(nodes, 0, 1, -1, s))
    apart = nodes.Reshape(values * shares, sides(nodes, 0, 0, people * keypoint, s, s))
    features = nodes.Transpose(apart, perm=[0, 2, 1, 3, 4])
    return nodes.Reshape(features, sides(nodes, 0, people, -1, s, s)).of_rank(5)


def global_adaptation(
    nodes: Nodes,
    keypoints: Value,
    heatmap: Value,
    kernels: Value | None,
    weights: Value,
    counts: Value,
    first_weight: Attribute,
    clamp: Attribute,
    ratio: Attribute,
) -> tuple[Value, Value]:
    """See `pt_global_adaptation`; it takes one person of every image after the other.

    The largest arrays hold B * K * s * g * (g + s) numbers, three of them at a time: 47 MB for two
    images of 17 keypoints with windows of 97 and kernels of 11, however many people there are.
    """
    people = counted(nodes, counts, keypoints)
    adapts = people[..., None] & ~nodes.IsNaN((keypoints - keypoints).sum(3))
    points = nodes.Where(adapts[..., None], keypoints, 0.0)
    # by people: (N, B * K, ...)
    turned = nodes.Transpose(points, perm=[1, 0, 2, 3])
    middles = nodes.Reshape(turned, [0, -1, 2]).of_rank(3)
    axes = _axes(nodes, middles, side(nodes, weights, 0), _lengths(nodes, heatmap), ratio)
    entries = None if kernels is None else _entries(nodes, kernels, clamp)
    maps = nodes.Reshape(heatmap, nodes.Concat([-1, 1], nodes.Shape(heatmap, start=2), axis=0))
    person = numbers(nodes, side(nodes, keypoints, 1))[:, None, None]

    def visit(row: Value, results: Value) -> list[Value]:
        own = [nodes.Gather(one, row, axis=0).of_rank(3) for one in axes]
        cells = _window(nodes, maps, _Axes(*own)) * weights
        if entries is not None:
            cells = _convolved(nodes, cells, nodes.Gather(entries, row, axis=0))
        return [nodes.Where(person.equal(row), _best_two(nodes, cells, first_weight), results)]

    none_yet = nodes.Concat(middles, middles[..., :1], axis=2) * 0.0
    most = nodes.ReduceMax(counts.cast(np.int64), axes=[0], keepdims=0)
    trips = nodes.Max(nodes.Min(most, side(nodes, keypoints, 1)), 0)
    (results,) = nodes.loop(trips, visit, none_yet)
    by_people = nodes.Reshape(results, nodes.Concat(nodes.Shape(turned, end=3), [3], axis=0))
    found = nodes.Transpose(by_people, perm=[1, 0, 2, 3]).of_rank(4)
    moved = nodes.Where(adapts[..., None], points + found[..., :2], keypoints)
    adapted = nodes.Where(people[..., None, None], moved, 0.0)
    return adapted, nodes.Where(adapts, found[..., 2], 0.0)


def _lengths(nodes: Nodes, maps: Value) -> Value:
    """(2, 1) int64 w, h of (B, C, h, w)."""
    return nodes.Gather(nodes.Shape(maps), [3, 2]).of_rank(1)[:, None]


def _share(nodes: Nodes, position: Value, lengths: Value) -> Value:
    """The sum of the weights of `shared/map_sampling.h` at (..., 2, n) positions x, y.

    It is 1 before the last cell, 0 on it, and rises to 1 one cell later. What it is the share of is
    the value at the nearest place that lies on the map.
    """
    last = (lengths - 1).cast(np.float32)
    low = nodes.Floor(nodes.Max(nodes.Min(position, last), 0.0))
    high = nodes.Min(low + 1.0, last)
    return (high - position).clip(0.0, 1.0) + (position - low).clip(0.0, 1.0)


def _between(nodes: Nodes, maps: Value, grid: Value) -> Value:
    """(B, C, h, w) maps at (B, a, b, 2) places, outside the nearest on the map: (B, C, a, b)."""
    return nodes.GridSample(
        maps, grid, mode="bilinear", padding_mode="border", align_corners=1
    ).of_rank(4)


def _places(nodes: Nodes, cells: Value, lengths: Value) -> Value:
    """(..., 2, n) x, y in cells as GridSample counts: -1 and 1 are the outermost cells."""
    return cells / (nodes.Max(lengths - 1, 1).cast(np.float32) * 0.5) - 1.0


def _crossings(nodes: Nodes, places: Value) -> Value:
    """Where rows and columns cross: (..., 2, n) x, y -> (..., n, n, 2)."""
    x, y = places[..., 0, None, :], places[..., 1, :][..., None]
    shape = nodes.Shape(y * x)
    pair = (nodes.Unsqueeze(nodes.Expand(one, shape), [-1]) for one in (x, y))
    return nodes.Concat(*pair, axis=-1)


class _Axes(NamedTuple):
    """Where the columns (0) and rows (1) of windows lie on maps that are enlarged.

    A window's column is a blend of two pixels of the enlarged map, and each pixel one of two cells.
    """

    pixels: Value  # (..., 2, g + 1) as GridSample counts
    lower: Value  # (..., 2, g) weight of a pixel for the column of the same number
    upper: Value  # of the next pixel


def _axes(nodes: Nodes, middles: Value, g: Value, lengths: Value, ratio: Value) -> _Axes:
    """Of windows of side g around (..., 2) points."""
    enlarged = lengths * ratio
    position = middles[..., None] + (numbers(nodes, g) - g / 2).cast(np.float32)
    pixel = nodes.Floor(position[..., :1]) + numbers(nodes, g + 1).cast(np.float32)
    last = (enlarged - 1).cast(np.float32)
    cell = (nodes.Max(nodes.Min(pixel, last), 0.0) + 0.5) / ratio.cast(np.float32) - 0.5
    # outside of the map one of the two counts alone: the border's cells stay exactly equal
    beyond = (position - nodes.Max(nodes.Min(pixel[..., :-1], last - 1.0), 0.0)).clip(0.0, 1.0)
    share = _share(nodes, position, enlarged)
    return _Axes(_places(nodes, cell, lengths), share * (1.0 - beyond), share * beyond)


def _window(nodes: Nodes, maps: Value, axes: _Axes) -> Value:
    """(M, 1, h, w) maps -> (M, g, g)."""
    patch = _between(nodes, maps, _crossings(nodes, axes.pixels))[:, 0]
    lower, upper = axes.lower[..., None], axes.upper[..., None]
    rows = patch[:, :-1] * lower[:, 1] + patch[:, 1:] * upper[:, 1]
    return rows[..., :-1] * axes.lower[:, :1] + rows[..., 1:] * axes.upper[:, :1]


def _entries(nodes: Nodes, kernels: Value, clamp: Value) -> Value:
    """(N, B * K, s, s) kernels, each with its last entry first."""
    flat = nodes.Reshape(nodes.Transpose(kernels, perm=[1, 0, 2, 3, 4]), [0, 0, 0, -1]).of_rank(4)
    count = side(nodes, flat, 3)
    turned = nodes.Gather(flat, count - 1 - numbers(nodes, count), axis=3).of_rank(4)
    clamped = turned.clip(0.0, 1.0) / count.cast(np.float32)
    s = side(nodes, kernels, 3)
    return nodes.Reshape(nodes.Where(clamp.equal(0), turned, clamped), sides(nodes, 0, -1, s, s))


def _convolved(nodes: Nodes, cells: Value, turned: Value) -> Value:
    """(M, g, g) windows, each weighed around every cell by its own of (M, s, s): (M, g, g).

    The windows' rows that a row of the kernel reaches lie side by side, so that one product per
    window gives what each column of the kernel adds. These parts lie one after the other, each a
    cell longer than the one before is: cut at equal lengths, what belongs to a cell is one column.
    """
    g, s = side(nodes, cells, 1), side(nodes, turned, 1)
    reach = s / 2
    padded = nodes.Pad(cells, sides(nodes, 0, reach, reach, 0, reach, reach))
    row = numbers(nodes, s)[:, None] + numbers(nodes, g)
    side_by_side = nodes.Reshape(nodes.Gather(padded, row, axis=1), [0, 0, -1])
    parts = nodes.MatMul(nodes.Transpose(turned, perm=[0, 2, 1]), side_by_side)
    longer = nodes.Pad(nodes.Reshape(parts, [0, -1]), sides(nodes, 0, 0, 0, s))
    total = nodes.Reshape(longer, sides(nodes, 0, s, -1)).of_rank(3).sum(1)
    wide = nodes.Reshape(total[:, :-1], sides(nodes, 0, g, -1))
    return nodes.Slice(wide, [0], g[None], [2]).of_rank(3)


def _best_two(nodes: Nodes, cells: Value, first_weight: Value) -> Value:
    """(M, 3): x, y from the window's middle, and value, of the mean of the two highest cells."""
    g = side(nodes, cells, 1)
    flat = nodes.Reshape(cells, [0, -1])
    value, cell = nodes.top_k(nodes.Pad(flat, [0, 0, 0, 1], -inf), [2])
    value, cell = value.of_rank(2), cell.of_rank(2)
    second = value[:, 1:] > -inf  # otherwise there is one cell alone
    row, column = divided(nodes, nodes.Where(second, cell, cell[:, :1]), g)
    middle = (g / 2).cast(np.float32)
    parts = [
        column.cast(np.float32) - middle,
        row.cast(np.float32) - middle,
        nodes.Where(second, value, value[:, :1]),
    ]
    means = [part[:, :1] * first_weight + part[:, 1:] * (1.0 - first_weight) for part in parts]
    return nodes.Where(value[:, :1] > -inf, nodes.Concat(*means, axis=1), 0.0)
