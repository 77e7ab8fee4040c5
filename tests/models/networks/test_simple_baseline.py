"""SimpleBaseline: the published names, and the heatmaps of the authors' code."""

import numpy as np
import parity
import pytest
import torch
from posetrack.models.layers.resnet import ResNet
from posetrack.models.networks.simple_baseline import (
    MODELS,
    SimpleBaseline,
    SimpleBaselineConfig,
    simple_baseline,
)
from posetrack.structures import COCO_17, MPII_16, POSETRACK_15
from tolerances import MAPS_ATOL, MAPS_RTOL


def shapes_of(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.fixture(scope="module")
def narrow():
    torch.manual_seed(0)
    network = SimpleBaseline(SimpleBaselineConfig(18, (8, 8, 8)), 17).eval()
    with torch.no_grad():
        for tensor in network.deconv_layers.parameters():
            tensor.uniform_(-0.1, 0.1)  # fresh heads say next to nothing
        network.final_layer.weight.normal_()
    return network


def test_head_carries_the_published_names():
    with torch.device("meta"):
        network, _ = MODELS["simple-baseline-resnet-50"].build(COCO_17)
    head = {n: s for n, s in shapes_of(network).items() if n.startswith(("deconv", "final"))}
    assert head["deconv_layers.0.weight"] == (2048, 256, 4, 4)
    assert head["deconv_layers.6.weight"] == (256, 256, 4, 4)
    assert head["deconv_layers.7.running_mean"] == (256,)
    assert head["final_layer.weight"] == (17, 256, 1, 1)
    assert head["final_layer.bias"] == (17,)
    assert len(head) == 3 * (1 + 5) + 2  # no bias of a deconvolution


@pytest.mark.parametrize(("depth", "millions"), [(50, 34.0), (101, 53.0), (152, 68.6)])
def test_parameters_are_as_many_as_published(depth, millions):
    with torch.device("meta"):
        network, _ = MODELS[f"simple-baseline-resnet-{depth}"].build(COCO_17)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == millions


def test_heatmap_has_stride_4(narrow):
    with torch.inference_mode():
        heads = narrow(torch.zeros(2, 3, 64, 96))
    assert {name: tuple(head.shape) for name, head in heads.items()} == {"heatmap": (2, 17, 16, 24)}


def test_each_crop_of_a_batch_is_seen_as_if_alone(narrow):
    crops = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        together = narrow(crops)["heatmap"]
        alone = torch.cat([narrow(crop[None])["heatmap"] for crop in crops])
    assert together.std() > 0.01
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(
    ("skeleton", "crop"), [(COCO_17, (256, 192)), (MPII_16, (256, 256)), (POSETRACK_15, (256, 192))]
)
def test_crops_are_those_of_the_data_set(skeleton, crop):
    with torch.device("meta"):
        network, spec = MODELS["simple-baseline-resnet-50"].build(skeleton)
    assert spec.sizing.crop == crop
    assert (spec.sizing.rule, spec.sizing.convention) == ("crop", "hrnet-affine")
    (head,) = spec.heads
    assert (head.name, head.channels, head.stride) == ("heatmap", len(skeleton), 4)
    assert spec.name == "simple-baseline-resnet-50"
    assert shapes_of(network)["final_layer.bias"] == (len(skeleton),)


def test_other_crops_are_a_matter_of_the_config():
    with torch.device("meta"):
        _, spec = simple_baseline(SimpleBaselineConfig(50, crop=(384, 288)))(COCO_17)
    assert spec.sizing.crop == (384, 288)


def test_weights_tell_their_keypoints():
    model = MODELS["simple-baseline-resnet-101"]
    with torch.device("meta"):
        network, _ = model.build(MPII_16)
        backbone = ResNet(18)
    assert model.family == "simple-baseline"
    assert model.keypoints(shapes_of(network)) == 16
    assert model.keypoints(shapes_of(backbone)) is None
    assert model.keypoints({"final_layer.weight": (17, 32, 1, 1)}) is None


# ---- against the authors' code


@pytest.fixture(scope="module")
def published(shared):
    return parity.load(shared, "simplebaseline_r18_narrow")


@pytest.fixture(scope="module")
def network(published):
    config = parity.config(published)
    config = SimpleBaselineConfig(config["layers"], tuple(config["filters"]), config["style"])
    network = SimpleBaseline(config, 17)
    network.load_state_dict(parity.weights(published))
    return network.eval()


@pytest.mark.data
def test_features_are_those_of_the_authors_code(published, network):
    with torch.inference_mode():
        maps = network.maps(torch.from_numpy(published["input"]))
    for number, features in enumerate(maps, 1):
        expected = published[f"feat/layer{number}_ch0_8"]
        np.testing.assert_allclose(features[:, :8], expected, rtol=MAPS_RTOL, atol=MAPS_ATOL)


@pytest.mark.data
def test_heatmaps_are_those_of_the_authors_code(published, network):
    crop = torch.from_numpy(published["input"])
    with torch.inference_mode():
        straight, flipped = (network(x)["heatmap"].numpy() for x in (crop, crop.flip(3)))
    expected = published["heatmaps"]
    np.testing.assert_allclose(straight, expected, rtol=MAPS_RTOL, atol=MAPS_ATOL)
    # stored after the authors' code had exchanged left and right in place
    flipped = flipped[:, COCO_17.flip_order]
    expected = published["heatmaps_flip_raw"]
    np.testing.assert_allclose(flipped, expected, rtol=MAPS_RTOL, atol=MAPS_ATOL)


@pytest.mark.data
def test_spec_normalises_as_the_authors_code(published):
    with torch.device("meta"):
        _, spec = MODELS["simple-baseline-resnet-50"].build(COCO_17)
    pixels = published["crop_u8"].astype(np.float32)
    normalised = (pixels - np.float32(spec.mean)) / np.float32(spec.std)
    expected = published["input"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(normalised, expected, rtol=MAPS_RTOL, atol=0)
