"""Things that resemble people: nobody said which scores speak of a person, so they are learned."""

import numpy as np
from factories import people
from posetrack.structures import COCO_17, Observation, TrackState
from posetrack.trackers import PRESETS, PoseTracker


def played(place_of, *, score, frames=60, preset="fast"):
    """States of, and whether passed over, a poor pose beside two people who walk."""
    tracker = PoseTracker(COCO_17, PRESETS[preset])
    rng = np.random.default_rng(0)
    states, passed = [], []
    for i in range(frames):
        centers = [100.0 + 4 * i, 1500.0 - 4 * i, place_of(i)]
        scores = [0.7, 0.7, score + rng.normal(0, 0.02)]
        if i == 0:
            scores[2] = 0.56  # for once good enough to start a track
        tracked = tracker.update(Observation(people(centers, scores=scores), i / 25))
        states.append(tracked.track_states.tolist())
        passed.append(tracker.passed_over(tracked).tolist())
        assert (tracked.track_ids > 0).all()
    return np.array(states), np.array(passed)


def test_a_poster_is_passed_over_once_it_had_time_to_become_a_person():
    states, passed = played(lambda _: 3000.0, score=0.5)
    assert (states[:, 2] == TrackState.TENTATIVE).all()
    np.testing.assert_array_equal(passed[:, 2], np.arange(60) / 25 >= 0.25)
    assert not passed[:, :2].any()
    assert (states[8:, :2] == TrackState.CONFIRMED).all()


def test_who_moves_is_a_person_whatever_the_score():
    states, passed = played(lambda i: 3000.0 + 5 * i, score=0.5)
    assert (states[30:, 2] == TrackState.CONFIRMED).all()
    assert not passed[30:, 2].any()


def test_who_stands_still_with_a_usual_score_is_a_person():
    states, passed = played(lambda _: 3000.0, score=0.62)
    assert (states[10:, 2] == TrackState.CONFIRMED).all()
    assert not passed.any()


def test_the_paper_passes_over_nobody():
    _, passed = played(lambda _: 3000.0, score=0.5, preset="paper")
    assert not passed.any()


def test_some_rows_can_be_asked_for():
    tracker = PoseTracker(COCO_17)
    for i in range(20):
        poses = people([100.0 + 9 * i, 3000.0], scores=[0.7, 0.56 if i == 0 else 0.5])
        tracked = tracker.update(Observation(poses, i / 25))
    assert tracker.passed_over(tracked[[1]]).tolist() == [True]
    assert tracker.passed_over(tracked[[]]).tolist() == []
