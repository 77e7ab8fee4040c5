"""Small stories: who comes, who goes, and what the tracker makes of it."""

from dataclasses import fields, replace

import numpy as np
import pytest
from factories import make_spec, people
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack.structures import COCO_17, CROWDPOSE_14, Observation, Poses, TrackState
from posetrack.trackers import PoseTracker, TrackerConfig

CONFIG = TrackerConfig.of(make_spec())
RATES = (3, 5, 25, 60)


def new_tracker(**options):
    return PoseTracker(COCO_17, replace(CONFIG, **options))


def play(tracker, frames, fps=25.0, start_s=0.0):
    """Feed one Poses after another; their results."""
    return [tracker.update(Observation(poses, start_s + i / fps)) for i, poses in enumerate(frames)]


def ids(tracked):
    return tracked.track_ids.tolist()


def states(tracked):
    return [TrackState(state) for state in tracked.track_states]


def noisy(poses, rng, pixels):
    keypoints = poses.keypoints + rng.normal(0, pixels, poses.keypoints.shape)
    boxes = poses.boxes + rng.normal(0, pixels, poses.boxes.shape)
    return Poses(
        keypoints.astype(np.float32), poses.keypoint_scores, poses.scores, boxes.astype(np.float32)
    )


# --- birth and confirmation


@pytest.mark.parametrize(("fps", "frame"), [(3, 1), (5, 2), (25, 7), (60, 15)])
def test_track_is_confirmed_at_the_first_frame_after_a_quarter_second(fps, frame):
    tracked = play(new_tracker(), [people([100.0])] * (frame + 3), fps)
    confirmed = [states(t)[0] == TrackState.CONFIRMED for t in tracked]
    assert confirmed == [False] * frame + [True] * 3
    assert {ids(t)[0] for t in tracked} == {1}


@pytest.mark.parametrize("fps", RATES)
def test_pose_that_appears_once_is_never_confirmed(fps):
    tracker = new_tracker(confirm_s=0.0)
    frames = [people([500.0 * i], scores=0.7) for i in range(60)]
    tracked = play(tracker, frames, fps)
    assert all(states(t) == [TrackState.TENTATIVE] for t in tracked)


def test_more_poses_can_be_asked_for_before_a_track_is_confirmed():
    tracked = play(new_tracker(confirm_matches=5), [people([100.0])] * 6, fps=3)
    assert [states(t)[0] == TrackState.CONFIRMED for t in tracked] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("fps", RATES)
def test_still_weak_pose_is_never_confirmed(fps):
    rng = np.random.default_rng(7)
    tracker = new_tracker()
    for i in range(30 * fps):
        scores = [float(np.clip(rng.normal(0.16, 0.03), 0.05, 1))]
        foot_of_a_table = noisy(people([300.0], scores=scores, keypoint_scores=0.22), rng, 3.0)
        assert TrackState.CONFIRMED not in states(
            tracker.update(Observation(foot_of_a_table, i / fps))
        )


@pytest.mark.parametrize("fps", RATES)
def test_confirmed_track_goes_on_when_its_scores_sink(fps):
    tracker = new_tracker()
    play(tracker, [people([100.0], scores=0.3)] * fps, fps)
    weak = play(tracker, [people([100.0], scores=0.06)] * (5 * fps), fps, start_s=1.0)
    assert all(ids(t) == [1] and states(t) == [TrackState.CONFIRMED] for t in weak)


def test_weak_pose_that_walks_is_confirmed():
    walk = [people([20.0 * i], scores=0.16, keypoint_scores=0.22) for i in range(25)]
    tracked = play(new_tracker(), walk, 10)
    assert states(tracked[1]) == [TrackState.TENTATIVE]
    assert states(tracked[-1]) == [TrackState.CONFIRMED]


def test_weak_but_clear_still_person_is_confirmed():
    tracked = play(new_tracker(), [people([100.0], scores=0.12, keypoint_scores=0.32)] * 25)
    assert states(tracked[-1]) == [TrackState.CONFIRMED]


