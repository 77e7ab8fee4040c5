"""Poses after their keypoints are found: scores, order, boxes."""

from __future__ import annotations

from math import inf

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import counted, numbers, side, sides


def select_poses(
    nodes: Nodes,
    keypoints: Value,
    keypoint_scores: Value,
    scores: Value,
    boxes: Value,
    rows: Value,
    counts: Value,
    M: Attribute,
    min_score: Attribute,
    ranked: Attribute,
) -> tuple[Value, ...]:
    """See `pt_select_poses`; candidates are ordered by their scores, or by their places."""
    total = side(nodes, scores, 1)
    wide = rows.cast(np.int64)
    exists = counted(nodes, counts, rows) & (wide >= 0) & (wide < total)
    row = nodes.Where(exists, wide, 0)
    score = nodes.GatherElements(scores, row, axis=1).of_rank(2)
    wanted = exists & (score > min_score)
    place = -numbers(nodes, side(nodes, rows, 1)).cast(np.float32)
    rank = nodes.Where(ranked.equal(0), place, score)
    # above every score that there can be: a wanted one of -infinity still comes before the others
    order = nodes.Where(wanted, nodes.Max(rank, np.finfo(np.float32).min), -inf)
    missing = nodes.Max(M - side(nodes, rows, 1), 0)
    padded = nodes.Pad(order, sides(nodes, 0, 0, 0, missing), -inf)
    best, at = nodes.top_k(padded, sides(nodes, M))
    best, at = best.of_rank(2), at.of_rank(2)
    found = best > -inf
    last = side(nodes, rows, 1) - 1
    taken = nodes.GatherElements(row, nodes.Min(at, last), axis=1).of_rank(2)
    at_row = nodes.Where(found, taken, 0)
    count = found.sum(1).cast(np.int32)
    chosen = []
    for array, rank_of in ((keypoints, 4), (keypoint_scores, 3), (scores, 2), (boxes, 3)):
        values = nodes.GatherND(array, at_row[..., None], batch_dims=1).of_rank(rank_of)
        shown = found
        for _ in range(rank_of - 2):
            shown = shown[..., None]
        chosen.append(nodes.Where(shown, values, 0.0))
    taken_rows = nodes.Where(found, taken, -1).cast(np.int32)
    return (*chosen, taken_rows, count)


def pose_scores(
    nodes: Nodes, values: Value, factors: Value, counts: Value, found: Attribute
) -> Value:
    """See `pt_pose_scores`."""
    above = (values > found) & ~nodes.IsInf(values)  # NaN is above nothing
    total = nodes.Where(above, values, 0.0).sum(2)
    number = above.sum(2).cast(np.float32)
    scores = (total.of_rank(2) / nodes.Max(number.of_rank(2), 1.0)) * factors
    return nodes.Where(counted(nodes, counts, values), scores, 0.0)


def keypoint_extents(
    nodes: Nodes, keypoints: Value, scores: Value, counts: Value, found: Attribute
) -> Value:
    """See `pt_keypoint_extents`."""
    known = (scores > found)[..., None]
    low = nodes.Where(known, keypoints, inf).min(2)
    high = nodes.Where(known, keypoints, -inf).max(2)
    boxes = nodes.Concat(low, high, axis=2).of_rank(3)
    return nodes.Where(counted(nodes, counts, keypoints)[..., None], boxes, 0.0)


def level_scores(
    nodes: Nodes,
    values: Value,
    reference: Value,
    counts: Value,
    reference_counts: Value,
    factor: Attribute,
    min_value: Attribute,
) -> tuple[Value, Value]:
    """See `pt_level_scores`."""
    referred = (reference_counts > 0)[:, None] & (side(nodes, reference, 1) > 0)
    highest = nodes.Where(referred, reference[:, :1], 1.0)
    first = values[:, :1]
    valid = counted(nodes, counts, values)
    levelled = values / first * highest * factor
    levelled = nodes.Where(valid & (first > 0.0), levelled, 0.0)
    # leading ones above: none before them fails
    fails = (valid & (levelled > min_value)).cast(np.int32).equal(0).cast(np.int32)
    before = nodes.CumSum(fails, 1).of_rank(2)
    count = before.equal(0).cast(np.int32).sum(1)
    return levelled, count
