"""Who counts as a person, and from which frame on: short stories of people and the look ahead."""

from __future__ import annotations

import numpy as np
import pytest
from factories import make_frame, make_spec, people
from posetrack.structures import Frame, TrackState
from posetrack.trackers import PeopleTracker, TrackerConfig

SPEC = make_spec()
CONFIG = TrackerConfig.of(SPEC)
IMAGE_BYTES = make_frame().image.nbytes


def play(story, fps=25.0, **options):
    """Every frame of a story (Poses, one a frame) through a tracker of people."""
    tracker, out, waiting = PeopleTracker(SPEC, **options), [], []
    for index, poses in enumerate(story):
        out += tracker.push(make_frame(index, fps=fps), poses)
        waiting.append(index + 1 - len(out))
    out += tracker.finish()
    assert [item.frame.index for item in out] == list(range(len(story)))
    return out, waiting


def confirmed(out):
    """Number of confirmed poses in each frame."""
    return [int((item.tracked.track_states == TrackState.CONFIRMED).sum()) for item in out]


def test_a_person_is_confirmed_from_the_first_frame():
    out, _ = play([people([100.0 + 2 * i]) for i in range(20)])
    assert confirmed(out) == [1] * 20
    assert {int(item.tracked.track_ids[0]) for item in out} == {1}


def test_a_person_who_enters_later_is_confirmed_from_the_first_sight():
    out, _ = play([people([100.0] if i < 10 else [100.0, 500.0]) for i in range(30)])
    assert confirmed(out) == [1] * 10 + [2] * 20


def test_a_fluke_is_never_confirmed():
    out, _ = play([people([100.0, 500.0] if 10 <= i < 13 else [100.0]) for i in range(30)])
    assert confirmed(out) == [1] * 30
    states = [item.tracked.track_states.tolist() for item in out[10:13]]
    assert states == [[TrackState.CONFIRMED, TrackState.TENTATIVE]] * 3


def test_a_thing_that_only_resembles_a_person_is_never_confirmed():
    out, _ = play([people([100.0], scores=0.12, keypoint_scores=0.1) for _ in range(40)])
    assert confirmed(out) == [0] * 40


@pytest.mark.parametrize("fps", [5.0, 25.0, 60.0])
def test_frames_wait_as_long_as_a_confirmation_takes(fps):
    _, waiting = play([people([100.0]) for _ in range(60)], fps)
    assert max(waiting) == int(CONFIG.confirm_s * fps + 1e-6) + 1


@pytest.mark.parametrize("length", [1, 2, 6])
def test_a_video_too_short_to_confirm_anyone_shows_clear_people(length):
    out, _ = play([people([100.0]) for _ in range(length)])
    assert confirmed(out) == [1] * length


def test_a_short_video_shows_only_who_is_in_every_frame():
    out, _ = play([people([100.0, 500.0] if i else [100.0]) for i in range(4)])
    assert confirmed(out) == [1] * 4


def test_a_short_video_does_not_show_weak_poses():
    out, _ = play([people([100.0], scores=0.12, keypoint_scores=0.1) for _ in range(3)])
    assert confirmed(out) == [0] * 3


def test_the_mercy_for_short_videos_is_not_for_the_end_of_long_ones():
    out, _ = play([people([500.0] if i >= 38 else []) for i in range(40)])
    assert confirmed(out) == [0] * 40


def test_a_video_without_people_or_frames_gives_its_frames_back():
    out, _ = play([people([]) for _ in range(10)])
    assert confirmed(out) == [0] * 10
    assert PeopleTracker(SPEC).finish() == []


def test_a_video_that_starts_late_is_judged_by_its_own_length():
    tracker = PeopleTracker(SPEC)
    image = np.zeros((4, 6, 3), np.uint8)
    for index in range(3):
        assert tracker.push(Frame(image, index, index, 500 + index / 25), people([100.0])) == []
    assert confirmed(tracker.finish()) == [1, 1, 1]


