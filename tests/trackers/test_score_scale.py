"""Limits that the tracker learns from the scores it sees, and second detections of one person."""

import numpy as np
import pytest
from factories import make_spec, people
from hypothesis import given
from hypothesis import strategies as st
from posetrack.structures import COCO_17, Observation
from posetrack.trackers import PoseTracker, TrackerConfig
from posetrack.trackers.doubles import doubles
from posetrack.trackers.score_scale import ScoreScale


def ids(tracked):
    return tracked.track_ids.tolist()


def after(*frames):
    scale = ScoreScale()
    for scores in frames:
        scale.add(np.float32(scores))
    return scale.typical


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
def test_many_poor_poses_do_not_move_what_a_good_score_is(unit):
    scores = unit * np.array([0.9, 0.8, *[0.02] * 30])
    assert after(scores, scores) == pytest.approx(0.8 * unit, rel=1e-6)


def test_nothing_is_typical_before_there_is_a_score():
    assert after([], [-3.0, 0.0]) == -np.inf


def test_old_scores_are_forgotten():
    assert after([0.9] * 500, [0.3] * 500) == pytest.approx(0.3)


@given(st.permutations([0.1, 0.4, 0.4, 0.8, 0.9]))
def test_order_of_poses_does_not_matter(scores):
    assert after([0.5] * 397, scores, scores) == after([0.5] * 397, sorted(scores), sorted(scores))


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
def test_without_a_models_limits_poor_poses_start_no_track_on_any_scale(unit):
    tracker = PoseTracker(COCO_17)
    for i in range(10):
        poses = people([100.0, 500.0, 900.0], scores=[0.8 * unit, 0.7 * unit, 0.3 * unit])
        assert ids(tracker.update(Observation(poses, i / 25))) == [1, 2, -1]
    assert tracker.limits == pytest.approx((0.75 * 0.7 * unit, 0.65 * 0.7 * unit), rel=1e-6)


def test_poor_pose_continues_a_track():
    tracker = PoseTracker(COCO_17)
    for i in range(10):
        tracker.update(Observation(people([100.0, 500.0], scores=[0.8, 0.7]), i / 25))
    last = tracker.update(Observation(people([100.0, 500.0], scores=[0.8, 0.3]), 0.4))
    assert ids(last) == [1, 2]


def test_a_models_limits_stay_as_they_are():
    tracker = PoseTracker(COCO_17, TrackerConfig.of(make_spec()))
    tracker.update(Observation(people([100.0], scores=0.9), 0.0))
    assert tracker.limits == (0.08, 0.08)


# --- doubles


def test_the_poorer_of_two_poses_of_one_person_is_a_double():
    poses = people([100.0, 104.0, 500.0], scores=[0.5, 0.6, 0.1])
    assert doubles(poses, COCO_17.sigma_array, 0.5).tolist() == [True, False, False]


def test_only_keypoints_that_both_have_make_a_double():
    poses = people([100.0, 104.0], scores=[0.5, 0.6])
    poses.keypoint_scores[0, 5:] = 0
    assert doubles(poses, COCO_17.sigma_array, 0.5).tolist() == [True, False]
    poses.keypoint_scores[0, 1:] = 0  # one point proves nothing
    assert doubles(poses, COCO_17.sigma_array, 0.5).tolist() == [False, False]


def test_double_neither_takes_nor_starts_a_track():
    tracker = PoseTracker(COCO_17)
    for i in range(10):
        poses = people([100.0, 105.0], scores=[0.8, 0.79])
        assert ids(tracker.update(Observation(poses, i / 25))) == [1, -1]
