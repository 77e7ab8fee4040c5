"""Boxes as tensors: deltas, ratio, and greedy suppression against its slow definition."""

import math

import numpy as np
import pytest
import torch
from posetrack.models.layers.boxes import (
    apply_deltas,
    best_rows,
    box_deltas,
    box_overlap,
    clip_boxes,
    extend_to_ratio,
    greedy_nms,
    is_box,
)

WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def random_boxes(seed, *shape, side=20.0):
    generator = torch.Generator().manual_seed(seed)
    low, size = torch.rand(2, *shape, 2, generator=generator) * side
    return torch.cat((low, low + size + 1), -1)


def slow_iou(a, b):
    """IoU of two boxes, from the definition."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (both - shared)


def slow_nms(boxes, valid, max_iou):
    """Greedy suppression of (N, 4) boxes, best first, one at a time."""
    kept = []
    for i, box in enumerate(boxes):
        if valid[i] and all(slow_iou(box, boxes[j]) <= max_iou for j in kept):
            kept.append(i)
    return kept


# ---- geometry


def test_overlap_of_two_boxes_is_their_shared_area_over_their_union():
    a = torch.tensor([[0.0, 0.0, 4.0, 2.0]])
    b = torch.tensor([[2.0, 1.0, 6.0, 5.0], [4.0, 0.0, 5.0, 2.0]])
    shared, union = box_overlap(a, b)
    assert shared.tolist() == [[2.0, 0.0]]
    assert union.tolist() == [[8 + 16 - 2.0, 10.0]]


def test_deltas_move_in_sides_of_the_box_and_grow_by_factors():
    box = torch.tensor([[10.0, 20.0, 30.0, 60.0]])
    deltas = torch.tensor([[0.5, -0.25, math.log(2), 0.0]]) * torch.tensor(WEIGHTS)
    moved = apply_deltas(box, deltas, WEIGHTS)
    torch.testing.assert_close(moved, torch.tensor([[10.0, 10.0, 50.0, 50.0]]))


def test_deltas_to_a_box_lead_to_it():
    boxes, targets = random_boxes(0, 50), random_boxes(1, 50)
    reached = apply_deltas(boxes, box_deltas(boxes, targets, WEIGHTS), WEIGHTS)
    torch.testing.assert_close(reached, targets, rtol=1e-5, atol=1e-4)


def test_a_wild_delta_grows_a_box_by_a_thousand_sixteenths_at_most():
    grown = apply_deltas(torch.tensor([0.0, 0, 16, 16]), torch.tensor([0.0, 0, 1e4, 0]), WEIGHTS)
    torch.testing.assert_close(grown, torch.tensor([8.0 - 500, 0, 8 + 500, 16]))


def test_clipped_boxes_end_at_the_outer_edges_of_border_pixels():
    boxes = torch.tensor([[-5.0, -9.0, 70.0, 3.0], [1.0, 2.0, 3.0, 99.0]])
    expected = [[-0.5, -0.5, 63.5, 3.0], [1.0, 2.0, 3.0, 31.5]]
    assert clip_boxes(boxes, (32, 64)).tolist() == expected


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([0, 0, 16, 11], [0, -5.5, 16, 16.5]),  # flat: grows in height, 16 * 352 / 256 = 22
        ([0, 0, 4, 22], [-6, 0, 10, 22]),  # tall: grows in width
        ([3, 5, 11, 16], [3, 5, 11, 16]),  # right already
        ([0, 0, 0, 0], [0, 0, 0, 0]),
    ],
)
def test_extended_box_keeps_its_middle_and_never_shrinks(box, expected):
    extended = extend_to_ratio(torch.tensor(box, dtype=torch.float32), 352 / 256)
    torch.testing.assert_close(extended, torch.tensor(expected, dtype=torch.float32))


# ---- suppression


@pytest.mark.parametrize("max_iou", [0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("seed", range(4))
def test_suppression_is_the_greedy_one(seed, max_iou):
    boxes = random_boxes(seed, 3, 120)
    valid = torch.rand(3, 120, generator=torch.Generator().manual_seed(seed)) > 0.2
    kept = greedy_nms(boxes, valid, max_iou)
    for b in range(3):
        expected = slow_nms(boxes[b].double().tolist(), valid[b].tolist(), max_iou)
        assert kept[b].nonzero().flatten().tolist() == expected
        assert 1 < len(expected) < valid[b].sum()


def test_a_suppressed_box_suppresses_no_other():
    # a chain: each overlaps the next by more than half, so every other one stays
    boxes = torch.tensor([[i * 2.0, 0.0, i * 2.0 + 10, 10.0] for i in range(9)])
    kept = greedy_nms(boxes[None], torch.ones(1, 9, dtype=torch.bool), 0.5)
    assert kept[0].tolist() == [True, False] * 4 + [True]


def test_a_box_at_exactly_the_threshold_stays():
    boxes = torch.tensor([[[0.0, 0, 4, 2], [0, 0, 2, 2]]])
    valid = torch.ones(1, 2, dtype=torch.bool)
    assert greedy_nms(boxes, valid, 0.5).tolist() == [[True, True]]
    assert greedy_nms(boxes, valid, 0.49).tolist() == [[True, False]]


def test_threshold_of_one_keeps_even_equal_boxes():
    boxes = random_boxes(3, 1, 20).repeat(1, 2, 1)
    assert greedy_nms(boxes, torch.ones(1, 40, dtype=torch.bool), 1.0).all()


def test_no_box_is_kept_where_there_is_none():
    assert greedy_nms(torch.zeros(2, 0, 4), torch.zeros(2, 0, dtype=torch.bool), 0.5).shape == (
        2,
        0,
    )
    assert not greedy_nms(torch.ones(1, 3, 4), torch.zeros(1, 3, dtype=torch.bool), 0.5).any()


# ---- best rows


def test_best_rows_come_in_order_and_are_filled_up():
    scores = torch.tensor([[0.1, 0.9, 0.5]])
    boxes = torch.arange(12.0).reshape(1, 3, 4)
    best, rows = best_rows(scores, 2, boxes)
    np.testing.assert_array_equal(best, np.float32([[0.9, 0.5]]))
    assert rows[0, :, 0].tolist() == [4.0, 8.0]
    best, rows = best_rows(scores, 5, boxes)
    np.testing.assert_array_equal(best, np.float32([[0.9, 0.5, 0.1, -math.inf, -math.inf]]))
    assert rows[0, 3:].tolist() == [[0.0] * 4] * 2
    assert is_box(rows).tolist() == [[True, True, True, False, False]]
