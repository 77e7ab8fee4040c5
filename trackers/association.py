"""Who is who: the assignment of poses to tracks that costs least."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..structures.arrays import BoolArray, Float64Array, Int64Array


def assign(cost: Float64Array, gate: float) -> tuple[Int64Array, Int64Array]:
    """The one-to-one matches of least total cost, where leaving a pair unmatched costs `gate`.

    Args:
        cost: (T, N); NaN is never matched.
        gate: finite; only pairs that cost less are matched.

    Returns:
        rows and columns of the matches, two arrays of one length.
    """
    match = kernels.assign(np.ascontiguousarray(cost, np.float64)[None], gate)[0]
    rows = np.flatnonzero(match >= 0)
    return rows, match[rows].astype(np.int64)


def assign_in_stages(
    cost: Float64Array, confident: BoolArray, *, gate: float, weak_gate: float
) -> Int64Array:
    """Confident poses to tracks first, then the weaker poses to the tracks still without one.

    A weak pose is often a person half hidden: worth something to a track that has no better one,
    if it fits well, but never enough to take a track from a confident pose. Other than in the
    source, tentative tracks may have weak poses too: a false track then keeps its own false poses,
    which would else pull away confirmed tracks that are lost nearby.

    Args:
        cost: (T, N).
        confident: (N,) poses of the first stage.
        gate: only pairs that cost less are matched in the first stage,
        weak_gate: and in the second.

    Returns:
        (N,) int64 row of each pose's track, -1 for none.

    Source: ByteTrack, Zhang et al., ECCV 2022, https://arxiv.org/abs/2110.06864, algorithm 1
    """
    track_rows = np.full(cost.shape[1], -1, np.int64)
    free = np.arange(cost.shape[0])
    for stage, limit in ((confident, gate), (~confident, weak_gate)):
        poses = np.flatnonzero(stage)
        if len(free) and len(poses):
            rows, columns = assign(cost[free[:, None], poses], limit)
            track_rows[poses[columns]] = free[rows]
            free = np.delete(free, rows)
    return track_rows
