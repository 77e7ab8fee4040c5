"""MoveNet in PyTorch: strict loading, and the heads of the published graph."""

import re

import numpy as np
import pytest
import torch
from posetrack.models.networks.movenet import THUNDER, MoveNet, x_first
from posetrack.models.weights.checkpoint import read_weights
from posetrack.models.weights.load import load_model, load_weights
from tolerances import HEADS_ATOL

from ..published import EXTRACT, house_heads, read_arrays, shipped_weights


@pytest.fixture(scope="module")
def weights():
    return {name: torch.from_numpy(array) for name, array in shipped_weights().items()}


def run(network, spec, image):
    """Heads of one image (H, W, 3) uint8 as arrays."""
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (spec.mean, spec.std))
    with torch.inference_mode():
        pixels = torch.from_numpy(image)[None].permute(0, 3, 1, 2).float()
        return {name: head.numpy() for name, head in network((pixels - mean) / std).items()}


def assert_heads_close(heads, expected):
    assert heads.keys() == expected.keys()
    for name, head in expected.items():
        np.testing.assert_allclose(heads[name], head, rtol=0, atol=HEADS_ATOL, err_msg=name)


# ---- loading


def test_everything_that_does_not_fit_is_listed_at_once(weights):
    wrong = dict(weights)
    del wrong["backbone.stem.weight"], wrong["head.center.out.bias"]
    wrong["backbone.block17.expand.weight"] = wrong["classifier.bias"] = torch.zeros(3)
    wrong["backbone.last.bias"] = torch.zeros(1279)
    wrong["head.local.out.weight"] = torch.zeros(34, 96)
    message = (
        "the weights are not those of movenet-multipose: "
        "missing ['backbone.stem.weight', 'head.center.out.bias'], "
        "left over ['backbone.block17.expand.weight', 'classifier.bias'], "
        "of another shape ['backbone.last.bias (1279,) for (1280,)', "
        "'head.local.out.weight (34, 96) for (34, 96, 1, 1)']"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        load_model("movenet-multipose", wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"fpn.lateral8.bias": None},
            "missing ['fpn.lateral8.bias'], left over none, of another shape none",
        ),
        (
            {"classifier.bias": torch.zeros(3)},
            "missing none, left over ['classifier.bias'], of another shape none",
        ),
        (
            {"fpn.lateral8.bias": torch.zeros(1)},
            "missing none, left over none, of another shape ['fpn.lateral8.bias (1,) for (32,)']",
        ),
    ],
)
def test_one_tensor_is_enough_to_refuse(weights, change, message):
    wrong = {name: tensor for name, tensor in (weights | change).items() if tensor is not None}
    with pytest.raises(ValueError, match=re.escape(message)):
        load_model("movenet-multipose", wrong)


def test_weights_of_the_other_network_are_refused(weights):
    with pytest.raises(ValueError, match="the weights are not those of movenet-thunder"):
        load_weights(MoveNet(THUNDER), x_first(weights), THUNDER.name)


def test_nothing_but_the_pairs_of_the_last_layers_is_turned(weights):
    loaded = load_model("movenet-multipose", weights)[0].state_dict()
    assert loaded.keys() == weights.keys()
    turned = {
        f"head.{head}.out.{part}"
        for head in ("regress", "local", "box_scale", "box_offset")
        for part in ("weight", "bias")
    }
    for name, tensor in loaded.items():
        assert tensor.dtype == torch.float32
        published = weights[name].float()
        if name in turned:
            assert torch.equal(tensor[0::2], published[1::2]), name
            assert torch.equal(tensor[1::2], published[0::2]), name
            assert not torch.equal(tensor, published), name
        else:
            assert torch.equal(tensor, published), name


def test_loaded_network_is_ready_to_run(weights):
    assert not load_model("movenet-multipose", weights)[0].training


# ---- the network


def test_heads_have_the_channels_and_stride_of_the_spec(weights):
    network, spec = load_model("movenet-multipose", weights)
    heads = run(network, spec, np.zeros((64, 96, 3), np.uint8))
    shapes = {head.name: (1, head.channels, 16, 24) for head in spec.heads}
    assert {name: head.shape for name, head in heads.items()} == shapes


def test_spec_normalises_pixels_as_the_published_graph(weights):
    _, spec = load_model("movenet-multipose", weights)
    pixels = np.array([0.0, 100.0, 255.0])
    for mean, std in zip(spec.mean, spec.std, strict=True):
        np.testing.assert_allclose((pixels - mean) / std, pixels * 0.00784302 - 1, atol=1e-12)


def test_spec_states_what_the_published_decoding_needs(weights):
    _, spec = load_model("movenet-multipose", weights)
    assert spec.cell_origin == "corner"
    assert {head.name for head in spec.heads if head.activation == "sigmoid"} == {"heatmap"}
    assert {head.stride for head in spec.heads} == {4}
    assert spec.sizing.multiple_of == 32
    assert spec.weights_licence == "Apache-2.0"


def test_thunder_has_no_box_heads():
    assert set(MoveNet(THUNDER).head) == {"center", "heatmap", "regress", "local"}


# ---- against the published graph


@pytest.mark.data
def test_model_that_ships_holds_the_published_weights(shared):
    published = read_arrays(shared / "weights" / "movenet_multipose.npz")
    shipped = shipped_weights()
    assert shipped.keys() == published.keys()
    for name, array in published.items():
        np.testing.assert_array_equal(shipped[name], array, err_msg=name)


@pytest.mark.data
@pytest.mark.parametrize("prefix", ["multipose_square", "multipose_wide"])
def test_multipose_heads_are_those_of_the_published_graph(shared, prefix):
    published = read_arrays(shared / "weights" / "movenet_parity.npz")
    weights = read_weights(shared / "weights" / "movenet_multipose.npz")
    network, spec = load_model("movenet-multipose", weights)
    heads = run(network, spec, published[f"{prefix}_image"])
    assert_heads_close(heads, house_heads(published, prefix))


@pytest.mark.data
def test_thunder_heads_are_those_of_the_published_graph(shared, weights):
    published = read_arrays(shared / "weights" / "movenet_parity.npz")
    network = MoveNet(THUNDER).eval()
    thunder = read_weights(shared / "weights" / "movenet_thunder.npz")
    load_weights(network, x_first(thunder), THUNDER.name)
    _, spec = load_model("movenet-multipose", weights)  # normalises alike
    heads = run(network, spec, published["thunder_image"])
    assert_heads_close(heads, house_heads(published, "thunder"))


@pytest.mark.data
def test_extract_is_what_the_full_file_holds(shared):
    full = read_arrays(shared / "weights" / "movenet_parity.npz")
    extract = read_arrays(EXTRACT)
    sparse = {"multipose_wide_regress", "multipose_wide_local"}  # 0 where nothing is read
    for name, array in extract.items():
        kept = (array != 0) if name in sparse else np.ones(array.shape, np.bool_)
        np.testing.assert_array_equal(array[kept], full[name][kept], err_msg=name)
    assert all(0 < (extract[name] != 0).mean() < 0.1 for name in sparse)
