"""Costs of matching boxes and features, and the matches of least total cost."""

from __future__ import annotations

from ..structures.arrays import Float32Array, Float64Array, Int32Array
from .call import run

__all__ = ["appearance_cost", "assign", "iou_cost"]


def iou_cost(
    boxes: Float64Array,
    others: Float64Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float64Array:
    """1 - intersection over union of every box and every other box.

    Args:
        boxes: (B, T, 4) float64 x1, y1, x2, y2.
        others: (B, N, 4) float64.
        counts: (B,) int32, how many boxes of each image count; None: all.
        other_counts: (B,) int32, likewise of others.

    Returns:
        (B, T, N) float64 in [0, 1]; 1 where both boxes are empty, or one is not finite; infinity,
        which `assign` never matches, behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    arrays = {"boxes": boxes, "others": others, "counts": counts, "other_counts": other_counts}
    cost: Float64Array = run("pt_iou_cost", **arrays)
    return cost


def appearance_cost(
    features: Float32Array,
    others: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float32Array:
    """1 - cosine of the angle between every feature and every other feature, 1 at most.

    For features of length 1 that is half their squared distance. Features of opposite directions
    count as no less alike than unrelated ones: both pairs cost 1.

    Args:
        features: (B, T, D) float32, of any length.
        others: (B, N, D) float32.
        counts: (B,) int32, how many features of each image count; None: all.
        other_counts: (B,) int32, likewise of others.

    Returns:
        (B, T, N) float32 in [0, 1]; infinity behind a count. A feature whose squared length is 0 or
        not a finite float32 costs 1 with all others.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    arrays = {"features": features, "others": others}
    cost: Float32Array = run(
        "pt_appearance_cost", **arrays, counts=counts, other_counts=other_counts
    )
    return cost


def assign(cost: Float64Array, gate: float) -> Int32Array:
    """The one-to-one matches of least total cost, where leaving a row unmatched costs `gate`.

    Args:
        cost: (B, T, N) float64, one matrix for each b; NaN and infinity are never matched.
        gate: finite; only pairs that cost less are matched.

    Returns:
        (B, T) int32 column of each row, -1 for none. Where several solutions cost the same, the
        costs alone decide which of them is returned.

    Raises:
        ValueError, TypeError: as for every kernel here; the gate is not finite.

    Source: Jonker and Volgenant, A shortest augmenting path algorithm for dense and sparse linear
        assignment problems, Computing 38, 1987; extended so that a row may stay unmatched.
    """
    match: Int32Array = run("pt_assign", cost=cost, gate=gate)
    return match
