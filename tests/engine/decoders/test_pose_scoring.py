"""What the pose scoring network is shown, and what is made of its answers."""

import numpy as np
import parity
import pytest
from posetrack import kernels
from posetrack.engine.decoders.pose_scoring import predict_oks, ranked_poses, scoring_session
from posetrack.structures import COCO_17, CROWDPOSE_14, MPII_16
from tolerances import DECODED_SCORES_RTOL

from ..published_maps import ConstantScores, ScoringNetwork, make_spec

FEATURE_ATOL = 1e-5  # of vectors of a few units in float32


def test_scoring_network_for_another_skeleton_is_refused_at_once():
    companions = {"score": ConstantScores(1)}
    with pytest.raises(ValueError, match="dekr-test has 16: leave out the scoring weights"):
        scoring_session(make_spec("dekr", MPII_16), companions)
    assert scoring_session(make_spec("dekr", MPII_16), {}) is None
    for skeleton in (COCO_17, CROWDPOSE_14):
        assert scoring_session(make_spec("dekr", skeleton), companions) is companions["score"]


def test_answers_that_are_no_numbers_count_nothing():
    session = ConstantScores(0.5, np.nan, -2, np.inf)
    scores = predict_oks(session, np.zeros((4, 17, 2)), np.zeros((4, 17)))
    np.testing.assert_array_equal(scores, np.float32([0.5, 0, -2, 0]))


def test_nobody_is_not_sent_to_the_network():
    assert predict_oks(None, np.zeros((0, 17, 2)), np.zeros((0, 17))).shape == (0,)


def test_poses_are_sorted_and_boxed_and_their_scores_left_alone():
    keypoints = np.float32([[[1, 2], [5, 1]], [[3, 3], [2, 9]], [[0, 0], [1, 1]]])
    poses = ranked_poses(keypoints, np.float32([[1, 2], [3, 4], [5, 6]]), np.float32([-1, 7, -1]))
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
    predicted = predict_oks(network, pose[..., :2], pose[..., 2])
    np.testing.assert_allclose(network.features, arrays[feature], atol=FEATURE_ATOL)
    expected = arrays[rescored or scores.replace("scores", "rescored")]
    np.testing.assert_allclose(predicted * arrays[scores], expected, rtol=DECODED_SCORES_RTOL)
