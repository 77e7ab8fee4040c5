from dataclasses import replace

import numpy as np
import pytest
from factories import people
from posetrack.kernels.tracking import PoseArrays, follow_poses
from posetrack.structures import COCO_17, Observation
from posetrack.trackers import TrackerConfig
from posetrack.trackers.cues import CUES, GEOMETRY
from posetrack.trackers.tracks import Tracks

EVERYTHING = TrackerConfig(**{f"{name}_weight": 1.0 for name in (*GEOMETRY, *CUES)})
EMBEDDINGS = ("cosine", "euclidean")


def seen_at(poses, time_s=0.0, embeddings=None, image=None):
    return Observation(poses, time_s, image, embeddings)


def cost_of(name, tracks, observation):
    """(T, N) of a cue; None where it sees nothing."""
    cue = CUES[name](COCO_17)
    looks = cue.look(observation)
    return None if looks is None else cue.cost(tracks, looks)


def tracks_of(name, observation):
    """Tracks that remember what a cue sees of the poses that start them."""
    cue = CUES[name](COCO_17)
    tracks = Tracks(COCO_17, cue.memory(observation, cue.look(observation)))
    config = TrackerConfig().native()
    config["double_oks"] = np.inf
    poses = PoseArrays(observation.poses)
    follow_poses(tracks.table, poses, config, time_s=observation.time_s, gate=0.9)
    return tracks


def remember(name, tracks, observation, matches):
    """The first track has this many poses, the newest of them the only one of the observation."""
    cue = CUES[name](COCO_17)
    tracks.matches[:] = matches
    rows = np.zeros(1, np.int32)
    cue.remember(tracks, rows, observation.time_s, cue.look(observation))


def test_every_cue_has_a_weight_in_the_config():
    assert EVERYTHING.cue_weights == dict.fromkeys((*GEOMETRY, *CUES), 1.0)


# --- appearance


@pytest.mark.parametrize(
    ("name", "opposite", "right_angle"), [("cosine", 1.0, 1.0), ("euclidean", 1.0, 0.5**0.5)]
)
def test_appearance_is_compared_at_any_length(name, opposite, right_angle):
    known, seen = np.float32([[1, 0], [0, 3]]), np.float32([[5, 0], [-1, 0]])
    tracks = tracks_of(name, seen_at(people([0.0, 0.0]), embeddings=known))
    cost = cost_of(name, tracks, seen_at(people([0.0, 0.0]), 1.0, seen))
    np.testing.assert_allclose(cost, [[0, opposite], [right_angle] * 2], atol=1e-6)


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_poses_without_embeddings_say_nothing_about_appearance(name):
    tracks = tracks_of(name, seen_at(people([0.0])))
    assert cost_of(name, tracks, seen_at(people([0.0]), 1.0)) is None


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_a_track_of_which_no_look_is_known_costs_all(name):
    tracks = tracks_of(name, seen_at(people([0.0])))
    looks = seen_at(people([0.0]), 1.0, np.float32([[1, 0]]))
    np.testing.assert_array_equal(cost_of(name, tracks, looks), [[1]])


def test_appearance_of_a_track_is_the_mean_of_its_poses():
    tracks = tracks_of("cosine", seen_at(people([0.0]), embeddings=np.float32([[1, 0]])))
    seen = seen_at(people([0.0]), 0.5, np.float32([[0, 1]]))
    remember("cosine", tracks, seen, matches=2)
    np.testing.assert_allclose(tracks.memory["cosine"][:, :2], [[0.5, 0.5]])
    remember("cosine", tracks, seen, matches=100)  # a long time ago counts little
    np.testing.assert_allclose(tracks.memory["cosine"][:, :2], [[0.45, 0.55]])


def test_a_track_keeps_looks_from_all_its_life():
    angles = np.linspace(0, np.pi / 2, 61)  # somebody turns around within a minute
    looks = np.float32([np.cos(angles), np.sin(angles)]).T
    tracks = tracks_of("cosine", seen_at(people([0.0]), embeddings=looks[:1]))
    for second, look in enumerate(looks[1:], start=1):
        remember("cosine", tracks, seen_at(people([0.0]), float(second), look[None]), second + 1)
    sides = seen_at(people([0.0] * 3), 61.0, looks[[5, 30, 60]])
    assert (cost_of("cosine", tracks, sides) < 0.15).all()
    assert (
        1 - looks[5] @ looks[-10:].mean(axis=0) > 0.5
    )  # the newest looks alone know nothing of it


