"""The further networks of a model: which it has, and what they take and give."""

import pytest
import torch
from posetrack.models.companions import OneOutput, companions_of
from posetrack.models.networks.pose_scoring import PoseScoring
from posetrack.structures import COCO_17, CROWDPOSE_14, MPII_16

from .bottom_up import FACE, narrow


@pytest.fixture
def scoring(tmp_path):
    """(network, file of its weights) of pose scoring for COCO."""
    network = PoseScoring(74)
    path = tmp_path / "score.pth"
    torch.save(network.state_dict(), path)
    return network, path


@pytest.mark.parametrize("name", ["heatmap-guided", "higher", "dekr"])
def test_model_without_score_weights_has_no_companion(name):
    assert companions_of(*narrow(name, FACE)) == {}


def test_logocap_refines_with_its_message_passing():
    network, spec = narrow("logocap", CROWDPOSE_14)
    companions = companions_of(network.eval(), spec)
    assert list(companions) == ["refine"]
    module, output, shape = companions["refine"]
    assert (output, shape) == ("kernels", (14 * 3, 11, 11))
    windows = torch.randn(2, *shape)
    with torch.no_grad():
        assert torch.equal(module(windows), network.joints_mlp(windows))
        assert module(windows).shape == (2, 14, 11, 11)


@pytest.mark.parametrize("name", ["heatmap-guided", "higher", "dekr"])
def test_poses_are_scored_with_the_weights_of_the_file(scoring, name):
    network, path = scoring
    companions = companions_of(*narrow(name, COCO_17), path)
    assert list(companions) == ["score"]
    module, output, shape = companions["score"]
    assert (output, shape) == ("scores", (74,))
    features = torch.randn(3, 74)
    with torch.no_grad():
        assert torch.equal(module(features), network(features)["scores"])


def test_model_without_pose_scoring_refuses_its_weights(scoring):
    with pytest.raises(ValueError, match="narrow has no pose scoring: leave the score weights"):
        companions_of(*narrow("logocap", COCO_17), scoring[1])


@pytest.mark.parametrize(
    ("skeleton", "message"),
    [
        (CROWDPOSE_14, "the weights are not those of pose scoring of crowdpose-14: missing none"),
        (MPII_16, "'mpii-16' has 16: run it without scoring weights"),
    ],
)
def test_score_weights_of_another_skeleton_are_refused(scoring, skeleton, message):
    with pytest.raises(ValueError, match=message):
        companions_of(*narrow("dekr", skeleton), scoring[1])


def test_missing_score_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no weight file .*score\.pth"):
        companions_of(*narrow("dekr", COCO_17), tmp_path / "score.pth")


def test_one_output_has_no_name_any_more():
    class Two(torch.nn.Module):
        def forward(self, x):
            return {"a": x, "b": x}

    x = torch.ones(2, 3)
    assert torch.equal(OneOutput(torch.nn.Identity())(x), x)
    with pytest.raises(ValueError, match="too many values"):
        OneOutput(Two())(x)