def test_weak_beginning_is_confirmed_soon_after_the_person_becomes_clear():
    tracker = new_tracker()
    play(tracker, [people([100.0], scores=0.11, keypoint_scores=0.15)] * 250)
    clear = play(tracker, [people([100.0], scores=0.4)] * 25, start_s=10.0)
    assert states(clear[0]) == [TrackState.TENTATIVE]
    assert states(clear[-1]) == [TrackState.CONFIRMED]
    assert ids(clear[-1]) == [1]


def test_pose_too_weak_to_start_a_track_has_no_id():
    tracked = new_tracker().update(Observation(people([100.0, 500.0], scores=[0.4, 0.07]), 0.0))
    assert ids(tracked) == [1, -1]
    assert states(tracked) == [TrackState.TENTATIVE, TrackState.UNTRACKED]


def test_best_pose_gets_the_lowest_id():
    tracked = new_tracker().update(
        Observation(people([100.0, 500.0, 900.0], scores=[0.2, 0.6, 0.3]), 0.0)
    )
    assert ids(tracked) == [3, 1, 2]


# --- keeping ids


@pytest.mark.parametrize("fps", RATES)
def test_walking_person_keeps_the_id_at_any_frame_rate(fps):
    speed = 160.0  # px/s: 0.8 of the person's height, a brisk walk
    tracked = play(new_tracker(), [people([i * speed / fps]) for i in range(4 * fps)], fps)
    assert {ids(t)[0] for t in tracked} == {1}


def test_runner_keeps_the_id_at_25_frames_per_second():
    tracked = play(new_tracker(), [people([i * 600 / 25]) for i in range(50)])
    assert {ids(t)[0] for t in tracked} == {1}


@pytest.mark.parametrize("fps", [5, 25, 60])
def test_two_people_who_cross_keep_their_ids(fps):
    rng = np.random.default_rng(3)
    tracker = new_tracker()
    for i in range(4 * fps):
        t = i / fps
        frame = noisy(people([(200 + 120 * t, 300), (680 - 120 * t, 320)]), rng, 3.0)
        assert ids(tracker.update(Observation(frame, t))) == [1, 2]


def test_one_who_is_hidden_while_crossing_gets_the_id_back():
    tracker, fps = new_tracker(), 25
    for i in range(4 * fps):
        t = i / fps
        left, right = 200 + 120 * t, 680 - 120 * t
        hidden = abs(left - right) < 60
        tracked = tracker.update(Observation(people([left] if hidden else [left, right]), t))
        assert ids(tracked) == ([1] if hidden else [1, 2])


@pytest.mark.parametrize("frames", [1, 3, 25])
def test_lost_track_keeps_its_id_after_some_empty_frames(frames):
    tracker = new_tracker()
    walk = [people([100.0 + 4 * i]) for i in range(60)]
    for i in range(25, 25 + frames):
        walk[i] = Poses.empty(17)
    tracked = play(tracker, walk)
    assert all(len(t) == 0 for t in tracked[25 : 25 + frames])
    assert {i for t in tracked for i in ids(t)} == {1}


@pytest.mark.parametrize("fps", RATES)
def test_person_back_within_lost_s_has_the_old_id_and_later_a_new_one(fps):
    frames_lost = int(CONFIG.lost_s * fps)
    for gap, expected in ((frames_lost, 1), (frames_lost + 1, 2)):
        tracker = new_tracker()
        play(tracker, [people([100.0])] * fps, fps)
        play(tracker, [Poses.empty(17)] * (gap - 1), fps, start_s=1.0)
        back = tracker.update(Observation(people([100.0]), 1.0 + (gap - 1) / fps))
        assert ids(back) == [expected]


