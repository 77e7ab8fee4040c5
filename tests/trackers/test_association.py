import numpy as np
from posetrack.trackers.association import assign, assign_in_stages


def pairs(cost, gate):
    rows, columns = assign(np.array(cost), gate)
    return sorted(zip(rows.tolist(), columns.tolist(), strict=True))


def staged(cost, confident, gate=0.8, weak_gate=0.8):
    return assign_in_stages(
        np.array(cost), np.array(confident), gate=gate, weak_gate=weak_gate
    ).tolist()


def test_total_cost_decides_not_the_best_single_pair():
    assert pairs([[0.1, 0.2], [0.2, 0.7]], gate=1.0) == [(0, 1), (1, 0)]


def test_pair_at_the_gate_is_no_match():
    assert pairs([[0.5]], gate=0.5) == []
    assert pairs([[0.49]], gate=0.5) == [(0, 0)]


def test_good_pair_is_not_given_up_for_two_poor_ones():
    assert pairs([[0.05, 0.3], [0.3, 1.0]], gate=0.5) == [(0, 0)]


def test_every_row_and_column_is_used_at_most_once():
    assert pairs([[0.1, 0.2, 0.3]], gate=1.0) == [(0, 0)]
    assert pairs([[0.3], [0.2], [0.1]], gate=1.0) == [(2, 0)]


def test_weak_pose_never_takes_a_track_from_a_confident_one():
    assert staged([[0.5, 0.0]], [True, False]) == [0, -1]


def test_weak_pose_gets_a_track_that_is_left_over():
    assert staged([[0.1, 0.3], [0.6, 0.3]], [True, False]) == [0, 1]


def test_weak_pose_must_fit_better():
    cost = [[0.5, 1.0], [1.0, 0.5]]
    assert staged(cost, [True, False], weak_gate=0.4) == [0, -1]
    assert staged(cost, [True, False], weak_gate=0.6) == [0, 1]


def test_nobody_is_matched_without_tracks_or_poses():
    assert staged(np.zeros((0, 2)), [True, False]) == [-1, -1]
    assert staged(np.zeros((2, 0)), np.zeros(0, bool)) == []
