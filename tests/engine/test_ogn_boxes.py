"""Greedy box generation, rule by rule."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from posetrack.engine.ogn_boxes import BoxGeneration, chosen_boxes, generate_boxes, greedy_groups
from posetrack.engine.person_nms import box_overlap

PAPER = BoxGeneration()


def shifted(*steps, width=100, height=200):
    """Boxes moved to the right by so many pixels."""
    return np.float32([[x, 0, x + width, height] for x in steps])


def scores(*values):
    return np.float32(values)


def test_small_boxes_go_even_if_certain():
    boxes = np.float32([[0, 0, 31, 32], [100, 0, 132, 32], [200, 50, 200, 90], [300, 90, 400, 80]])
    assert chosen_boxes(boxes, scores(0.9, 0.9, 0.9, 0.9)).tolist() == [1]


def test_box_needs_the_company_of_a_reliable_one():
    # moved by 30 of 100: 70 of 130 in common; by 40: 60 of 140, too little
    boxes = shifted(0, 30, 40, 500)
    assert chosen_boxes(boxes, scores(0.9, 0.3, 0.3, 0.7)).tolist() == [0, 1]


def test_company_of_one_reliable_box_is_enough():
    boxes = shifted(0, 400, 420)
    assert chosen_boxes(boxes, scores(0.9, 0.95, 0.1)).tolist() == [1, 0, 2]


def test_reliable_means_above_the_score_not_at_it():
    assert chosen_boxes(shifted(0, 500), scores(0.8, 0.81)).tolist() == [1]


def test_without_a_reliable_box_there_is_none():
    assert chosen_boxes(shifted(0, 5), scores(0.8, 0.7)).tolist() == []
    assert chosen_boxes(np.zeros((0, 4)), scores()).tolist() == []


def test_best_four_of_a_group_stay():
    boxes = shifted(0, 1, 2, 3, 4, 5)
    found = chosen_boxes(boxes, scores(0.5, 0.9, 0.6, 0.85, 0.7, 0.1))
    assert found.tolist() == [1, 3, 4, 2]
    two = replace(PAPER, per_group=2)
    assert chosen_boxes(boxes, scores(0.5, 0.9, 0.6, 0.85, 0.7, 0.1), two).tolist() == [1, 3]


def test_each_group_has_its_own_four():
    boxes = np.concatenate((shifted(0, 1, 2, 3, 4), shifted(500, 501)))
    found = chosen_boxes(boxes, scores(0.9, 0.9, 0.9, 0.9, 0.9, 0.85, 0.85))
    assert found.tolist() == [0, 1, 2, 3, 5, 6]


def test_members_of_a_group_all_overlap_each_other():
    # by steps of 10: neighbours 90 / 110, next but one 80 / 120 < 0.7
    boxes = shifted(0, 10, 20, 30)
    alike = box_overlap(boxes, boxes) >= PAPER.group_iou
    assert greedy_groups(alike).tolist() == [0, 0, 1, 1]


@given(st.integers(0, 12), st.integers(0, 10_000))
def test_groups_are_cliques_and_no_two_could_be_one_box_earlier(count, seed):
    alike = np.random.default_rng(seed).random((count, count)) < 0.6
    alike |= alike.T
    np.fill_diagonal(alike, True)
    groups = greedy_groups(alike)
    for row in range(count):
        members = np.flatnonzero(groups == groups[row])
        assert alike[row, members].all()
        for group in range(groups[row]):
            earlier = np.flatnonzero((groups == group) & (np.arange(count) < row))
            assert not alike[row, earlier].all()


def test_generated_boxes_are_three_by_four_and_hold_the_detected_ones():
    boxes = np.float32([[10, 20, 70, 220], [300, 0, 500, 100]])
    extended, values = generate_boxes(boxes, scores(0.85, 0.95))
    assert extended.dtype == values.dtype == np.float32
    np.testing.assert_allclose(values, [0.95, 0.85])
    sides = extended[:, 2:] - extended[:, :2]
    np.testing.assert_allclose(sides[:, 0] / sides[:, 1], 3 / 4, rtol=1e-6)
    inner = boxes[[1, 0]]
    assert (extended[:, :2] <= inner[:, :2] + 1e-3).all()
    assert (extended[:, 2:] >= inner[:, 2:] - 1e-3).all()
