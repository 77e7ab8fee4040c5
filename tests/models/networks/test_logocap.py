"""LOGO-CAP: the maps and kernels of the released code, the paper's variants, the lite backbone."""

from dataclasses import replace

import parity
import pytest
import torch
from posetrack.models.layers.attentive_norm import AttentiveBatchNorm
from posetrack.models.networks.logocap import (
    LOGOCAP_LITE,
    LOGOCAP_W32,
    MODELS,
    LogoCap,
    LogoCapConfig,
    initialise_from_movenet,
    logocap_keypoints,
    logocap_spec,
    message_passing,
)
from posetrack.models.weights.load import load_model
from posetrack.structures import COCO_17, CROWDPOSE_14, POSETRACK_15, ModelSpec
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
from ..published import shipped_weights

SMALL = LogoCapConfig(NARROW, 4, 5, 3, (8, 6, 4), mixtures=2)


@pytest.fixture(scope="module")
def movenet_weights():
    return {name: torch.from_numpy(array).float() for name, array in shipped_weights().items()}


# ---- the published networks


@pytest.mark.parametrize(
    ("name", "millions"), [("logocap-hrnet-w32", 35.99), ("logocap-hrnet-w48", 72.11)]
)
def test_network_has_as_many_parameters_as_published(name, millions):
    count = millions_of_parameters(full_size(MODELS, name))
    assert count == pytest.approx(millions, abs=0.005)


@pytest.fixture(scope="module")
def published():
    """The tensors of the full-size network, without values."""
    with torch.device("meta"):
        return LogoCap(LOGOCAP_W32, 17).state_dict()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("backbone.stage4.2.fuse_layers.3.0.2.1.running_var", (256,)),
        ("transition_cls.0.weight", (32, 480, 1, 1)),
        ("transition_cls.1.running_mean", (32,)),
        ("final_layer_cls.bias", (18,)),
        ("final_layer_reg.weight", (34, 256, 1, 1)),
        ("transition_embedding.0.weight", (64, 480, 1, 1)),
        ("joints_mlp.0.weight", (512, 1088, 3, 3)),
        ("joints_mlp.4.weight_", (20, 256)),
        ("joints_mlp.4.attn_weights.attention.0.weight", (20, 256, 1, 1)),
        ("joints_mlp.7.running_var", (128,)),
        ("joints_mlp.9.weight", (17, 128, 1, 1)),
    ],
)
def test_parameters_have_the_published_names(published, name, shape):
    assert tuple(published[name].shape) == shape


def test_keypoints_are_read_off_the_shapes():
    shapes = {name: tuple(t.shape) for name, t in LogoCap(SMALL, 14).state_dict().items()}
    assert logocap_keypoints(shapes) == 14
    assert logocap_keypoints({"final_layers.0.weight": (17, 32, 1, 1)}) is None


@pytest.mark.parametrize("name", MODELS)
def test_heads_are_those_of_the_spec(name):
    with torch.device("meta"):
        network, spec = MODELS[name].build(POSETRACK_15)
        heads = network(torch.zeros(2, 3, 64, 128))
    assert spec.name == name
    assert not network.training
    assert {n: tuple(x.shape) for n, x in heads.items()} == {
        head.name: (2, head.channels, 16, 32) for head in spec.heads
    }
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_spec_says_how_published_networks_run():
    with torch.device("meta"):
        _, spec = MODELS["logocap-hrnet-w48"].build(COCO_17)
    assert (spec.sizing.size, spec.sizing.convention) == (640, "hrnet-affine")
    assert [head.sign for head in spec.heads if head.name == "offset"] == [-1]
    assert spec.cell_origin == "corner"
    assert (spec.flip, spec.flip_shift) == ("inside", 0)
    assert spec.decoder.options == {
        "adaptation": "full",
        "local_window": 11,
        "global_window": 97,
        "prior": "both",
    }


def test_spec_carries_what_decoding_varies():
    config = replace(SMALL, adaptation="partial", local_window=7, global_window=49, prior="kam")
    options = logocap_spec("a", config, 512, COCO_17).decoder.options
    assert options == {
        "adaptation": "partial",
        "local_window": 7,
        "global_window": 49,
        "prior": "kam",
    }


# ---- variants of the paper


def test_batch_norm_takes_the_place_of_attentive_norm():
    attentive = message_passing(SMALL, 17)
    plain = message_passing(replace(SMALL, attentive=False), 17)
    assert [isinstance(attentive[i], AttentiveBatchNorm) for i in (1, 4, 7)] == [False, True, False]
    assert not [layer for layer in plain if isinstance(layer, AttentiveBatchNorm)]
    assert plain[4].weight.shape == (6,)


