"""Values of maps between their cells, by the rule that LOGO-CAP's networks were trained with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from ..structures.arrays import AnyArray, Float32Array, Int64Array


class Neighbour(NamedTuple):
    """One of the two cells of an axis that each position is blended from."""

    cells: Int64Array  # shape of the positions
    weights: Float32Array  # shape of the positions, in [0, 1]


Neighbours: TypeAlias = tuple[Neighbour, Neighbour]


def axis_neighbours(positions: AnyArray, length: int) -> Neighbours:
    """Which two cells of an axis count at each position, and how much.

    The rule is not the usual one at the end of the axis, where both cells are the last: below 0
    counts the first cell, in [0, length - 1) the two neighbours, and from length - 1, where both
    weights are 0, the weight of the last cell grows to 1 at `length` and stays.

    Args:
        positions: any shape, in cells.
        length: cells of the axis.

    Source: the inference of github.com/cherubicXN/logocap, kept because its weights expect it.
    """
    positions = np.asarray(positions, np.float32)
    last = np.float32(length - 1)
    low = np.clip(np.floor(positions), 0, last)
    high = np.minimum(low + np.float32(1), last)
    return (
        Neighbour(low.astype(np.int64), np.clip(high - positions, 0, 1)),
        Neighbour(high.astype(np.int64), np.clip(positions - low, 0, 1)),
    )


def sample_vectors(cells: AnyArray, x: AnyArray, y: AnyArray) -> Float32Array:
    """All channels of a map at every crossing of columns and rows.

    Args:
        cells: (h, w, C) float32, the channels of a cell side by side in memory.
        x: (..., a) columns, in cells.
        y: (..., b) rows, in cells.

    Returns:
        (..., b, a, C) float32.
    """
    height, width, channels = cells.shape
    flat = cells.reshape(height * width, channels)

    def read(row: Neighbour, column: Neighbour) -> AnyArray:
        index, weight = _crossings(row, column, width)
        return np.asarray(np.take(flat, index, axis=0) * weight[..., None])

    return _sum_of_four(read, axis_neighbours(x, width), axis_neighbours(y, height))


def sample_planes(maps: AnyArray, x: AnyArray, y: AnyArray) -> Float32Array:
    """Each keypoint's own map at every crossing of its columns and rows.

    Args:
        maps: (K, h, w) float32.
        x: (K, a) columns, in cells.
        y: (K, b) rows, in cells.

    Returns:
        (K, b, a) float32.
    """
    count, height, width = maps.shape
    flat = maps.reshape(-1)
    start = (np.arange(count) * (height * width))[:, None, None]

    def read(row: Neighbour, column: Neighbour) -> AnyArray:
        index, weight = _crossings(row, column, width)
        return np.asarray(np.take(flat, start + index) * weight)

    return _sum_of_four(read, axis_neighbours(x, width), axis_neighbours(y, height))


def _crossings(row: Neighbour, column: Neighbour, width: int) -> tuple[Int64Array, Float32Array]:
    """(..., b, a) indices into the flat map, and weights."""
    index = row.cells[..., :, None] * width + column.cells[..., None, :]
    return index, row.weights[..., :, None] * column.weights[..., None, :]


def _sum_of_four(
    read: Callable[[Neighbour, Neighbour], AnyArray], x: Neighbours, y: Neighbours
) -> Float32Array:
    total = read(y[0], x[0])
    total += read(y[1], x[0])
    total += read(y[0], x[1])
    total += read(y[1], x[1])
    return np.asarray(total, np.float32)
