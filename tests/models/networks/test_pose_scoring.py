"""The pose scoring network: published names, sizes and scores."""

import numpy as np
import parity
import pytest
import torch
from posetrack.models.networks.pose_scoring import PoseScoring, num_features
from posetrack.structures import COCO_17, CROWDPOSE_14, MPII_16
from tolerances import LAYER_ATOL, PUBLISHED_MAPS

from ..network_checks import assert_exports, tensor


def test_features_are_as_many_as_published():
    assert num_features(COCO_17) == 74
    assert num_features(CROWDPOSE_14) == 59


def test_skeleton_without_published_links_is_refused():
    with pytest.raises(ValueError, match="'mpii-16' has 16: run it without scoring weights"):
        num_features(MPII_16)


def test_parameters_have_the_published_names():
    assert {n: tuple(t.shape) for n, t in PoseScoring(74).state_dict().items()} == {
        "l1.weight": (256, 74),
        "l1.bias": (256,),
        "l2.weight": (256, 256),
        "l2.bias": (256,),
        "l3.weight": (1, 256),
        "l3.bias": (1,),
    }


@torch.no_grad()
def test_two_hidden_layers_then_one_number():
    network = PoseScoring(59)
    weights = {n: t.double().numpy() for n, t in network.state_dict().items()}
    features = torch.randn(4, 59)
    x = features.double().numpy()
    for layer in ("l1", "l2"):
        x = np.maximum(x @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"], 0)
    expected = (x @ weights["l3.weight"].T + weights["l3.bias"])[:, 0]
    np.testing.assert_allclose(network(features)["scores"].numpy(), expected, atol=LAYER_ATOL)


@torch.no_grad()
def test_no_pose_has_no_score():
    assert PoseScoring(59)(torch.zeros(0, 59))["scores"].shape == (0,)


def test_export_takes_any_number_of_poses():
    assert_exports(PoseScoring(59).eval(), torch.randn(1, 59), torch.randn(7, 59), LAYER_ATOL)


@pytest.mark.data
@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "scores"), [("hrbu_narrow", "final_scores"), ("dekr_narrow", None)]
)
def test_scores_are_those_of_the_released_code(shared, name, scores):
    arrays = parity.load(shared, name)
    network = PoseScoring(74)
    network.load_state_dict(parity.weights(arrays, "rescore_sd/"))
    got = network.double()(tensor(arrays["rescore_feature"]))["scores"].numpy()
    before = arrays[scores] if scores else arrays["nms_poses"][:, :, 2].mean(1)
    np.testing.assert_allclose(got * before, arrays["final_rescored"], rtol=PUBLISHED_MAPS)
