"""The heatmap-guided networks: maps of the released code, shared weights, the 2x variant."""

import copy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from posetrack.models.networks.heatmap_guided import (
    AdaptiveBlock,
    AdaptiveUnits,
    HeatmapGuided,
    heatmap_guided_keypoints,
    heatmap_guided_spec,
)
from posetrack.models.weights.differences import shapes_of
from posetrack.structures import COCO_17
from tolerances import LAYER_ATOL

from ..bottom_up import NETWORKS, released
from ..network_checks import assert_published, image_of, randomise, tensor

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


def with_maps(block, scale):
    """Affine maps that enlarge the grid of the taps by as much."""
    for conv in (block.transform_matrix_conv1, block.transform_matrix_conv2):
        torch.nn.init.zeros_(conv.weight)
        conv.bias.data = torch.tensor([scale, 0.0, 0.0, scale])
    return block


@torch.no_grad()
def test_block_of_the_release_is_spaced_by_its_dilation_and_added_to_its_input():
    block = with_maps(randomise(AdaptiveBlock(4, 3)), 1.0)
    x = torch.randn(1, 4, 12, 12)

    def convolve(x, weight):
        return F.conv2d(x, weight, padding=3, dilation=3)

    y = F.relu(block.bn1(convolve(x, block.stn_conv1.weight)))
    expected = F.relu(block.bn2(convolve(y, block.stn_conv2.weight)) + x)
    torch.testing.assert_close(block(x), expected, atol=LAYER_ATOL, rtol=0)


@pytest.mark.parametrize("scale", [1, 2])
@torch.no_grad()
def test_units_of_the_paper_are_convolutions_at_the_mapped_grid_and_nothing_else(scale):
    """Section 3.1: y(q) is the sum of W_i x(g_i + q) with G = T G_t, then batch norm and ReLU."""
    units = with_maps(randomise(AdaptiveUnits(5, 4)), float(scale))
    x = torch.randn(1, 5, 12, 12)

    def convolve(x, weight):
        return F.conv2d(x, weight, padding=scale, dilation=scale)

    y = F.relu(units.bn1(convolve(x, units.stn_conv1.weight)))
    expected = F.relu(units.bn2(convolve(y, units.stn_conv2.weight)))
    torch.testing.assert_close(units(x), expected, atol=LAYER_ATOL, rtol=0)


@torch.no_grad()
def test_second_map_is_estimated_from_what_the_rules_say():
    x = torch.randn(1, 4, 12, 12)
    for block in (AdaptiveBlock(4, 1), AdaptiveUnits(4, 4)):
        seen = []
        randomise(block).transform_matrix_conv2.register_forward_hook(
            lambda _, args, __, s=seen: s.append(args[0])
        )
        block(x)
        first = block.transform_matrix_conv1(x)
        middle = F.relu(block.bn1(block.stn_conv1.adapted(x, first, block.regular_matrix)))
        torch.testing.assert_close(seen[0], x if isinstance(block, AdaptiveBlock) else middle)


def test_head_of_the_paper_takes_the_features_as_they_are():
    """Section 3.1: units on F, and on F and H together; no layer narrows them before."""
    paper = HeatmapGuided(replace(HIGHER, rules="paper"), 14)
    features = SMALL.backbone.features
    for branch in paper.multi_level_layers_4x_heatmap:
        assert branch[0].stn_conv1.weight.shape == (4, features, 3, 3)
    regression = paper.multi_level_layers_4x_regression[0][0]
    assert regression.stn_conv1.weight.shape == (6, features + 14, 3, 3)
    assert not [name for name in paper.state_dict() if name.startswith("transition_")]
    assert heatmap_guided_keypoints(shapes_of(paper.state_dict())) == 14


def test_branches_of_the_paper_have_weights_of_their_own():
    paper = HeatmapGuided(replace(SMALL, rules="paper"), 14)
    first, second, _ = (branch[0] for branch in paper.multi_level_layers_4x_heatmap)
    assert first.stn_conv1.weight is not second.stn_conv1.weight
    paper.load_state_dict(paper.state_dict())  # and unequal ones are loaded
    assert not torch.equal(first.stn_conv1.weight, second.stn_conv1.weight)


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
def test_higher_network_of_the_paper_takes_the_mean_of_the_branches():
    """Section 4.2: "we average the three output heatmaps as the final heatmap prediction"."""
    network = randomise(HeatmapGuided(replace(HIGHER, rules="paper"), 14))
    image = image_of(64, 96)
    features = network.features(image)
    branches = [network.final_layers[0](b(features)) for b in network.multi_level_layers_4x_heatmap]
    heads, mean = network(image), torch.stack(branches).mean(0)
    torch.testing.assert_close(heads["heatmap"][:, :14], mean, atol=LAYER_ATOL, rtol=0)
    assert network.train()(image).keys() == heads.keys() == {"heatmap", "offset", "heatmap_2x"}


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
    return arrays, network.double()


@pytest.mark.data
@torch.no_grad()
def test_heads_are_those_of_the_released_code(published):
    arrays, network = published
    heads = network(tensor(arrays["s1/input"]))
    assert_published(heads["heatmap"], arrays["net/heat0_0"])
    assert_published(heads["offset"], arrays["net/offset"])


@pytest.mark.data
@torch.no_grad()
def test_adaptive_convolution_is_that_of_the_released_code(published):
    arrays, network = published
    block = network.multi_level_layers_4x_heatmap[1][0]
    x = tensor(arrays["out/transition_cls"])
    matrix = block.transform_matrix_conv1(x)
    assert_published(matrix, arrays["out/heat_branch1_T1"])
    adapted = block.stn_conv1.adapted(x, matrix, block.regular_matrix)
    assert_published(adapted, arrays["out/heat_branch1_stnconv1"])


@pytest.mark.data
@torch.no_grad()
def test_branches_are_those_of_the_released_code(published):
    arrays, network = published
    x = tensor(arrays["out/transition_cls"])
    assert_published(network.transition_cls(network.features(tensor(arrays["s1/input"]))), x)
    for i, branch in enumerate(network.multi_level_layers_4x_heatmap):
        assert_published(branch(x), arrays[f"out/heat_branch{i}"])
    (branch,) = network.multi_level_layers_4x_regression
    assert_published(branch(tensor(arrays["out/transition_reg"])), arrays["out/reg_branch0"])