def test_single_layer_is_a_weighted_sum_at_every_place_of_the_window():
    layers = message_passing(replace(SMALL, message_channels=()), 17)
    assert set(layers.state_dict()) == {"0.weight", "0.bias"}
    x = torch.randn(2, 17 * 3, 7, 7)
    expected = torch.einsum("oc,nchw->nohw", layers[0].weight[:, :, 0, 0], x)
    expected = expected + layers[0].bias[:, None, None]
    torch.testing.assert_close(layers(x), expected, atol=LAYER_ATOL, rtol=0)


@pytest.mark.parametrize("side", [7, 11, 15, 19])
def test_kernels_have_the_side_of_the_window(side):
    kernels = message_passing(SMALL, 14).eval()(torch.randn(3, 14 * 3, side, side))
    assert kernels.shape == (3, 14, side, side)


# ---- the lite backbone


def test_lite_network_starts_from_movenet(movenet_weights):
    torch.manual_seed(0)
    network = LogoCap(LOGOCAP_LITE, 14).eval()
    initialise_from_movenet(network, movenet_weights)
    movenet, _ = load_model("movenet-multipose", movenet_weights)
    image = image_of(64, 96)
    with torch.no_grad():
        expected = movenet.features(image)
        assert torch.equal(network.backbone(image), expected)
        assert expected.shape == (1, 24, 16, 24)


def test_lite_network_takes_all_of_movenet_or_nothing(movenet_weights):
    network = LogoCap(LOGOCAP_LITE, 17)
    del movenet_weights["fpn.lateral8.bias"]
    with pytest.raises(ValueError, match=r"(?s)must be those of MoveNet.*fpn\.lateral8\.bias"):
        initialise_from_movenet(network, movenet_weights)


def test_hrnet_network_refuses_movenet(movenet_weights):
    with pytest.raises(ValueError, match="lite backbone"):
        initialise_from_movenet(LogoCap(SMALL, 17), movenet_weights)


def test_lite_network_sees_images_as_movenet_does():
    with torch.device("meta"):
        _, spec = MODELS["logocap-lite"].build(CROWDPOSE_14)
    assert (spec.sizing.size, spec.sizing.multiple_of) == (256, 32)
    assert spec.sizing.convention == "half-pixel"
    assert (255 - spec.mean[0]) / spec.std[0] == pytest.approx(1, abs=1e-4)


# ---- export


def test_export_takes_other_sizes_and_batches():
    network = randomise(LogoCap(SMALL, 3))
    assert_exports(network, image_of(64, 96), image_of(96, 64, 2), PUBLISHED_MAPS)


class Kernels(torch.nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return {"kernels": self.layers(x)}


def test_message_passing_exports_for_any_number_of_people():
    module = Kernels(randomise(message_passing(SMALL, 14))).eval()
    assert_exports(module, torch.randn(1, 42, 11, 11), torch.randn(5, 42, 11, 11), PUBLISHED_MAPS)


# ---- against the released code


@pytest.fixture(scope="module")
def released(shared):
    """The arrays of the released code, and the network with their weights."""
    arrays = parity.load(shared, "logocap_narrow")
    config = parity.config(arrays)
    network = LogoCap(
        LogoCapConfig(
            parity.backbone(config),
            heat_channels=config["heat_ch"],
            regression_channels=config["reg_ch"],
            embedding_channels=config["emb"],
            message_channels=tuple(config["conv"]),
            mixtures=config["an_affine"],
        ),
        17,
    )
    network.load_state_dict(parity.weights(arrays))
    return arrays, network.eval()


@pytest.mark.data
@as_released()
def test_maps_are_those_of_the_released_code(released):
    arrays, network = released
    image = tensor(arrays["input"])
    heads = network(torch.cat((image, image.flip(3))))
    assert_published(heads["heatmap"], arrays["heatmaps_raw"])
    assert_published(heads["offset"], arrays["offsets_raw"])
    assert_published(heads["embedding"][:1], arrays["embedding"])


@pytest.mark.data
@as_released()
def test_features_are_those_of_the_released_code(released):
    arrays, network = released
    expected = tensor(arrays["features"])
    got = network.backbone(tensor(arrays["input"]))
    # stored as float16: half a step of 1/1024 of the value
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=5e-4)


@pytest.mark.data
@as_released()
def test_kernels_are_those_of_the_released_code(released):
    arrays, network = released
    windows = tensor(arrays["kem_features_first3"])
    kernels = network.joints_mlp(windows)
    assert len(kernels) == 3
    assert_published(kernels, arrays["kam_preclamp"][:3])


@pytest.mark.data
@as_released()
def test_mixtures_are_those_of_the_released_code(released):
    arrays, network = released
    x = network.joints_mlp[:4](tensor(arrays["kem_features_first3"]))
    shares = network.joints_mlp[4].attn_weights(x)
    assert_published(shares, arrays["attnnorm_instance_weights"][:3])