def test_who_enters_where_nobody_left_is_somebody_new():
    tracker = new_tracker()
    play(tracker, [people([300.0 + 12 * i]) for i in range(25)])  # out at the right
    play(tracker, [Poses.empty(17)] * 75, start_s=1.0)
    assert ids(tracker.update(Observation(people([50.0]), 4.0))) == [2]


def test_who_left_comes_back_where_they_left():
    tracker = new_tracker()
    play(tracker, [people([300.0 + 6 * i]) for i in range(25)])
    play(tracker, [Poses.empty(17)] * 50, start_s=1.0)
    assert ids(tracker.update(Observation(people([450.0]), 3.0))) == [1]


def test_long_pause_between_calls_ends_every_track():
    tracker = new_tracker()
    play(tracker, [people([100.0])] * 25)
    assert ids(tracker.update(Observation(people([100.0]), 60.0))) == [2]


@pytest.mark.parametrize("fps", [25, 60])
def test_tentative_track_survives_only_a_short_gap(fps):
    frames_lost = int(CONFIG.tentative_gap_s * fps)
    for gap, expected in ((frames_lost, 1), (frames_lost + 2, 2)):
        tracker = new_tracker()
        tracker.update(Observation(people([100.0]), 0.0))
        play(tracker, [Poses.empty(17)] * (gap - 1), fps, start_s=1 / fps)
        assert ids(tracker.update(Observation(people([100.0]), gap / fps))) == [expected]


def test_ids_are_never_used_twice():
    tracker, seen = new_tracker(), set()
    for i in range(30):
        visit = ids(
            tracker.update(Observation(people([700.0 * (i % 3), 5000.0 + 900 * (i % 2)]), i * 2.0))
        )
        assert seen.isdisjoint(visit)
        seen.update(visit)
    assert seen == set(range(1, 61))


def test_newcomer_does_not_take_the_id_of_one_who_stays():
    tracker = new_tracker()
    play(tracker, [people([100.0])] * 25)
    both = play(tracker, [people([250.0, 100.0], scores=[0.6, 0.2])] * 25, start_s=1.0)
    assert all(ids(t) == [2, 1] for t in both)


def test_weak_pose_near_a_person_takes_nothing():
    tracker = new_tracker()
    play(tracker, [people([100.0])] * 25)
    for i in range(25, 50):
        tracked = tracker.update(Observation(people([108.0, 100.0], scores=[0.3, 0.05]), i / 25))
        assert ids(tracked) == [1, -1]


# --- the face of update


def test_same_rows_come_back_in_the_same_order():
    poses = people([500.0, 100.0, 900.0], scores=[0.05, 0.5, 0.3])
    tracked = new_tracker().update(Observation(poses, 3.0))
    for name in ("keypoints", "keypoint_scores", "scores", "boxes"):
        np.testing.assert_array_equal(getattr(tracked, name), getattr(poses, name))
    assert tracked.track_ids.dtype == np.int64
    assert tracked.track_states.dtype == np.uint8


def test_empty_frames_give_empty_results():
    for tracked in play(new_tracker(), [Poses.empty(17)] * 3):
        assert tracked.track_ids.shape == tracked.track_states.shape == (0,)


def test_writing_into_results_or_inputs_does_not_disturb_the_tracker():
    tracker = new_tracker()
    for i in range(20):
        poses = people([100.0, 500.0])
        tracked = tracker.update(Observation(poses, i / 25))
        assert ids(tracked) == [1, 2]
        for field in fields(Poses):
            if getattr(tracked, field.name) is not None:
                getattr(tracked, field.name)[:] = 77


@pytest.mark.parametrize("time_s", [1.0, 0.5, float("nan"), float("inf")])
def test_time_that_does_not_increase_is_refused(time_s):
    tracker = new_tracker()
    tracker.update(Observation(people([100.0]), 1.0))
    with pytest.raises(ValueError, match="time_s must increase from frame to frame"):
        tracker.update(Observation(people([100.0]), time_s))
    assert ids(tracker.update(Observation(people([100.0]), 1.1))) == [1]


