"""Costs of matching boxes and features, and the matches: the definition of right."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...structures.arrays import Float32Array, Float64Array, Int32Array
from .batches import counted, takes_one_image

__all__ = ["appearance_cost", "assign", "iou_cost"]


@takes_one_image(2)
def iou_cost(
    boxes: Float64Array,
    others: Float64Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float64Array:
    """See `kernels.iou_cost`."""
    pairs = counted(counts, boxes)[:, :, None] & counted(other_counts, others)[:, None]
    a, b = boxes[..., :, None, :], others[..., None, :, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    share = shared / (_area(a) + _area(b) - shared)
    return np.where(pairs, np.where(np.isnan(share), 1.0, 1 - share), np.inf)


def _area(boxes: Float64Array) -> Float64Array:
    return np.asarray(np.maximum(boxes[..., 2:] - boxes[..., :2], 0).prod(axis=-1))


@takes_one_image(2)
def appearance_cost(
    features: Float32Array,
    others: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float32Array:
    """See `kernels.appearance_cost`."""
    pairs = counted(counts, features)[:, :, None] & counted(other_counts, others)[:, None]
    cost: Float32Array = np.where(pairs, np.float32(1), np.float32(np.inf))
    for i, t, n in np.argwhere(pairs):
        a, b = features[i, t].astype(np.float64), others[i, n].astype(np.float64)
        squares = np.array((a @ a, b @ b), np.float32)
        if np.isfinite(squares).all() and (squares > 0).all():
            cosine = a @ b / np.sqrt((a @ a) * (b @ b))
            cost[i, t, n] = 1 - np.clip(cosine, 0, 1)
    return cost


@takes_one_image(2)
def assign(cost: Float64Array, gate: float) -> Int32Array:
    """See `kernels.assign`."""
    match = np.full(cost.shape[:2], -1, np.int32)
    for b, matrix in enumerate(cost):
        below = np.isfinite(matrix) & (matrix < gate)
        rows, columns = linear_sum_assignment(np.where(below, matrix, gate))
        kept = below[rows, columns]
        match[b, rows[kept]] = columns[kept]
    return match
