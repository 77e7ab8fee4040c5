"""DEKR: the maps of the released code, one branch per keypoint."""

import parity
import pytest
import torch
from posetrack.models.networks.dekr import (
    MODELS,
    AdaptiveUnit,
    Dekr,
    DekrConfig,
    dekr_keypoints,
)
from posetrack.structures import COCO_17, CROWDPOSE_14, ModelSpec
from tolerances import LAYER_ATOL, PUBLISHED_MAPS

from ..bottom_up import (
    NARROW,
    as_released,
    assert_exports,
    assert_published,
    full_size,
    image_of,
    millions_of_parameters,
    randomise,
    tensor,
)

SMALL = DekrConfig(NARROW, 4, 3)


@pytest.mark.parametrize(
    ("name", "millions"), [("dekr-hrnet-w32", 29.56), ("dekr-hrnet-w48", 65.68)]
)
def test_network_has_as_many_parameters_as_published(name, millions):
    count = millions_of_parameters(full_size(MODELS, name))
    assert count == pytest.approx(millions, abs=0.005)


@pytest.fixture(scope="module")
def published():
    """The tensors of the full-size network, without values."""
    return full_size(MODELS, "dekr-hrnet-w32").state_dict()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("conv1.weight", (64, 3, 3, 3)),
        ("transition_heatmap.0.weight", (32, 480, 1, 1)),
        ("head_heatmap.0.0.conv1.weight", (32, 32, 3, 3)),
        ("head_heatmap.1.bias", (18,)),
        ("transition_offset.0.weight", (255, 480, 1, 1)),
        ("offset_feature_layers.16.1.transform_matrix_conv.weight", (4, 15, 3, 3)),
        ("offset_feature_layers.0.0.translation_conv.bias", (2,)),
        ("offset_feature_layers.3.1.adapt_conv.weight", (15, 15, 3, 3)),
        ("offset_feature_layers.3.1.regular_matrix", (2, 9)),
        ("offset_feature_layers.3.1.bn.running_var", (15,)),
        ("offset_final_layer.16.weight", (2, 15, 1, 1)),
    ],
)
def test_parameters_have_the_published_names(published, name, shape):
    assert tuple(published[name].shape) == shape


@pytest.mark.parametrize("name", MODELS)
def test_heads_are_those_of_the_spec(name):
    with torch.device("meta"):
        network, spec = MODELS[name].build(CROWDPOSE_14)
        heads = network(torch.zeros(2, 3, 64, 128))
    assert spec.name == name
    assert {n: tuple(x.shape) for n, x in heads.items()} == {
        head.name: (2, head.channels, 16, 32) for head in spec.heads
    }
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_spec_says_how_published_networks_run():
    with torch.device("meta"):
        _, spec = MODELS["dekr-hrnet-w32"].build(COCO_17)
    assert (spec.sizing.size, spec.sizing.convention) == (512, "hrnet-affine")
    assert (spec.flip, spec.flip_shift, spec.flip_fill) == ("inside", 3, "keep")
    assert [head.sign for head in spec.heads] == [1, -1]


def test_keypoints_are_read_off_the_shapes():
    shapes = {name: tuple(t.shape) for name, t in Dekr(SMALL, 14).state_dict().items()}
    assert dekr_keypoints(shapes) == 14
    assert dekr_keypoints({"final_layer_cls.weight": (18, 32, 1, 1)}) is None


def test_fresh_affine_maps_are_zero():
    unit = Dekr(SMALL, 14).offset_feature_layers[3][1]
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
    network, image = randomise(Dekr(SMALL, 5)), image_of(64, 64)
    before = network(image)["offset"]
    network.transition_offset[0].weight[3 * 2 : 3 * 3] += 1
    after = network(image)["offset"]
    changed = [
        k for k in range(5) if not torch.equal(before[:, 2 * k :][:, :2], after[:, 2 * k :][:, :2])
    ]
    assert changed == [2]


def test_export_takes_other_sizes_and_batches():
    network = randomise(Dekr(SMALL, 5))
    assert_exports(network, image_of(64, 96), image_of(96, 64, 2), PUBLISHED_MAPS)


# ---- against the released code


@pytest.fixture(scope="module")
def released(shared):
    """The arrays of the released code, and the network with their weights."""
    arrays = parity.load(shared, "dekr_narrow")
    config = parity.config(arrays)
    network = Dekr(DekrConfig(parity.backbone(config), config["heat"], config["perkpt"]), 17)
    network.load_state_dict(parity.weights(arrays))
    return arrays, network.eval()


@pytest.mark.data
@as_released()
def test_heads_are_those_of_the_released_code(released):
    arrays, network = released
    image = tensor(arrays["s1/input"])
    heads = network(image)
    assert_published(heads["heatmap"], arrays["net/heatmap"])
    assert_published(heads["offset"], arrays["net/offset"])
    features = network.features(image)
    assert_published(network.transition_heatmap(features), arrays["out/transition_heatmap"])
    # stored as float16: half a step of 1/1024 of the value
    assert_published(network.transition_offset(features), arrays["out/transition_offset"], 5e-4)


@pytest.mark.data
@as_released()
def test_keypoint_branches_are_those_of_the_released_code(released):
    arrays, network = released
    shares = network.transition_offset(network.features(tensor(arrays["s1/input"]))).chunk(17, 1)
    for keypoint in (0, 9):
        got = network.offset_feature_layers[keypoint](shares[keypoint])
        assert_published(got, arrays[f"out/offset_feature_{keypoint}"])


@pytest.mark.data
@as_released()
def test_adaptive_unit_is_that_of_the_released_code(released):
    arrays, network = released
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
