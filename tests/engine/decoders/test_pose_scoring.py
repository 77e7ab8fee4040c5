"""What the pose scoring network is shown, and what is made of its answers."""

import numpy as np
import parity
import pytest
from posetrack import kernels
from posetrack.engine.decoders.pose_scoring import PoseScoring, pose_scoring
from posetrack.engine.padded_poses import PaddedPoses
from posetrack.structures import COCO_17, CROWDPOSE_14, MPII_16
from tolerances import DECODED_SCORES_RTOL

from ..published_maps import ConstantScores, ScoringNetwork, make_spec

FEATURE_ATOL = 1e-5  # of vectors of a few units in float32


def test_scoring_network_for_another_skeleton_is_refused_at_once():
    companions = {"score": ConstantScores(1)}
    with pytest.raises(ValueError, match="dekr-test has 16: leave out the scoring weights"):
        pose_scoring(make_spec("dekr", MPII_16), companions)
    assert pose_scoring(make_spec("dekr", MPII_16), {}) is None
    for skeleton in (COCO_17, CROWDPOSE_14):
        assert pose_scoring(make_spec("dekr", skeleton), companions) is not None


def predicted(session, keypoints, scores, counts=None, factors=None):
    """(N,) scores of poses (N, K, 2) with scores (N, K)."""
    points, values = (np.ascontiguousarray(a, np.float32)[None] for a in (keypoints, scores))
    return PoseScoring(session)(points, values, counts, factors)[0]


def test_answers_that_are_no_numbers_count_nothing():
    session = ConstantScores(0.5, np.nan, -2, np.inf)
    scores = predicted(session, np.zeros((4, 17, 2)), np.zeros((4, 17)))
    np.testing.assert_array_equal(scores, np.float32([0.5, 0, -2, 0]))


def test_answers_are_multiplied_and_those_behind_the_count_are_none():
    factors = np.float32([[2, 3, 4]])
    arrays = np.zeros((3, 17, 2)), np.zeros((3, 17))
    scores = predicted(ConstantScores(0.5, 0.5, 0.5), *arrays, np.int32([2]), factors)
    np.testing.assert_array_equal(scores, np.float32([1, 1.5, 0]))


def test_nobody_is_not_sent_to_the_network():
    assert predicted(None, np.zeros((0, 17, 2)), np.zeros((0, 17))).shape == (0,)


def test_poses_are_sorted_and_boxed_and_their_scores_left_alone():
    keypoints = np.float32([[[1, 2], [5, 1]], [[3, 3], [2, 9]], [[0, 0], [1, 1]]])
    keypoint_scores = np.float32([[[1, 2], [3, 4], [5, 6]]])
    scores = np.float32([[-1, 7, -1]])
    padded = PaddedPoses(keypoints[None], keypoint_scores, scores, None, None)
    (poses,) = padded.best().to_host()
    np.testing.assert_array_equal(poses.scores, [7, -1, -1])
    np.testing.assert_array_equal(poses.boxes, [[2, 3, 3, 9], [1, 1, 5, 2], [0, 0, 1, 1]])
    np.testing.assert_array_equal(poses.keypoint_scores, [[3, 4], [1, 2], [5, 6]])
    np.testing.assert_array_equal(poses.keypoints[0], keypoints[1])


@pytest.mark.data
def test_crowdpose_feature_is_that_of_the_released_code(shared):
    arrays = parity.load(shared, "decode_hrbu")
    pose = arrays["crowdpose_pose"]
    feature = kernels.scoring_feature(
        np.ascontiguousarray(pose[..., :2], np.float32),
        np.ascontiguousarray(pose[..., 2], np.float32),
    )
    np.testing.assert_allclose(feature, arrays["crowdpose_feature"], atol=FEATURE_ATOL)


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "poses", "feature", "scores", "rescored"),
    [
        ("decode_hrbu", "n5/reg_final_image", "n5/reg_feature", "n5/reg_scores", "n5/reg_rescored"),
        ("decode_hrbu", "n1/heat_final_image", "n1/heat_feature", "n1/heat_scores", None),
        ("decode_hrbu", "n5/heat_final_image", "n5/heat_feature", "n5/heat_scores", None),
        ("decode_dekr", "n1/final_image", "n1/feature", "n1/nms_scores", "n1/rescored"),
        ("decode_dekr", "n5/final_image", "n5/feature", "n5/nms_scores", "n5/rescored"),
    ],
)
def test_rescoring_is_that_of_the_released_code(shared, file, poses, feature, scores, rescored):
    arrays = parity.load(shared, file)
    network, pose = ScoringNetwork(arrays), arrays[poses]
    oks = predicted(network, pose[..., :2], pose[..., 2])
    np.testing.assert_allclose(network.features, arrays[feature], atol=FEATURE_ATOL)
    expected = arrays[rescored or scores.replace("scores", "rescored")]
    np.testing.assert_allclose(oks * arrays[scores], expected, rtol=DECODED_SCORES_RTOL)
