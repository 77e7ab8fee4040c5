"""The camera pans, zooms and cuts; people stand and walk."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from factories import make_spec, people
from posetrack.structures import COCO_17, Observation
from posetrack.trackers import PRESETS, PoseTracker, TrackerConfig
from posetrack.trackers.camera import Camera, moved_points, zoom_of

NOBODY = np.zeros((0, 4))
SIZE = (360, 640)  # px, height and width


def world(seed=0):
    """(H, W, 3) of a wide picture with texture of several sizes."""
    rng, picture = np.random.default_rng(seed), np.zeros((1200, 3000, 3))
    for size in (12, 40, 120):
        spots = rng.uniform(0, 85, (1200 // size, 3000 // size, 3))
        picture += cv2.resize(spots, (3000, 1200), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


WORLD = world()


def view(x, y=100.0, zoom=1.0, turn=0.0, scene=WORLD):
    """The picture of a camera whose top left corner sees (x, y), and world -> picture (2, 3)."""
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    matrix = np.array([[c, -s, -c * x + s * y], [s, c, -s * x - c * y]])
    return cv2.warpAffine(scene, matrix, SIZE[::-1], flags=cv2.INTER_AREA), matrix


def full(matrix):
    return np.vstack((matrix, (0, 0, 1)))


@pytest.mark.parametrize(
    "second",
    [{"x": 500.0}, {"x": 520.0, "y": 110.0}, {"x": 505.0, "zoom": 1.05}, {"x": 500, "turn": 0.03}],
)
def test_motion_is_found_to_a_pixel(second):
    camera = Camera()
    (first, before), (image, now) = view(500.0), view(**second)
    assert camera.move(first, NOBODY) is None
    motion = camera.move(image, NOBODY)
    wanted = (full(now) @ np.linalg.inv(full(before)))[:2]
    corners = np.array([(0, 0), (640, 0), (0, 360), (640, 360)])
    assert np.abs(moved_points(motion, corners) - moved_points(wanted, corners)).max() < 1.5
    assert zoom_of(motion) == pytest.approx(second.get("zoom", 1), abs=0.01)


def test_a_cut_is_no_motion():
    camera = Camera()
    camera.move(view(500.0)[0], NOBODY)
    assert camera.move(view(500.0, scene=world(1))[0], NOBODY) is None


def test_a_blank_wall_and_another_size_are_no_motion():
    camera, wall = Camera(), np.full((360, 640, 3), 90, np.uint8)
    assert [camera.move(image, NOBODY) for image in (wall, wall, wall[:200])] == [None] * 3


def test_a_large_moving_person_is_not_the_camera():
    camera = Camera()
    images = []
    for shift in (0, 12):
        image = view(500.0)[0]
        image[40:340, 100 + shift : 420 + shift] = WORLD[600:900, 100:420]
        images.append(image)
    camera.move(images[0], NOBODY)
    motion = camera.move(images[1], np.array([[100, 40, 420, 340]]))
    assert np.abs(motion - np.eye(2, 3)).max() < 0.2


def shaken(tracker, *, images, steps=40):
    """Ids while three people stand and a camera swings to and fro by more than their width."""
    ids = set()
    for i in range(steps):
        x = 700 + 120 * np.sin(i * 0.8)
        image, _ = view(x)
        poses = people([(p - x, 180.0) for p in (850, 950, 1050)], scores=0.8, height=150.0)
        seen = Observation(poses, i / 12, image if images else None)
        ids.update(map(tuple, tracker.update(seen).track_ids.reshape(1, 3).tolist()))
    return ids


def test_people_keep_their_ids_while_the_camera_swings():
    assert shaken(PoseTracker(COCO_17, PRESETS["best"]), images=True) == {(1, 2, 3)}
    assert len(shaken(PoseTracker(COCO_17, PRESETS["best"]), images=False)) > 1
    assert len(shaken(PoseTracker(COCO_17, PRESETS["fast"]), images=True)) > 1


def test_a_thing_that_the_camera_passes_has_not_moved():
    """A weak track that moves becomes a person: not if it is the camera that moves."""
    config = replace(TrackerConfig.of(make_spec()), camera=True)
    for images, confirmed in ((True, False), (False, True)):
        tracker = PoseTracker(COCO_17, replace(config, camera=images))
        for i in range(30):
            image, _ = view(600.0 + 5 * i)
            foot = people([(400.0 - 5 * i, 180.0)], scores=0.16, keypoint_scores=0.22)
            last = tracker.update(Observation(foot, i / 10, image))
        assert (last.track_states[0] == 2) == confirmed


def test_the_image_before_is_part_of_the_state():
    first, second = (PoseTracker(COCO_17, PRESETS["best"]) for _ in range(2))
    poses = people([(300.0, 180.0)], scores=0.8, height=150.0)
    first.update(Observation(poses, 0.0, view(700.0)[0]))
    second.restore(first.state())
    after = people([(220.0, 180.0)], scores=0.8, height=150.0)
    seen = Observation(after, 0.04, view(780.0)[0])
    for tracker in (first, second):
        assert tracker.update(seen).track_ids.tolist() == [1]
    for name, array in first.state().items():
        np.testing.assert_array_equal(second.state()[name], array, err_msg=name)
