import numpy as np
import pytest
from factories import people
from posetrack.kernels.tracking import PoseArrays, follow_poses
from posetrack.structures import COCO_17, Observation
from posetrack.trackers import TrackerConfig
from posetrack.trackers.cues import CUES, GEOMETRY, memories
from posetrack.trackers.tracks import Tracks

EVERYTHING = TrackerConfig(**{f"{name}_weight": 1.0 for name in (*GEOMETRY, *CUES)})
APPEARANCE = ("cosine", "euclidean")


def cost_of(name, tracks, poses, embeddings=None):
    """(T, N) of a cue."""
    return CUES[name].cost(tracks, Observation(poses, 1.0, embeddings=embeddings))


def tracks_of(poses, embeddings=None):
    tracks = Tracks(COCO_17, memories(CUES, Observation(poses, 0.0, embeddings=embeddings)))
    config = TrackerConfig().native()
    config["double_oks"] = np.inf
    follow_poses(tracks.table, PoseArrays(poses), config, time_s=0.0, gate=0.9)
    return tracks


def test_every_cue_has_a_weight_in_the_config():
    assert EVERYTHING.cue_weights == dict.fromkeys((*GEOMETRY, *CUES), 1.0)


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
