"""Costs of matching boxes and features, and the matches: the definition of right."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...structures.arrays import Float32Array, Float64Array, Int32Array
from .batches import per_image


def iou_cost(boxes: Float64Array, others: Float64Array) -> Float64Array:
    """See `kernels.iou_cost`."""
    a, b = boxes[..., :, None, :], others[..., None, :, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    share = shared / (_area(a) + _area(b) - shared)
    return np.where(np.isnan(share), 1.0, 1 - share)


def _area(boxes: Float64Array) -> Float64Array:
    return np.asarray(np.maximum(boxes[..., 2:] - boxes[..., :2], 0).prod(axis=-1))


def appearance_cost(features: Float32Array, others: Float32Array) -> Float32Array:
    """See `kernels.appearance_cost`."""
    return per_image(_appearance_cost, 2, features, others)


def _appearance_cost(features: Float32Array, others: Float32Array) -> Float32Array:
    cost: Float32Array = np.ones((len(features), len(others)), np.float32)
    for t, n in np.ndindex(cost.shape):
        a, b = features[t].astype(np.float64), others[n].astype(np.float64)
        squares = np.array((a @ a, b @ b), np.float32)
        if np.isfinite(squares).all() and (squares > 0).all():
            cosine = a @ b / np.sqrt((a @ a) * (b @ b))
            cost[t, n] = 1 - np.clip(cosine, 0, 1)
    return cost


def assign(cost: Float64Array, gate: float) -> Int32Array:
    """See `kernels.assign`."""
    match = np.full(cost.shape[:2], -1, np.int32)
    for b, matrix in enumerate(cost):
        below = np.isfinite(matrix) & (matrix < gate)
        rows, columns = linear_sum_assignment(np.where(below, matrix, gate))
        kept = below[rows, columns]
        match[b, rows[kept]] = columns[kept]
    return match