def test_decoded_poses_pass_unchanged():
    poses = people([100.0, 500.0])
    out, _ = play([poses] * 12)
    assert all(item.decoded is poses for item in out)
    assert all((item.tracked.keypoints == poses.keypoints).all() for item in out)


def test_people_are_the_confirmed_rows():
    out, _ = play([people([100.0, 500.0] if 10 <= i < 13 else [100.0]) for i in range(30)])
    assert [len(item.tracked) for item in out[9:14]] == [1, 2, 2, 2, 1]
    assert {len(item.people) for item in out} == {1}
    assert {int(item.people.track_ids[0]) for item in out} == {1}


def test_live_use_gives_every_frame_back_at_once():
    out, waiting = play([people([100.0])] * 20, look_ahead_s=0)
    assert waiting == [0] * 20
    assert confirmed(out) == [0] * 7 + [1] * 13


def test_images_in_waiting_are_bounded_in_bytes():
    _, waiting = play([people([100.0])] * 200, fps=10_000.0, max_waiting_bytes=5 * IMAGE_BYTES)
    assert max(waiting) == 5


def test_frame_that_goes_for_want_of_room_takes_what_is_known_of_it():
    story = [people([100.0])] * 20
    out, _ = play(story, max_waiting_bytes=3 * IMAGE_BYTES)
    assert confirmed(out) == [0] * 4 + [1] * 16


# --- very low and very high frame rates


def passers_by(count):
    """Somebody else in every frame, and somebody who sits all the time."""
    return [people([200.0, 600.0 + 170.0 * (i % 5)], scores=0.4) for i in range(count)]


@pytest.mark.parametrize("fps", [0.1, 0.2, 0.5, 0.6])
@pytest.mark.parametrize("look_ahead_s", [None, 0.0])
def test_people_of_a_time_lapse_are_shown(fps, look_ahead_s):
    out, _ = play(passers_by(8), fps, look_ahead_s=look_ahead_s)
    late = 1 if look_ahead_s == 0 else 0  # live, the first frame cannot know that it stands alone
    assert confirmed(out)[late:] == [2] * (8 - late)


@pytest.mark.parametrize("fps", [0.1, 0.6])
def test_things_of_a_time_lapse_are_not_shown(fps):
    table = people([100.0], scores=0.12, keypoint_scores=0.1)
    assert confirmed(play([table] * 8, fps)[0]) == [0] * 8


def test_a_pause_in_a_video_shows_nobody_who_is_not_there_afterwards():
    tracker, out = PeopleTracker(SPEC), []
    times = [i / 25 for i in range(20)] + [9 + i / 25 for i in range(20)]
    for i, time_s in enumerate(times):
        fluke = [900.0] if i == 20 else []
        frame = Frame(np.zeros((4, 6, 3), np.uint8), i, i, time_s)
        out += tracker.push(frame, people([100.0, *fluke]))
    out += tracker.finish()
    assert confirmed(out) == [1] * 40


@pytest.mark.parametrize("fps", [240.0, 480.0])
def test_walkers_keep_their_ids_at_high_frame_rates(fps):
    rng = np.random.default_rng(2)
    story = []
    for i in range(int(2 * fps)):
        t = i / fps
        poses = people([(200 + 120 * t, 300), (480 - 120 * t, 320)], scores=0.4)
        poses.keypoints[:] += rng.normal(0, 3, poses.keypoints.shape)
        poses.boxes[:] += rng.normal(0, 3, poses.boxes.shape)
        story.append(poses[rng.random(2) < 0.9])
    out, _ = play(story, fps)
    assert {int(i) for item in out for i in item.people.track_ids} == {1, 2}


def test_a_state_knows_when_the_frame_before_was():
    story = passers_by(8)
    whole, _ = play(story, 0.2)
    first, second = PeopleTracker(SPEC), PeopleTracker(SPEC)
    out = [item for i in range(4) for item in first.push(make_frame(i, fps=0.2), story[i])]
    second.restore(first.state())
    for i in range(4, 8):
        out += second.push(make_frame(i, fps=0.2), story[i])
    assert confirmed(out + second.finish()) == confirmed(whole)
