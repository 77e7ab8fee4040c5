import numpy as np
import pytest
from factories import people
from hypothesis import given
from hypothesis import strategies as st
from posetrack.structures import COCO_17, Observation, Poses
from posetrack.trackers import TrackerConfig
from posetrack.trackers.cues import CUES, combined_cost, memories
from posetrack.trackers.motion import MotionNoise
from posetrack.trackers.tracks import Tracks

NOISE = MotionNoise()
EVERYTHING = TrackerConfig(**{f"{name}_weight": 1.0 for name in CUES})
GEOMETRY = ("oks", "iou", "motion")
APPEARANCE = ("cosine", "euclidean")


def cost_of(name, tracks, poses, embeddings=None):
    """(T, N) of a cue."""
    return CUES[name].cost(tracks, Observation(poses, 1.0, embeddings=embeddings))


def tracks_of(poses, embeddings=None):
    tracks = Tracks.start(poses, np.arange(1, len(poses) + 1), 0.0, COCO_17, NOISE)
    tracks.memory = memories(CUES, Observation(poses, 0.0, embeddings=embeddings))
    return tracks


@pytest.mark.parametrize("name", GEOMETRY)
def test_same_pose_costs_nothing_and_a_far_one_everything(name):
    cost = cost_of(name, tracks_of(people([100.0, 900.0])), people([900.0, 100.0, 2000.0]))
    np.testing.assert_allclose(cost, [[1, 0, 1], [0, 1, 1]], atol=1e-6)


@pytest.mark.parametrize("name", GEOMETRY)
@given(st.lists(st.floats(-1e4, 1e4), max_size=4), st.lists(st.floats(-1e4, 1e4), max_size=4))
def test_every_cost_lies_between_zero_and_one(name, old, new):
    cost = cost_of(name, tracks_of(people(old)), people(new))
    assert cost.shape == (len(old), len(new))
    assert np.all((cost >= 0) & (cost <= 1))


def test_every_cue_has_a_weight_in_the_config():
    assert EVERYTHING.cue_weights == dict.fromkeys(CUES, 1.0)


# --- appearance


@pytest.mark.parametrize(
    ("name", "opposite", "right_angle"), [("cosine", 1.0, 1.0), ("euclidean", 1.0, 0.5**0.5)]
)
def test_appearance_is_compared_at_any_length(name, opposite, right_angle):
    known, seen = np.float32([[1, 0], [0, 3]]), np.float32([[5, 0], [-1, 0]])
    cost = cost_of(name, tracks_of(people([0.0, 0.0]), known), people([0.0, 0.0]), seen)
    np.testing.assert_allclose(cost, [[0, opposite], [right_angle] * 2], atol=1e-6)


@pytest.mark.parametrize("name", APPEARANCE)
def test_poses_without_embeddings_say_nothing_about_appearance(name):
    assert cost_of(name, tracks_of(people([0.0])), people([0.0])) is None


def test_appearance_of_a_track_is_the_mean_of_its_poses():
    tracks, seen = tracks_of(people([0.0]), np.float32([[1, 0]])), np.float32([[0, 1]])
    tracks.matches[:] = 2
    CUES["cosine"].remember(tracks, np.array([0]), Observation(people([0.0]), 1.0, None, seen))
    np.testing.assert_allclose(tracks.memory["appearance"], [[0.5, 0.5]])
    tracks.matches[:] = 100  # a long time ago counts little
    CUES["cosine"].remember(tracks, np.array([0]), Observation(people([0.0]), 2.0, None, seen))
    np.testing.assert_allclose(tracks.memory["appearance"], [[0.45, 0.55]])


# --- geometry


def test_iou_of_boxes_shifted_by_half_is_a_third():
    poses = people([100.0])
    width = poses.boxes[0, 2] - poses.boxes[0, 0]
    cost = cost_of("iou", tracks_of(poses), people([100.0 + width / 2]))
    assert cost[0, 0] == pytest.approx(2 / 3, abs=1e-6)


def test_keypoints_that_either_side_lacks_do_not_count():
    before, now = people([100.0]), people([100.0])
    before.keypoint_scores[0, :5] = 0
    before.keypoints[0, :5] = 1e6
    now.keypoint_scores[0, 12:] = 0
    now.keypoints[0, 12:] = np.nan
    assert cost_of("oks", tracks_of(before), now)[0, 0] == pytest.approx(0, abs=1e-6)


def test_one_common_keypoint_is_little_proof():
    now = people([100.0])
    now.keypoint_scores[0, 1:] = 0
    assert cost_of("oks", tracks_of(people([100.0])), now)[0, 0] == pytest.approx(2 / 3, abs=1e-6)


def test_pose_without_keypoints_costs_everything():
    now = people([100.0])
    now.keypoint_scores[:] = 0
    assert cost_of("oks", tracks_of(people([100.0])), now)[0, 0] == 1


def test_other_posture_at_the_same_place_costs_keypoints_but_not_boxes():
    now = people([100.0])
    upside_down = now.keypoints * (1, -1) + (0, 600)
    turned = Poses(upside_down.astype(np.float32), now.keypoint_scores, now.scores, now.boxes)
    tracks = tracks_of(people([100.0]))
    assert cost_of("iou", tracks, turned)[0, 0] == pytest.approx(0, abs=1e-6)
    assert cost_of("oks", tracks, turned)[0, 0] > 0.5


def test_uncertain_track_forgives_a_larger_step():
    sure, unsure = tracks_of(people([100.0])), tracks_of(people([100.0]))
    unsure.predict(0.5, NOISE)
    step = people([150.0])
    assert cost_of("oks", unsure, step)[0, 0] < cost_of("oks", sure, step)[0, 0] - 0.2


def test_distance_counts_in_the_uncertainty_of_the_track():
    tracks = tracks_of(people([100.0]))
    sure = cost_of("motion", tracks, people([130.0]))[0, 0]
    tracks.predict(0.5, NOISE)
    assert 0 < cost_of("motion", tracks, people([130.0]))[0, 0] < 0.6 * sure


# --- together


def test_combined_cost_is_the_weighted_mean_of_the_cues_that_say_something():
    tracks, poses = tracks_of(people([100.0])), people([130.0])
    oks, iou = cost_of("oks", tracks, poses)[0, 0], cost_of("iou", tracks, poses)[0, 0]
    assert 0.05 < oks < 0.95
    assert oks != pytest.approx(iou, abs=0.05)
    weights = {"oks": 3.0, "iou": 1.0, "cosine": 5.0}
    cost = combined_cost(tracks, Observation(poses, 1.0), weights)
    assert cost[0, 0] == pytest.approx(0.75 * oks + 0.25 * iou)


def test_where_no_cue_says_anything_nobody_is_alike():
    cost = combined_cost(
        tracks_of(people([100.0])), Observation(people([100.0]), 1.0), {"cosine": 1.0}
    )
    assert cost.tolist() == [[1.0]]
