"""From the image to poses, as the authors' code computes them: network, flip test, decoding."""

from dataclasses import replace

import numpy as np
import parity
import pytest
from posetrack.engine import EngineOptions, PoseEngine
from posetrack.exporters.onnx import ExportOptions, graph_form, write_all
from posetrack.models.companions import Companion, OneOutput, companions_of
from posetrack.models.export_wrapper import with_flip_test
from posetrack.models.networks.pose_scoring import PoseScoring, num_features
from posetrack.models.torch_session import TorchSession
from posetrack.structures import COCO_17, SessionOptions

from .models.bottom_up import released

FLIP = EngineOptions(flip_test=True)
WAYS = ["torch", "onnx", "inlined", "openvino"]
# Every runtime rounds convolutions as it likes, torch another way on every kind of CPU, and random
# weights carry that far: maps of up to 10 differ by 3e-5. Scores near 0 are read there.
ATOL, SCORES, PIXELS = 3e-5, 1e-3, 0.1


def engine_of(way, network, spec, companions, folder):
    """With the network in PyTorch, or in an ONNX file that finds the poses itself."""
    if way == "torch":
        session = TorchSession.of_network(*with_flip_test(network, spec))
        sessions = {role: TorchSession.of_companion(one) for role, one in companions.items()}
        return PoseEngine(session, options=FLIP, companions=sessions)
    options = ExportOptions(flip_test=True, inline=way == "inlined")
    models, _ = graph_form(network, spec, companions, options)
    write_all({folder / "model.onnx": models[""]}, options)
    backend = "openvino" if way == "openvino" else "onnxruntime"
    return PoseEngine.load(folder / "model.onnx", SessionOptions(backend=backend, device="cpu"))


def scoring(arrays):
    network = PoseScoring(num_features(COCO_17))
    network.load_state_dict(parity.weights(arrays, "rescore_sd/"))
    return {"score": Companion(OneOutput(network.eval()), "scores", (74,))}


def assert_poses(poses, keypoints, scores):
    """The same people.

    On random maps a few keypoints are ill-conditioned: fits of Gaussians where there is none, heat
    near 0. So one keypoint in twenty may differ, and the scores of poses that have it.
    """
    assert len(poses) == len(scores)
    apart = np.abs(poses.keypoints[:, None] - keypoints[None, ..., :2]).max(axis=3)
    order = np.median(apart, axis=2).argmin(axis=1)
    assert sorted(order) == list(range(len(scores)))
    expected, scores = keypoints[order], scores[order]
    close = np.isclose(poses.keypoint_scores, expected[..., 2], SCORES, ATOL)
    close &= np.abs(poses.keypoints - expected[..., :2]).max(axis=2) < PIXELS
    assert close.mean() >= 0.95
    whole = close.all(axis=1)
    assert whole.sum() >= 2
    np.testing.assert_allclose(poses.scores[whole], scores[whole], SCORES, ATOL)


@pytest.mark.parametrize("way", WAYS)
def test_logocap_from_image_to_poses(shared, tmp_path, way):
    arrays, network, spec = released(shared, "logocap")
    companions = companions_of(network, spec)
    with engine_of(way, network, spec, companions, tmp_path) as engine:
        poses = engine(arrays["image_rgb_u8"])
    scores = arrays["final_scores_after_nms"]
    order = np.argsort(-scores, kind="stable")
    expected = arrays["final_poses_image_xyv"][order]
    sure = ~arrays["kp_ambiguous"][arrays["nms_keep"]][order]
    assert len(poses) == len(scores)
    np.testing.assert_allclose(poses.scores, scores[order], rtol=SCORES)
    apart = np.abs(poses.keypoints - expected[..., :2]).max(axis=2)
    assert apart[sure].max() < PIXELS
    np.testing.assert_allclose(poses.keypoint_scores[sure], expected[..., 2][sure], rtol=SCORES)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("output", ["final", "regression"])
def test_heatmap_guided_from_image_to_poses(shared, tmp_path, output, way):
    arrays, network, spec = released(shared, "heatmap-guided")
    spec = replace(spec, decoder=replace(spec.decoder, options={"output": output}))
    with engine_of(way, network, spec, scoring(arrays), tmp_path) as engine:
        poses = engine(arrays["image_rgb_u8"])
    prefix = "" if output == "final" else "reg_"
    keypoints, scores = arrays[f"{prefix}final_image"], arrays[f"{prefix or 'final_'}rescored"]
    assert_poses(poses, keypoints, scores)


@pytest.mark.parametrize("way", WAYS)
def test_dekr_from_image_to_poses(shared, tmp_path, way):
    arrays, network, spec = released(shared, "dekr")
    with engine_of(way, network, spec, scoring(arrays), tmp_path) as engine:
        poses = engine(arrays["image_rgb_u8"])
    assert_poses(poses, arrays["final_image"], arrays["final_rescored"])
