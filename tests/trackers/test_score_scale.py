"""Limits that the tracker learns from the scores it sees, and second detections of one person."""

import numpy as np
import pytest
from factories import make_spec, people
from hypothesis import given
from hypothesis import strategies as st
from posetrack.structures import COCO_17, Observation
from posetrack.trackers import PoseTracker, TrackerConfig


def ids(tracked):
    return tracked.track_ids.tolist()


def after(*frames):
    """The score of a typical person after poses with these scores."""
    tracker = PoseTracker(COCO_17)
    for i, scores in enumerate(frames):
        places = [300.0 * j for j in range(len(scores))]
        tracker.update(Observation(people(places, scores=scores), float(i)))
    return tracker.limits.birth / tracker.config.birth_share


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


def states(poses):
    return PoseTracker(COCO_17).update(Observation(poses, 0.0)).track_states.tolist()


def test_the_poorer_of_two_poses_of_one_person_is_a_double():
    assert states(people([100.0, 104.0, 500.0], scores=[0.5, 0.6, 0.6])) == [0, 1, 1]


def test_only_keypoints_that_both_have_make_a_double():
    poses = people([100.0, 104.0], scores=[0.5, 0.6])
    poses.keypoint_scores[0, 5:] = 0
    assert states(poses) == [0, 1]
    poses.keypoint_scores[0, 1:] = 0  # one point proves nothing
    assert states(poses) == [1, 1]


def test_double_neither_takes_nor_starts_a_track():
    tracker = PoseTracker(COCO_17)
    for i in range(10):
        poses = people([100.0, 105.0], scores=[0.8, 0.79])
        assert ids(tracker.update(Observation(poses, i / 25))) == [1, -1]
