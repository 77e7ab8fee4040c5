"""The heatmap-guided networks: maps of the released code, shared weights, the 2x variant."""

import copy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from posetrack.models.networks.heatmap_guided import (
    AdaptiveBlock,
    HeatmapGuided,
    heatmap_guided_keypoints,
    heatmap_guided_spec,
)
from posetrack.structures import COCO_17
from tolerances import LAYER_ATOL

from ..bottom_up import NETWORKS, released
from ..network_checks import as_released, assert_published, image_of, randomise, tensor

SMALL, HIGHER = (NETWORKS[name].config for name in ("heatmap-guided", "higher"))
BRANCH = "multi_level_layers_4x_heatmap.{}.0.{}"


# ---- the spec, and whose weights a file holds


def test_spec_says_whose_rules_hold():
    assert heatmap_guided_spec("a", SMALL, 512, COCO_17).rules == "released"
    paper = replace(SMALL, rules="paper")
    assert heatmap_guided_spec("a", paper, 512, COCO_17).rules == "paper"


def test_output_layers_alone_are_not_taken_for_a_heatmap_guided_network():
    assert heatmap_guided_keypoints({"final_layers.0.weight": (17, 32, 1, 1)}) is None


# ---- weights that the branches share


def test_branches_share_the_weights_of_convolutions_alone():
    network = HeatmapGuided(SMALL, 17)
    first, _, third = (branch[0] for branch in network.multi_level_layers_4x_heatmap)
    assert third.stn_conv1.weight is first.stn_conv1.weight
    assert third.transform_matrix_conv2.weight is first.transform_matrix_conv2.weight
    assert third.transform_matrix_conv2.bias is not first.transform_matrix_conv2.bias
    assert third.bn1.weight is not first.bn1.weight
    assert third.stn_conv1.weight is not third.stn_conv2.weight


def test_file_with_unequal_copies_is_refused():
    network = HeatmapGuided(SMALL, 17)
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(weights)
    weights[BRANCH.format(1, "stn_conv2.weight")][0, 0, 0, 0] += 1
    with pytest.raises(ValueError, match=r"heatmap\.1\.0\.stn_conv2\.weight.* must be equal"):
        network.load_state_dict(weights)


@pytest.mark.parametrize("assign", [False, True])
def test_weights_stay_shared_after_loading(assign):
    network = HeatmapGuided(SMALL, 17)
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(weights, assign=assign)
    first, second, _ = (branch[0] for branch in network.multi_level_layers_4x_heatmap)
    assert second.stn_conv1.weight is first.stn_conv1.weight
    assert sum(1 for _ in network.parameters()) == sum(
        1 for _ in HeatmapGuided(SMALL, 17).parameters()
    )


def test_missing_weights_are_still_missed():
    network = HeatmapGuided(SMALL, 17)
    weights = network.state_dict()
    del weights[BRANCH.format(1, "stn_conv2.weight")]
    with pytest.raises(RuntimeError, match=r"1\.0\.stn_conv2\.weight"):
        network.load_state_dict(weights)


# ---- adaptive blocks


def with_identity_maps(block):
    for conv in (block.transform_matrix_conv1, block.transform_matrix_conv2):
        torch.nn.init.zeros_(conv.weight)
        conv.bias.data = torch.tensor([1.0, 0.0, 0.0, 1.0])
    return block


@pytest.mark.parametrize(("rules", "spacing"), [("released", 3), ("paper", 1)])
@torch.no_grad()
def test_identity_map_spaces_the_taps_by_the_rules(rules, spacing):
    block = with_identity_maps(randomise(AdaptiveBlock(4, 3, rules)))
    x = torch.randn(1, 4, 12, 12)

    def convolve(x, weight):
        return F.conv2d(x, weight, padding=spacing, dilation=spacing)

    y = F.relu(block.bn1(convolve(x, block.stn_conv1.weight)))
    expected = F.relu(block.bn2(convolve(y, block.stn_conv2.weight)) + x)
    torch.testing.assert_close(block(x), expected, atol=LAYER_ATOL, rtol=0)


@torch.no_grad()
def test_branches_differ_by_dilation_in_the_released_rules_only():
    x = torch.randn(1, 4, 12, 12)
    for rules, same in (("released", False), ("paper", True)):
        near, far = AdaptiveBlock(4, 1, rules), AdaptiveBlock(4, 3, rules)
        randomise(near)
        far.load_state_dict(near.state_dict())
        assert torch.allclose(near(x), far.eval()(x), atol=LAYER_ATOL) == same