def test_first_frame_may_have_any_time():
    assert ids(new_tracker().update(Observation(people([100.0]), -50.0))) == [1]


def test_poses_of_another_skeleton_are_refused():
    tracker = PoseTracker(CROWDPOSE_14)
    with pytest.raises(ValueError, match="14 keypoints of skeleton 'crowdpose-14', got 17"):
        tracker.update(Observation(people([100.0]), 0.0))


def test_boxes_must_be_finite():
    poses = people([100.0])
    poses.boxes[0, 2] = np.nan
    with pytest.raises(ValueError, match="boxes must be finite"):
        new_tracker().update(Observation(poses, 0.0))


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_order_of_rows_does_not_change_who_gets_which_id(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    n = data.draw(st.integers(1, 6))
    start, speed = rng.uniform(0, 900, n), rng.uniform(-200, 200, n)
    scores = rng.uniform(0.02, 0.7, n)
    straight, shuffled = new_tracker(), new_tracker()
    for i in range(12):
        frame = noisy(people(start + speed * i / 10, scores=scores), rng, 4.0)
        frame = frame[rng.random(n) < 0.8]
        order = np.array(data.draw(st.permutations(range(len(frame)))), np.intp)
        expected = straight.update(Observation(frame, i / 10))[order]
        tracked = shuffled.update(Observation(frame[order], i / 10))
        assert ids(tracked) == ids(expected)
        assert states(tracked) == states(expected)


# --- limits of a model


def test_every_pose_of_a_model_that_nobody_calibrated_may_become_a_person():
    config = TrackerConfig.of(make_spec(person=None))
    weak = people([100.0], scores=-0.5, keypoint_scores=0.001)
    tracked = play(PoseTracker(COCO_17, config), [weak] * 10)
    assert states(tracked[-1]) == [TrackState.CONFIRMED]


# --- state


def crossing(count):
    """Two people who cross, one of them sometimes unseen, and somebody weak beside them."""
    rng = np.random.default_rng(3)
    frames = []
    for i in range(count):
        poses = people([100.0 + 12 * i, 700.0 - 12 * i, 1500.0], scores=[0.4, 0.3, 0.075])
        frames.append(noisy(poses, rng, 3.0)[rng.random(3) < 0.85])
    return frames


@pytest.mark.parametrize("cut", [0, 1, 7, 20])
def test_restored_tracker_goes_on_exactly_as_the_first_one_would_have(cut, tmp_path):
    frames = crossing(40)
    first = new_tracker()
    play(first, frames[:cut])
    np.savez(tmp_path / "state.npz", **first.state())
    wanted = play(first, frames[cut:], start_s=cut / 25)
    second = new_tracker()
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        second.restore(dict(state))
    got = play(second, frames[cut:], start_s=cut / 25)
    for mine, theirs in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(mine.track_ids, theirs.track_ids)
        np.testing.assert_array_equal(mine.track_states, theirs.track_states)
    for name, array in first.state().items():
        np.testing.assert_array_equal(second.state()[name], array, err_msg=name)


def test_state_is_a_copy():
    tracker = new_tracker()
    play(tracker, [people([100.0])] * 3)
    state = tracker.state()
    before = {name: array.copy() for name, array in state.items()}
    play(tracker, [people([150.0])] * 3, start_s=1.0)
    for name, array in before.items():
        np.testing.assert_array_equal(state[name], array, err_msg=name)


def test_state_of_another_skeleton_or_with_a_gap_is_refused():
    tracker = new_tracker()
    play(tracker, [people([100.0])])
    state = tracker.state()
    with pytest.raises(ValueError, match="14 keypoints of skeleton 'crowdpose-14', got 17"):
        PoseTracker(CROWDPOSE_14).restore(state)
    del state["track_velocity"]
    with pytest.raises(ValueError, match="the tracker's state lacks 'track_velocity'"):
        new_tracker().restore(state)