@pytest.mark.parametrize("ended", [[0], [1], [2], [1, 2], [0, 1, 2]])
def test_what_is_remembered_stays_with_its_track_whichever_ends(ended):
    looks = np.float32([[1, 0], [2, 0], [3, 0]])
    tracks = tracks_of("cosine", seen_at(people([0.0, 500.0, 900.0]), embeddings=looks))
    left = np.int32([row for row in range(3) if row not in ended])
    tracks.table.tracker["tracks"] = len(left)
    tracks.remember(left, tracks.memory)
    np.testing.assert_array_equal(tracks.memory["cosine"][:, 0], looks[left, 0])


# --- colours


def dressed(*colors):
    """An image of people at x = 100, 300, ... and their poses; each wears (top, trousers)."""
    image = np.full((400, 200 * len(colors), 3), (120, 130, 140), np.uint8)
    poses = people([(100.0 + 200 * i, 200.0) for i in range(len(colors))])
    for (x1, y1, x2, y2), (top, trousers) in zip(poses.boxes.astype(int), colors, strict=True):
        middle = (y1 + y2) // 2
        image[y1:middle, x1:x2], image[middle:y2, x1:x2] = top, trousers
    return poses, image


RED, BLUE, GREEN = (180, 40, 40), (30, 40, 140), (40, 150, 60)


def test_people_are_told_apart_by_what_they_wear():
    poses, image = dressed((RED, BLUE), (GREEN, BLUE), (RED, GREEN))
    tracks = tracks_of("colors", seen_at(poses, image=image))
    cost = cost_of("colors", tracks, seen_at(poses, 1.0, image=image))
    np.testing.assert_allclose(np.diag(cost), 0, atol=1e-6)
    assert (cost[~np.eye(3, dtype=bool)] > 0.2).all()


@pytest.mark.parametrize("light", [(0.5, 0.5, 0.5), (1.3, 1.3, 1.3), (1.2, 1.0, 0.7)])
def test_the_light_changes_nobody(light):
    poses, image = dressed((RED, BLUE), (GREEN, BLUE))
    tracks = tracks_of("colors", seen_at(poses, image=image))
    other = np.clip(np.rint(image * np.array(light)), 0, 255).astype(np.uint8)
    cost = cost_of("colors", tracks, seen_at(poses, 1.0, image=other))
    assert (np.diag(cost) < 0.1).all()
    assert cost[0, 1] > np.diag(cost).max() + 0.2


def test_left_and_right_are_one():
    poses, image = dressed((RED, BLUE), (GREEN, RED))
    tracks = tracks_of("colors", seen_at(poses, image=image))
    keypoints = poses.keypoints[:, COCO_17.flip_order]
    turned = replace(poses, keypoints=np.ascontiguousarray(keypoints))
    cost = cost_of("colors", tracks, seen_at(turned, 1.0, image=image))
    np.testing.assert_allclose(np.diag(cost), 0, atol=0.02)


def test_parts_that_cannot_be_seen_count_as_half():
    poses, image = dressed((RED, BLUE))
    tracks = tracks_of("colors", seen_at(poses, image=image))
    hidden = poses.keypoint_scores.copy()
    hidden[:, 11:] = 0  # hips and legs: of 8 parts the arms and the head are left
    half = replace(poses, keypoint_scores=hidden)
    cost = cost_of("colors", tracks, seen_at(half, 1.0, image=image))
    np.testing.assert_allclose(cost, [[5 / 8 / 2]], atol=1e-6)
    nothing = replace(poses, keypoint_scores=np.zeros_like(hidden))
    assert cost_of("colors", tracks, seen_at(nothing, 1.0, image=image)) == 0.5


def test_colors_say_nothing_without_an_image_or_where_embeddings_do():
    poses, image = dressed((RED, BLUE))
    tracks = tracks_of("colors", seen_at(poses, image=image))
    assert cost_of("colors", tracks, seen_at(poses, 1.0)) is None
    embeddings = np.float32([[1, 0]])
    assert cost_of("colors", tracks, seen_at(poses, 1.0, embeddings, image)) is None


def test_colors_of_a_person_beyond_the_border_are_those_within():
    poses, image = dressed((RED, BLUE))
    tracks = tracks_of("colors", seen_at(poses, image=image))
    below = int(poses.keypoints[0, 13, 1])  # the knees
    cost = cost_of("colors", tracks, seen_at(poses, 1.0, image=image[:below]))
    assert cost < 0.2
    away = replace(poses, keypoints=poses.keypoints + np.float32(5000))
    assert cost_of("colors", tracks, seen_at(away, 1.0, image=image)) == 0.5