@torch.no_grad()
def test_second_map_is_estimated_from_what_the_rules_say():
    x = torch.randn(1, 4, 12, 12)
    for rules in ("released", "paper"):
        block = randomise(AdaptiveBlock(4, 1, rules))
        seen = []
        block.transform_matrix_conv2.register_forward_hook(
            lambda _, args, __, s=seen: s.append(args[0])
        )
        block(x)
        middle = F.relu(
            block.bn1(block.stn_conv1(x, block._offsets(block.transform_matrix_conv1(x))))
        )
        torch.testing.assert_close(seen[0], x if rules == "released" else middle)


def test_fresh_maps_are_zero():
    block = HeatmapGuided(SMALL, 17).multi_level_layers_4x_regression[0][0]
    assert not block.transform_matrix_conv1.weight.any()
    assert not block.transform_matrix_conv2.bias.any()
    assert block.stn_conv1.weight.abs().max().item() == pytest.approx(1 / (6 * 9) ** 0.5, rel=0.1)


# ---- heads


def branch_heatmaps(network, image):
    shared = network.transition_cls(network.features(image))
    return torch.stack(
        [network.final_layers[0](b(shared)) for b in network.multi_level_layers_4x_heatmap]
    )


@torch.no_grad()
def test_heatmap_is_the_mean_of_the_branches():
    network, image = randomise(HeatmapGuided(SMALL, 14)), image_of(64, 96, 2)
    heads = network(image)
    expected = branch_heatmaps(network, image).mean(0)
    torch.testing.assert_close(heads["heatmap"][:, :14], expected, atol=LAYER_ATOL, rtol=0)


@torch.no_grad()
def test_higher_network_takes_the_largest_branch_when_evaluated():
    network, image = randomise(HeatmapGuided(HIGHER, 14)), image_of(64, 96)
    heads, branches = network(image), branch_heatmaps(network, image)
    expected = branches.amax(0)
    torch.testing.assert_close(heads["heatmap"][:, :14], expected, atol=LAYER_ATOL, rtol=0)
    assert (expected - branches.mean(0)).abs().max() > 0.01
    shared = network.transition_cls(network.features(image))
    fed = torch.cat((shared, branches.mean(0)), 1)
    finer = network.final_layers[2](network.deconv_layers[0](fed))
    torch.testing.assert_close(heads["heatmap_2x"], finer, atol=LAYER_ATOL, rtol=0)


@torch.no_grad()
def test_higher_network_gives_every_branch_when_trained():
    network = copy.deepcopy(randomise(HeatmapGuided(HIGHER, 14))).train()
    heads = network(image_of(64, 96, 2))
    branches = heads["heatmap_branches"]
    assert branches.shape == (2, 3, 15, 16, 24)
    torch.testing.assert_close(heads["heatmap"], branches.mean(1), atol=LAYER_ATOL, rtol=0)
    assert torch.equal(branches[:, 2, 14], heads["heatmap"][:, 14])


# ---- against the released code


@pytest.fixture(scope="module")
def published(shared):
    """The arrays of the released code, and the network with their weights."""
    arrays, network, _ = released(shared, "heatmap-guided")
    return arrays, network


@pytest.mark.data
@as_released()
def test_heads_are_those_of_the_released_code(published):
    arrays, network = published
    heads = network(tensor(arrays["s1/input"]))
    assert_published(heads["heatmap"], arrays["net/heat0_0"])
    assert_published(heads["offset"], arrays["net/offset"])


@pytest.mark.data
@as_released()
def test_adaptive_convolution_is_that_of_the_released_code(published):
    arrays, network = published
    block = network.multi_level_layers_4x_heatmap[1][0]
    x = tensor(arrays["out/transition_cls"])
    matrix = block.transform_matrix_conv1(x)
    assert_published(matrix, arrays["out/heat_branch1_T1"])
    assert_published(
        block.stn_conv1(x, block._offsets(matrix)), arrays["out/heat_branch1_stnconv1"]
    )


@pytest.mark.data
@as_released()
def test_branches_are_those_of_the_released_code(published):
    arrays, network = published
    x = tensor(arrays["out/transition_cls"])
    assert_published(network.transition_cls(network.features(tensor(arrays["s1/input"]))), x)
    for i, branch in enumerate(network.multi_level_layers_4x_heatmap):
        assert_published(branch(x), arrays[f"out/heat_branch{i}"])
    (branch,) = network.multi_level_layers_4x_regression
    assert_published(branch(tensor(arrays["out/transition_reg"])), arrays["out/reg_branch0"])
