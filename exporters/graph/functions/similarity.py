"""Suppression of poses that are too similar."""

from __future__ import annotations

from math import inf

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import counted, numbers, side, sides

_LOWEST = np.finfo(np.float32).min


def nms_oks_visible(
    nodes: Nodes,
    keypoints: Value,
    scores: Value,
    areas: Value,
    sigmas: Value,
    counts: Value,
    threshold: Attribute,
) -> tuple[Value, Value]:
    """See `pt_nms_oks_visible`; similarities in float32."""
    step = keypoints[:, :, None] - keypoints[:, None]  # (B, N, M, K, 2)
    squared = (step * step).sum(4)
    scale = areas[:, None, :, None] * (sigmas * sigmas) * 8.0
    exponent = squared / scale
    present = (scores > 0.0)[:, None]
    similar = nodes.Where(nodes.IsNaN(exponent), 0.0, nodes.Exp(-exponent))
    summed = nodes.ReduceSum(nodes.Where(present, similar, 0.0), [3], keepdims=0)
    number = present.sum(3).cast(np.float32)
    alike = (summed.of_rank(3) / nodes.Max(number, 1.0)) > threshold
    alike = alike & (number > 0.0) & (areas > 0.0)[:, None]
    return _greedy(nodes, nodes.Transpose(alike, perm=[0, 2, 1]).of_rank(3), counts)


def _greedy(nodes: Nodes, drops: Value, counts: Value) -> tuple[Value, Value]:
    """Rows in their order that no earlier row that stays drops.

    Args:
        nodes: of the body.
        drops: (B, N, N) bool: whether a row that stays drops that of the column.
        counts: (B,).

    Returns:
        (B, N) int32 rows, then -1; (B,) int32 how many.
    """
    number = numbers(nodes, side(nodes, drops, 1))
    earlier = (number[:, None] < number)[None]
    drops = drops & earlier
    stays = counted(nodes, counts, drops)

    def visit(row: Value, state: Value) -> list[Value]:
        its_drops = nodes.Gather(drops, row, axis=1).of_rank(2)
        it_stays = nodes.Gather(state, row[None], axis=1).of_rank(2)
        return [state & ~(its_drops & it_stays)]

    (kept,) = nodes.loop(side(nodes, drops, 1), visit, stays)
    return listed(nodes, kept.of_rank(2))


def listed(nodes: Nodes, kept: Value) -> tuple[Value, Value]:
    """(B, N) bool -> (B, N) int32 numbers of the rows that are true, then -1; (B,) how many."""
    length = side(nodes, kept, 1)
    number = numbers(nodes, length)
    return in_order(nodes, nodes.Where(kept, (-number).cast(np.float32), -inf))


def in_order(nodes: Nodes, order: Value) -> tuple[Value, Value]:
    """(B, N) -> (B, N) int32 rows, that of the highest number first, without those of -infinity.

    -1 stands behind the last; (B,) int32 how many there are.
    """
    best, at = nodes.top_k(order, sides(nodes, side(nodes, order, 1)))
    rows = nodes.Where(best.of_rank(2) > -inf, at.of_rank(2), -1)
    count = (order > -inf).sum(1).cast(np.int32)
    return rows.cast(np.int32), count


def nms_near_keypoints(
    nodes: Nodes,
    keypoints: Value,
    scores: Value,
    counts: Value,
    distance: Attribute,
    min_keypoints: Attribute,
    relative: Attribute,
) -> tuple[Value, Value]:
    """See `pt_nms_near_keypoints`; it makes 2 * B * N * N * K numbers.

    The lowest float counts as -infinity, and a distance is rounded to float32.
    """
    step = keypoints[:, :, None] - keypoints[:, None]  # (B, N, M, K, 2)
    apart = (step * step).sum(4) ** 0.5
    extent = keypoints.max(2) - keypoints.min(2)
    diagonal = (extent * extent).sum(2) ** 0.5
    limit = nodes.Where(relative.equal(0), distance, diagonal * distance)
    near = (apart < limit[..., None, None]).sum(3) > min_keypoints
    valid = counted(nodes, counts, scores)
    near = near & valid[:, :, None] & valid[:, None]
    known = nodes.Where(nodes.IsNaN(scores), _LOWEST, nodes.Max(scores, _LOWEST))
    best = nodes.Where(near, known[:, None], -inf).argmax(2)  # (B, N): of the group of each row
    number = numbers(nodes, side(nodes, scores, 1))

    def visit(row: Value, grouped: Value, order: Value) -> list[Value]:
        forms = ~nodes.Gather(grouped, row[None], axis=1).of_rank(2)
        group = nodes.Gather(near, row, axis=1).of_rank(2) & forms
        is_best = group & nodes.Gather(best, row[None], axis=1).of_rank(2).equal(number)
        stays = is_best & ~grouped
        return [grouped | group, nodes.Where(stays, -row.cast(np.float32), order)]

    nothing = nodes.Shape(scores)
    nobody, never = nodes.Expand(np.bool_(False), nothing), nodes.Expand(np.float32(-inf), nothing)
    _, order = nodes.loop(side(nodes, scores, 1), visit, nobody, never)
    return in_order(nodes, order.of_rank(2))
