"""Costs of matching boxes and features, and the matches of least total cost."""

from __future__ import annotations

import math

import numpy as np

from ..structures.arrays import Float32Array, Float64Array, Int32Array
from .checks import batch_of, check
from .devices import device_of, scratch


def iou_cost(boxes: Float64Array, others: Float64Array) -> Float64Array:
    """1 - intersection over union of every box and every other box.

    Args:
        boxes: (T, 4) float64 x1, y1, x2, y2, or (B, T, 4) of several images.
        others: (N, 4) or (B, N, 4) float64, likewise.

    Returns:
        (T, N) or (B, T, N) float64 in [0, 1]; 1 where both boxes are empty, or one is not finite.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    device = device_of(boxes, others)
    batch = batch_of(boxes, 2)
    check("boxes", boxes, np.float64, (*batch, None, 4))
    check("others", others, np.float64, (*batch, None, 4))
    sizes = (boxes.shape[-2], others.shape[-2])
    cost = device.empty((*batch, *sizes), np.float64)
    device.call("pt_iou_cost", cost, boxes, others, math.prod(batch), *sizes)
    return cost


def appearance_cost(features: Float32Array, others: Float32Array) -> Float32Array:
    """1 - cosine of the angle between every feature and every other feature, 1 at most.

    For features of length 1 that is half their squared distance. Features of opposite directions
    count as no less alike than unrelated ones: both pairs cost 1.

    Args:
        features: (T, D) float32, of any length, or (B, T, D) of several images.
        others: (N, D) or (B, N, D) float32, likewise.

    Returns:
        (T, N) or (B, T, N) float32 in [0, 1]. A feature whose squared length is 0 or
        not a finite float32 costs 1 with all others.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    device = device_of(features, others)
    batch = batch_of(features, 2)
    check("features", features, np.float32, (*batch, None, None))
    rows, length = features.shape[-2:]
    check("others", others, np.float32, (*batch, None, length))
    sizes = (rows, others.shape[-2])
    cost = device.empty((*batch, *sizes), np.float32)
    working = scratch(device, "pt_appearance_cost", math.prod(batch), *sizes)
    arrays = (cost, working, features, others)
    device.call("pt_appearance_cost", *arrays, math.prod(batch), *sizes, length)
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
    device = device_of(cost)
    check("cost", cost, np.float64, (None, None, None))
    if not math.isfinite(gate):
        raise ValueError(f"gate must be finite, got {gate}: pass one above every cost")
    batch, rows, columns = cost.shape
    match = device.empty((batch, rows), np.int32)
    working = scratch(device, "pt_assign", batch, rows, columns)
    device.call("pt_assign", match, working, cost, batch, rows, columns, gate)
    return match
