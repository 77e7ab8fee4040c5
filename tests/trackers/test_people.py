"""PeopleTracker: thresholds, images that stand alone, embeddings, and its state."""

from __future__ import annotations

import numpy as np
import pytest
from factories import make_frame, make_spec, people
from posetrack.structures import TrackState
from posetrack.trackers import PeopleTracker, PoseTracker

SPEC = make_spec()
FIGURE = {"scores": [0.3, 0.05], "keypoint_scores": 0.5}


def follow(tracker, story, first=0):
    found = ((make_frame(first + i), poses) for i, poses in enumerate(story))
    return list(tracker.follow(found))


def test_poses_below_the_models_score_are_left_out():
    (item,) = follow(PeopleTracker(SPEC), [people([100.0, 500.0], **FIGURE)])
    assert (len(item.decoded), len(item.tracked)) == (2, 1)


@pytest.mark.parametrize(("min_score", "count"), [(0.0, 2), (0.2, 1), (0.9, 0)])
def test_users_score_takes_the_place_of_the_models(min_score, count):
    tracker = PeopleTracker(SPEC, min_score=min_score)
    (item,) = follow(tracker, [people([100.0, 500.0], **FIGURE)])
    assert len(item.tracked) == count


def test_of_a_model_that_nobody_calibrated_everybody_is_a_person():
    weak = people([100.0, 500.0], scores=[0.0020, 0.0019], keypoint_scores=0.001)
    out = follow(PeopleTracker(make_spec(person=None, min_score=0.0)), [weak] * 12)
    assert [len(item.people) for item in out] == [2] * 12


def test_images_that_stand_alone_show_clear_people_without_ids():
    poses = people([100.0, 500.0], scores=[0.3, 0.07])
    (item,) = PeopleTracker(SPEC, track=False).push(make_frame(), poses)
    assert (item.tracked.track_ids, item.tracked.track_states) == (None, None)
    assert item.people.scores.tolist() == pytest.approx([0.3])


def test_images_that_stand_alone_show_everybody_above_a_score_that_the_user_chose():
    poses = people([100.0, 500.0], scores=[0.3, 0.07])
    (item,) = PeopleTracker(SPEC, track=False, min_score=0.0).push(make_frame(), poses)
    assert len(item.people) == 2


def test_cues_see_the_image_and_the_embeddings_of_the_poses_that_stay(monkeypatch):
    seen = []
    update = PoseTracker.update
    monkeypatch.setattr(
        PoseTracker, "update", lambda self, what: seen.append(what) or update(self, what)
    )
    embeddings = np.float32([[1, 0], [0, 1]])
    frame = make_frame()
    PeopleTracker(SPEC).push(frame, people([100.0, 500.0], scores=[0.05, 0.4]), embeddings)
    assert seen[0].image is frame.image
    np.testing.assert_array_equal(seen[0].embeddings, [[0, 1]])


def test_embeddings_of_other_poses_are_refused():
    with pytest.raises(ValueError, match="one row for each of the 1 poses"):
        PeopleTracker(SPEC).push(make_frame(), people([100.0]), np.zeros((1, 2, 8), np.float32)[0])


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
@pytest.mark.parametrize("limit", ["min_score", "look_ahead_s", "max_waiting_bytes"])
def test_limits_out_of_range_are_refused(limit, value):
    with pytest.raises(ValueError, match=f"{limit} must be at least 0 and finite, got {value}"):
        PeopleTracker(SPEC, **{limit: value})


def walk(count):
    return [people([100.0 + 3 * i, *([500.0] if i % 5 else [])]) for i in range(count)]


@pytest.mark.parametrize("images", [True, False])
@pytest.mark.parametrize("cut", [0, 3, 7, 15])
def test_restored_tracker_goes_on_exactly_with_the_frames_in_waiting(cut, images, tmp_path):
    story = walk(30)
    wanted = follow(PeopleTracker(SPEC), story)
    first = PeopleTracker(SPEC)
    done = [item for i in range(cut) for item in first.push(make_frame(i), story[i])]
    np.savez(tmp_path / "state.npz", **first.state(images=images))
    second = PeopleTracker(SPEC)
    assert first.waiting == cut - len(done)
    given = [] if images else [make_frame(i).image for i in range(len(done), cut)]
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        second.restore(dict(state), given)
    done += follow(second, story[cut:], cut)
    assert [item.frame.index for item in done] == list(range(30))
    for mine, theirs in zip(done, wanted, strict=True):
        np.testing.assert_array_equal(mine.frame.image, theirs.frame.image)
        assert mine.frame.time_s == theirs.frame.time_s
        np.testing.assert_array_equal(mine.tracked.track_ids, theirs.tracked.track_ids)
        np.testing.assert_array_equal(mine.tracked.track_states, theirs.tracked.track_states)
        np.testing.assert_array_equal(mine.decoded.keypoints, theirs.decoded.keypoints)
    assert {int(s) for item in done for s in item.people.track_states} == {TrackState.CONFIRMED}


def pushed(**options):
    tracker = PeopleTracker(SPEC, **options)
    tracker.push(make_frame(), people([100.0]))
    return tracker


ARRAYS = [name for name in pushed().state() if name.startswith("look_ahead_")]


@pytest.mark.parametrize("name", ARRAYS)
def test_state_with_a_gap_is_refused_and_changes_nothing(name):
    state, tracker = pushed().state(), PeopleTracker(SPEC)
    del state[name]
    with pytest.raises(ValueError, match=f"the state lacks {name}$"):
        tracker.restore(state)
    np.testing.assert_equal(tracker.state(), PeopleTracker(SPEC).state())


def test_state_without_images_needs_them():
    state = pushed().state(images=False)
    assert not any(array.ndim == 3 and array.dtype == np.uint8 for array in state.values())
    with pytest.raises(ValueError, match="the state lacks look_ahead_0_frame_image"):
        PeopleTracker(SPEC).restore(state)


@pytest.mark.parametrize("track", [True, False])
def test_state_of_another_kind_of_tracker_is_refused(track):
    with pytest.raises(ValueError, match="set track accordingly"):
        PeopleTracker(SPEC, track=track).restore(pushed(track=not track).state())


def test_limits_are_told_where_people_are_followed():
    tracker = PeopleTracker(make_spec(person=None))
    tracker.push(make_frame(), people([100.0, 500.0], scores=[0.8, 0.6]))
    assert tracker.limits == pytest.approx((0.75 * 0.8, 0.65 * 0.8), rel=1e-6)
    assert PeopleTracker(SPEC).limits == (0.08, 0.08)
    assert PeopleTracker(SPEC, track=False).limits is None
