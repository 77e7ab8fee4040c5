"""What must not change who is who: the unit, the side, the number of people, the rate."""

from dataclasses import replace

import numpy as np
import pytest
from factories import people
from posetrack.structures import COCO_17, Observation, Poses
from posetrack.trackers import PRESETS, PoseTracker


def crowd(seed=4, frames=50):
    """Six people who walk at random and sometimes are not found, in a picture of 1280 px."""
    rng = np.random.default_rng(seed)
    place, speed = rng.uniform(100, 1180, 6), rng.uniform(-150, 150, 6)
    for i in range(frames):
        poses = people([(x, 300.0) for x in place + speed * i / 12], scores=0.8)
        keypoints = poses.keypoints + rng.normal(0, 3, poses.keypoints.shape)
        poses = replace(poses, keypoints=keypoints.astype(np.float32))
        yield i / 12, poses[rng.random(6) < 0.85]


def moved(poses, scale=1.0, flip=False):
    """The same poses in another unit or in the flipped picture."""
    keypoints, boxes = poses.keypoints * scale, poses.boxes * scale
    if flip:
        width = 1280 * scale
        keypoints = np.stack((width - keypoints[..., 0], keypoints[..., 1]), axis=2)
        boxes = np.stack((width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]), 1)
        keypoints = keypoints[:, COCO_17.flip_order]
    return replace(poses, keypoints=keypoints.astype(np.float32), boxes=boxes.astype(np.float32))


def ids(frames, preset="fast"):
    tracker = PoseTracker(COCO_17, PRESETS[preset])
    return [tracker.update(Observation(p, time_s)).track_ids.tolist() for time_s, p in frames]


@pytest.mark.parametrize("change", [{"scale": 2.0}, {"scale": 0.25}, {"flip": True}])
def test_neither_unit_nor_side_changes_an_id(change):
    expected = ids(crowd())
    assert max(map(max, expected)) >= 6
    assert ids((time_s, moved(poses, **change)) for time_s, poses in crowd()) == expected


def test_time_may_begin_anywhere():
    expected = ids(crowd())
    assert ids((time_s + 1000.0, poses) for time_s, poses in crowd()) == expected


def test_whole_seconds_are_times_as_others_are():
    frames = [(i, people([100.0 + i], scores=0.8)) for i in range(4)]
    frames.append((3.5, people([103.0], scores=0.8)))
    assert ids(frames) == [[1]] * 5


def test_a_hundred_people_keep_their_ids():
    places = np.stack(np.meshgrid(np.arange(20) * 90.0, np.arange(5) * 230.0), 2).reshape(100, 2)
    frames = []
    for i in range(15):
        step = np.stack((np.full(100, 4.0 * i), np.zeros(100)), axis=1)
        frames.append((i / 25, people([tuple(p) for p in places + step], scores=0.8)))
    assert ids(frames) == [list(range(1, 101))] * 15


def test_a_walker_keeps_the_id_at_a_rate_that_varies():
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.choice([0.04, 0.08, 0.12, 0.28], 60))
    frames = [(t, people([100 + 140 * t, 1500 - 140 * t], scores=0.8)) for t in times.tolist()]
    assert {tuple(found) for found in ids(frames)} == {(1, 2)}


def test_empty_frames_between_change_nothing_for_who_stays():
    frames = [
        (i / 25, people([100.0], scores=0.8) if i % 3 else Poses.empty(17)) for i in range(60)
    ]
    assert {i for found in ids(frames) for i in found} == {1}
