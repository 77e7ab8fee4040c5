"""From the image to poses, as the authors' code computes them: network, flip test, decoding."""

from dataclasses import replace

import numpy as np
import parity
import pytest
from posetrack.engine import EngineOptions, PoseEngine
from posetrack.models.companions import Companion, OneOutput, companions_of
from posetrack.models.export_wrapper import with_flip_test
from posetrack.models.networks.pose_scoring import PoseScoring, num_features
from posetrack.models.torch_session import TorchSession
from posetrack.structures import COCO_17
from tolerances import POSE_PIXELS, POSE_SCORES

from .models.bottom_up import released

# Maps of up to 10 differ by 3e-5 between two orders of summation; scores near 0 are read there.
SCORE_ATOL = 3e-6
FLIP = EngineOptions(flip_test=True)


def session_of(network, spec):
    return TorchSession.of_network(*with_flip_test(network, spec))


def scoring(arrays):
    network = PoseScoring(num_features(COCO_17))
    network.load_state_dict(parity.weights(arrays, "rescore_sd/"))
    return TorchSession.of_companion(Companion(OneOutput(network.eval()), "scores", (74,)))


def assert_poses(poses, keypoints, scores):
    """The same people in the order of their scores.

    On random maps a few keypoints are ill-conditioned: fits of Gaussians where there is none, heat
    near 0. So one keypoint in twenty may differ, and the scores of poses that have it.
    """
    assert len(poses) == len(scores)
    order = np.argsort(-scores, kind="stable")
    expected, scores = keypoints[order], scores[order]
    close = np.isclose(poses.keypoint_scores, expected[..., 2], POSE_SCORES, SCORE_ATOL)
    close &= np.abs(poses.keypoints - expected[..., :2]).max(axis=2) < POSE_PIXELS
    assert close.mean() >= 0.95
    whole = close.all(axis=1)
    assert whole.sum() >= 2
    np.testing.assert_allclose(poses.scores[whole], scores[whole], POSE_SCORES, SCORE_ATOL)


def test_logocap_from_image_to_poses(shared):
    arrays, network, spec = released(shared, "logocap")
    refine = TorchSession.of_companion(companions_of(network, spec)["refine"])
    session = session_of(network, spec)
    with PoseEngine(session, options=FLIP, companions={"refine": refine}) as engine:
        poses = engine(arrays["image_rgb_u8"])
    scores = arrays["final_scores_after_nms"]
    order = np.argsort(-scores, kind="stable")
    expected = arrays["final_poses_image_xyv"][order]
    sure = ~arrays["kp_ambiguous"][arrays["nms_keep"]][order]
    assert len(poses) == len(scores)
    np.testing.assert_allclose(poses.scores, scores[order], rtol=POSE_SCORES)
    apart = np.abs(poses.keypoints - expected[..., :2]).max(axis=2)
    assert apart[sure].max() < POSE_PIXELS
    np.testing.assert_allclose(
        poses.keypoint_scores[sure], expected[..., 2][sure], rtol=POSE_SCORES
    )


@pytest.mark.parametrize("output", ["final", "regression"])
def test_heatmap_guided_from_image_to_poses(shared, output):
    arrays, network, spec = released(shared, "heatmap-guided")
    spec = replace(spec, decoder=replace(spec.decoder, options={"output": output}))
    session = session_of(network, spec)
    with PoseEngine(session, options=FLIP, companions={"score": scoring(arrays)}) as engine:
        poses = engine(arrays["image_rgb_u8"])
    prefix = "" if output == "final" else "reg_"
    keypoints, scores = arrays[f"{prefix}final_image"], arrays[f"{prefix or 'final_'}rescored"]
    assert_poses(poses, keypoints, scores)


def test_dekr_from_image_to_poses(shared):
    arrays, network, spec = released(shared, "dekr")
    session = session_of(network, spec)
    with PoseEngine(session, options=FLIP, companions={"score": scoring(arrays)}) as engine:
        poses = engine(arrays["image_rgb_u8"])
    assert_poses(poses, arrays["final_image"], arrays["final_rescored"])
