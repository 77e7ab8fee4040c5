"""LOGO-CAP: the maps and kernels of the released code, the paper's variants, the lite backbone."""

from dataclasses import replace

import pytest
import torch
from posetrack.models.flip_test import FlipTest
from posetrack.models.layers.attentive_norm import AttentiveBatchNorm
from posetrack.models.networks.logocap import (
    LOGOCAP_LITE,
    MODELS,
    LogoCap,
    build_logocap,
    initialise_from_movenet,
    logocap_spec,
    message_passing,
)
from posetrack.models.weights.load import load_model
from posetrack.structures import COCO_17, CROWDPOSE_14
from tolerances import LAYER_ATOL, PUBLISHED_MAPS

from ..bottom_up import NETWORKS, released
from ..network_checks import (
    assert_exports,
    assert_published,
    image_of,
    randomise,
    tensor,
)
from ..published import shipped_weights

SMALL = NETWORKS["logocap"].config


@pytest.fixture(scope="module")
def movenet_weights():
    return {name: torch.from_numpy(array).float() for name, array in shipped_weights().items()}


# ---- the spec


def test_spec_decodes_as_published():
    with torch.device("meta"):
        _, spec = MODELS["logocap-hrnet-w48"].build(COCO_17)
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


def test_configuration_says_whether_windows_are_reweighed():
    reweighs = {prior: replace(SMALL, prior=prior).reweighs for prior in ("both", "kem", "kam")}
    assert reweighs == {"both": True, "kem": True, "kam": False}


@torch.no_grad()
def test_flip_test_averages_the_heatmap_and_not_that_of_the_adaptation():
    network, spec = build_logocap("a", replace(SMALL, rules="paper"), 512, COCO_17)
    image = image_of(64, 96)
    plain = randomise(network)(image)
    both = FlipTest(network, spec)(image)
    torch.testing.assert_close(both["adaptation_heatmap"], plain["heatmap"][:, :17])
    assert (both["heatmap"] - plain["heatmap"]).abs().max() > 0.01
    assert "adaptation_heatmap" not in build_logocap("a", SMALL, 512, COCO_17)[0](image)


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
def published(shared):
    """The arrays of the released code, and the network with their weights."""
    arrays, network, _ = released(shared, "logocap")
    return arrays, network.double()


@pytest.mark.data
@torch.no_grad()
def test_maps_are_those_of_the_released_code(published):
    arrays, network = published
    image = tensor(arrays["input"])
    heads = network(torch.cat((image, image.flip(3))))
    assert_published(heads["heatmap"], arrays["heatmaps_raw"])
    assert_published(heads["offset"], arrays["offsets_raw"])
    assert_published(heads["embedding"][:1], arrays["embedding"])


@pytest.mark.data
@torch.no_grad()
def test_features_are_those_of_the_released_code(published):
    arrays, network = published
    # stored as float16: half a step of 1/1024 of the value
    assert_published(network.backbone(tensor(arrays["input"])), arrays["features"], 5e-4)


@pytest.mark.data
@torch.no_grad()
def test_kernels_are_those_of_the_released_code(published):
    arrays, network = published
    windows = tensor(arrays["kem_features_first3"])
    kernels = network.joints_mlp(windows)
    assert len(kernels) == 3
    assert_published(kernels, arrays["kam_preclamp"][:3])


@pytest.mark.data
@torch.no_grad()
def test_mixtures_are_those_of_the_released_code(published):
    arrays, network = published
    x = network.joints_mlp[:4](tensor(arrays["kem_features_first3"]))
    shares = network.joints_mlp[4].attn_weights(x)
    assert_published(shares, arrays["attnnorm_instance_weights"][:3])
