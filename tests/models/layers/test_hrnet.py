"""HRNet: published names, how resolutions are exchanged, fresh weights."""

import parity
import pytest
import torch
import torch.nn.functional as F
from posetrack.models.layers.hrnet import (
    HRNET_W32,
    HRNET_W48,
    ExchangeModule,
    HRNet,
    HRNetTrunk,
    initialise,
    initialise_from_imagenet,
)
from tolerances import LAYER_ATOL, PUBLISHED_MAPS

from ..bottom_up import NARROW
from ..network_checks import assert_exports, assert_published, image_of, randomise, tensor


class Dictionary(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return {"features": self.network(image)}


def normalised(weights, name, x):
    """The batch norm of a name, in evaluation."""
    names = ("running_mean", "running_var", "weight", "bias")
    return F.batch_norm(x, *(weights[f"{name}.{part}"] for part in names))


def test_features_are_fifteen_times_the_width():
    assert (HRNET_W32.features, HRNET_W48.features) == (480, 720)
    assert HRNET_W48.stages[-1] == (48, 96, 192, 384)


@pytest.fixture(scope="module")
def published():
    """The tensors of the full-size network, without values."""
    with torch.device("meta"):
        return HRNet(HRNET_W32).state_dict()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("conv1.weight", (64, 3, 3, 3)),
        ("layer1.0.downsample.1.running_mean", (256,)),
        ("layer1.3.conv3.weight", (256, 64, 1, 1)),
        ("transition1.0.0.weight", (32, 256, 3, 3)),
        ("transition1.1.0.0.weight", (64, 256, 3, 3)),
        ("transition3.3.0.0.weight", (256, 128, 3, 3)),
        ("stage2.0.branches.1.3.bn2.num_batches_tracked", ()),
        ("stage3.3.branches.2.3.conv2.weight", (128, 128, 3, 3)),
        ("stage4.2.fuse_layers.0.3.0.weight", (32, 256, 1, 1)),
        ("stage4.2.fuse_layers.3.0.0.0.weight", (32, 32, 3, 3)),
        ("stage4.2.fuse_layers.3.0.2.0.weight", (256, 32, 3, 3)),
        ("stage4.2.fuse_layers.3.0.2.1.running_var", (256,)),
    ],
)
def test_parameters_have_the_published_names(published, name, shape):
    assert tuple(published[name].shape) == shape


def test_branches_that_are_passed_on_have_no_parameters():
    names = HRNet(NARROW).state_dict()
    assert not [
        n for n in names if n.startswith(("transition2.0", "transition2.1", "transition3.2"))
    ]
    assert not [n for n in names if ".fuse_layers.1.1." in n]


@torch.no_grad()
def test_every_branch_becomes_the_sum_of_all_resized_to_it():
    module = randomise(ExchangeModule((3, 4, 5), 0))
    weights = module.state_dict()
    maps = [torch.randn(2, 3, 16, 24), torch.randn(2, 4, 8, 12), torch.randn(2, 5, 4, 6)]

    def path(i, j, x):
        name = f"fuse_layers.{i}.{j}"
        if j > i:
            x = normalised(weights, f"{name}.1", F.conv2d(x, weights[f"{name}.0.weight"]))
            factor = 2 ** (j - i)
            return x.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
        for step in range(i - j):
            x = F.conv2d(x, weights[f"{name}.{step}.0.weight"], stride=2, padding=1)
            x = normalised(weights, f"{name}.{step}.1", x)
            x = F.relu(x) if step < i - j - 1 else x
        return x

    for i, got in enumerate(module(maps)):
        terms = [x if i == j else path(i, j, x) for j, x in enumerate(maps)]
        torch.testing.assert_close(got, F.relu(sum(terms)), atol=LAYER_ATOL, rtol=0)


@torch.no_grad()
def test_features_are_the_branches_at_the_size_of_the_first():
    network = randomise(HRNet(NARROW))
    image = image_of(64, 96)
    first, *others = network.stage_outputs(image)
    assert first.shape == (1, 4, 16, 24)
    assert [x.shape[2:] for x in others] == [(8, 12), (4, 6), (2, 3)]
    resized = [
        F.interpolate(x, size=(16, 24), mode="bilinear", align_corners=False) for x in others
    ]
    expected = torch.cat((first, *resized), 1)
    torch.testing.assert_close(network(image), expected, atol=LAYER_ATOL, rtol=0)
    assert expected.shape[1] == NARROW.features


def test_fresh_weights_are_those_of_the_released_code():
    torch.manual_seed(0)
    network = HRNet(NARROW)
    initialise(network)
    weights = network.state_dict()
    assert weights["layer1.1.conv2.weight"].std().item() == pytest.approx(0.001, rel=0.05)
    assert weights["layer1.1.conv2.weight"].mean().item() == pytest.approx(0, abs=1e-4)
    assert torch.equal(weights["bn1.weight"], torch.ones(64))
    assert torch.equal(weights["bn1.bias"], torch.zeros(64))


def test_imagenet_weights_fill_what_they_share_with_the_network():
    classifier = randomise(HRNet(NARROW), seed=3).state_dict()
    classifier["classifier.weight"] = torch.zeros(1000, 2048)
    del classifier["stage4.0.branches.3.0.conv2.weight"]
    network = randomise(HRNetTrunk(NARROW), seed=4)
    before = network.state_dict()["stage4.0.branches.3.0.conv2.weight"].clone()
    initialise_from_imagenet(network, classifier)
    weights = network.state_dict()
    assert torch.equal(weights["stage4.0.branches.3.0.conv2.weight"], before)
    assert torch.equal(weights["conv1.weight"], classifier["conv1.weight"])
    assert torch.equal(
        weights["stage3.0.fuse_layers.2.0.0.1.running_var"],
        classifier["stage3.0.fuse_layers.2.0.0.1.running_var"],
    )


def test_imagenet_weights_of_another_width_or_network_are_refused():
    network = HRNetTrunk(NARROW)
    other = network.state_dict() | {"transition1.0.0.weight": torch.zeros(5, 256, 3, 3)}
    with pytest.raises(ValueError, match=r"same width, got other shapes of \['transition1.0.0"):
        initialise_from_imagenet(network, other)
    with pytest.raises(ValueError, match="0 names in common"):
        initialise_from_imagenet(network, {"backbone.conv1.weight": torch.zeros(64, 3, 3, 3)})


def test_export_takes_other_sizes_and_batches():
    network = Dictionary(randomise(HRNet(NARROW)))
    assert_exports(network, image_of(64, 96), image_of(96, 64, 2), PUBLISHED_MAPS)


@pytest.mark.data
@torch.no_grad()
def test_stage_outputs_are_those_of_the_released_code(shared):
    arrays = parity.load(shared, "hrbu_narrow")
    network = HRNetTrunk(parity.backbone(parity.config(arrays))).eval()
    weights = parity.weights(arrays)
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    for branch, got in enumerate(network.double().stage_outputs(tensor(arrays["s1/input"]))):
        assert_published(got, arrays[f"out/stage4_{branch}"])
