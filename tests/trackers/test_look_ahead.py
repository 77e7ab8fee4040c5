"""Who counts as a person, and from which frame on: short stories of a tracker and the delay."""

from __future__ import annotations

import numpy as np
import pytest
from factories import make_frame, people
from posetrack.structures import COCO_17, Frame, TrackState
from posetrack.trackers import PoseTracker, TrackerConfig
from posetrack.trackers.look_ahead import ConfirmationDelay, TrackedFrame

CONFIG = TrackerConfig()


def play(story, fps=25.0):
    """Every frame of a story (Poses, one a frame) through tracker and delay."""
    tracker, delay = PoseTracker(COCO_17, CONFIG), ConfirmationDelay(CONFIG)
    out, waiting = [], []
    for index, poses in enumerate(story):
        frame = make_frame(index, fps=fps)
        out += delay.push(TrackedFrame(frame, poses, tracker.update(poses, frame.time_s)))
        waiting.append(index + 1 - len(out))
    out += delay.finish()
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
    out, _ = play([people([100.0], scores=0.12, evidence=0.1) for _ in range(40)])
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
    out, _ = play([people([100.0], scores=0.12, evidence=0.1) for _ in range(3)])
    assert confirmed(out) == [0] * 3


def test_the_mercy_for_short_videos_is_not_for_the_end_of_long_ones():
    out, _ = play([people([500.0] if i >= 38 else []) for i in range(40)])
    assert confirmed(out) == [0] * 40


def test_a_video_without_people_or_frames_gives_its_frames_back():
    out, _ = play([people([]) for _ in range(10)])
    assert confirmed(out) == [0] * 10
    assert ConfirmationDelay(CONFIG).finish() == []


def test_a_video_that_starts_late_is_judged_by_its_own_length():
    delay, tracker = ConfirmationDelay(CONFIG), PoseTracker(COCO_17, CONFIG)
    image = np.zeros((4, 6, 3), np.uint8)
    for index in range(3):
        frame, poses = Frame(image, index, index, 500 + index / 25), people([100.0])
        delay.push(TrackedFrame(frame, poses, tracker.update(poses, frame.time_s)))
    assert confirmed(delay.finish()) == [1, 1, 1]


def test_decoded_poses_and_other_arrays_pass_unchanged():
    poses = people([100.0, 500.0])
    out, _ = play([poses] * 12)
    assert all(item.decoded is poses for item in out)
    assert all(item.tracked.keypoints is poses.keypoints for item in out)


def test_frames_that_hardly_advance_in_time_are_not_held_without_limit():
    _, waiting = play([people([100.0])] * 200, fps=10_000.0)
    assert max(waiting) <= 61
