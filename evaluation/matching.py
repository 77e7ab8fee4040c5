"""Who is compared with whom."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..structures.arrays import Float64Array, Int64Array


def nearest_pairs(distance: Float64Array) -> tuple[Int64Array, Int64Array]:
    """As many pairs as possible, and among those the ones of least total distance.

    Args:
        distance: (N, M), at least 0; NaN is never paired.

    Returns:
        rows and columns of the pairs, two arrays of one length.
    """
    allowed = np.isfinite(distance)
    rows, columns = allowed.nonzero()
    if len(set(rows.tolist())) == len(rows) == len(set(columns.tolist())):
        return rows, columns  # nobody has a choice
    # One forbidden pair must cost more than all allowed ones together.
    forbidden = 2 * min(distance.shape) * (distance[allowed].max() + 1) + 1
    rows, columns = linear_sum_assignment(np.where(allowed, distance, forbidden))
    kept = allowed[rows, columns]
    return rows[kept], columns[kept]


def box_similarity(boxes: Float64Array, others: Float64Array) -> Float64Array:
    """(N, M) intersection over union of boxes x1, y1, x2, y2; 0 where both are empty."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas, other_areas = (
        np.clip(some[:, 2:] - some[:, :2], 0, None).prod(axis=1) for some in (boxes, others)
    )
    union = areas[:, None] + other_areas[None] - shared
    result: Float64Array = shared / np.maximum(union, 1e-9)
    return result
