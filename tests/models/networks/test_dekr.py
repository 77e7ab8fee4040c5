"""DEKR: the maps of the released code, one branch per keypoint."""

import pytest
import torch
from posetrack.models.networks.dekr import AdaptiveUnit
from posetrack.structures import CROWDPOSE_14
from tolerances import LAYER_ATOL

from ..bottom_up import narrow, released
from ..network_checks import assert_published, image_of, randomise, tensor


def test_fresh_affine_maps_are_zero():
    network, _ = narrow("dekr", CROWDPOSE_14)
    unit = network.offset_feature_layers[3][1]
    assert not unit.transform_matrix_conv.weight.any()
    assert not unit.translation_conv.bias.any()
    assert unit.adapt_conv.weight.abs().max() > 0.1


@torch.no_grad()
def test_translation_moves_what_a_unit_sees():
    unit = randomise(AdaptiveUnit(2))
    for conv, bias in (
        (unit.transform_matrix_conv, [1.0, 0.0, 0.0, 1.0]),
        (unit.translation_conv, [0.0, 0.0]),
    ):
        conv.weight.zero_()
        conv.bias.copy_(torch.tensor(bias))
    x = torch.randn(1, 2, 9, 9)
    still = unit.adapt_conv(x, torch.zeros(1, 18, 9, 9))
    seen = []
    unit.adapt_conv.register_forward_hook(lambda _, __, output: seen.append(output))
    unit.translation_conv.bias.copy_(torch.tensor([1.0, 2.0]))  # y, x
    unit(x)
    expected = still[:, :, 2:-1, 3:-1]
    torch.testing.assert_close(seen[-1][:, :, 1:-2, 1:-3], expected, atol=LAYER_ATOL, rtol=0)


@torch.no_grad()
def test_offset_of_a_keypoint_comes_from_its_own_channels():
    network, image = randomise(narrow("dekr", CROWDPOSE_14)[0]), image_of(64, 64)
    before = network(image)["offset"]
    network.transition_offset[0].weight[3 * 2 : 3 * 3] += 1
    after = network(image)["offset"]
    changed = [
        k for k in range(14) if not torch.equal(before[:, 2 * k :][:, :2], after[:, 2 * k :][:, :2])
    ]
    assert changed == [2]


# ---- against the released code


@pytest.fixture(scope="module")
def published(shared):
    """The arrays of the released code, and the network with their weights."""
    arrays, network, _ = released(shared, "dekr")
    return arrays, network.double()


@pytest.mark.data
@torch.no_grad()
def test_heads_are_those_of_the_released_code(published):
    arrays, network = published
    image = tensor(arrays["s1/input"])
    heads = network(image)
    assert_published(heads["heatmap"], arrays["net/heatmap"])
    assert_published(heads["offset"], arrays["net/offset"])
    features = network.features(image)
    assert_published(network.transition_heatmap(features), arrays["out/transition_heatmap"])
    # stored as float16: half a step of 1/1024 of the value
    assert_published(network.transition_offset(features), arrays["out/transition_offset"], 5e-4)


@pytest.mark.data
@torch.no_grad()
def test_keypoint_branches_are_those_of_the_released_code(published):
    arrays, network = published
    shares = network.transition_offset(network.features(tensor(arrays["s1/input"]))).chunk(17, 1)
    for keypoint in (0, 9):
        got = network.offset_feature_layers[keypoint](shares[keypoint])
        assert_published(got, arrays[f"out/offset_feature_{keypoint}"])


@pytest.mark.data
@torch.no_grad()
def test_adaptive_unit_is_that_of_the_released_code(published):
    arrays, network = published
    unit = network.offset_feature_layers[0][0]
    share = network.transition_offset(network.features(tensor(arrays["s1/input"])))[:, :5]
    seen = {}
    for name in ("transform_matrix_conv", "translation_conv", "adapt_conv"):
        unit.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: seen.update({name: output})
        )
    unit(share)
    for name, output in seen.items():
        assert_published(output, arrays[f"out/adapt0_{name}"])
    assert len(seen) == 3
