"""Strict loading: every tensor finds its place, or the error names it."""

import re

import pytest
import torch
from posetrack.models import MODELS
from posetrack.models.model import Model
from posetrack.models.networks.pose_scoring import PoseScoring
from posetrack.models.weights.load import load_model, load_weights
from posetrack.structures import (
    COCO_17,
    CROWDPOSE_14,
    DecoderSpec,
    HeadSpec,
    InputSizing,
    ModelSpec,
)
from torch import nn

from ..published import shipped_weights

# ---- weights into a network


def network():
    return nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))


def weights(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.rand(tensor.shape, generator=generator)
        if tensor.is_floating_point()
        else torch.tensor(9)
        for name, tensor in network().state_dict().items()
    }


def assert_placed(target, expected):
    for name, tensor in target.state_dict().items():
        assert torch.equal(tensor, expected[name]), name


def test_every_tensor_finds_its_place():
    target = network()
    load_weights(target, weights(), "net")
    assert_placed(target, weights())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_of_any_precision_become_the_networks(dtype):
    target = network()
    source = {n: t.to(dtype) if t.is_floating_point() else t for n, t in weights().items()}
    load_weights(target, source, "net")
    assert target[0].weight.dtype == torch.float32
    assert_placed(target, {n: t.float() if t.is_floating_point() else t for n, t in source.items()})


def test_counters_of_batches_may_be_absent():
    """Files of PyTorch before 0.4.1 do not have them."""
    target, source = network(), weights()
    del source["1.num_batches_tracked"]
    load_weights(target, source, "net")
    assert_placed(target, source | {"1.num_batches_tracked": torch.tensor(0)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"1.running_mean": None}, "missing ['1.running_mean'], left over none, of another shape"),
        ({"fc.bias": torch.zeros(3)}, "missing none, left over ['fc.bias'], of another shape none"),
        (
            {"0.weight": torch.zeros(3, 2)},
            "missing none, left over none, of another shape ['0.weight (3, 2) for (3, 2, 1, 1)']",
        ),
        (
            {"2.num_batches_tracked": torch.tensor(0)},
            "missing none, left over ['2.num_batches_tracked']",
        ),
    ],
)
def test_one_difference_is_enough_to_refuse(change, message):
    target = network()
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    source = {name: t for name, t in (weights() | change).items() if t is not None}
    with pytest.raises(ValueError, match=re.escape(f"the weights are not those of net: {message}")):
        load_weights(target, source, "net")
    assert_placed(target, before)


def test_long_lists_are_shortened():
    source = {f"extra{i:02}": torch.zeros(1) for i in range(13)}
    listed = [f"extra{i:02}" for i in range(10)]
    with pytest.raises(ValueError, match=re.escape(f"left over {listed} and 3 more, of another")):
        load_weights(network(), weights() | source, "net")


# ---- a model, by its name or by what the weights are


class Tiny(nn.Module):
    """One heatmap per keypoint; `family_` tells the families apart."""

    def __init__(self, family, width, keypoints):
        super().__init__()
        self.add_module(family, nn.Conv2d(3, width, 1))
        self.out = nn.Conv2d(width, keypoints, 1)


def builder(family, width, rules):
    def build(skeleton):
        spec = ModelSpec(
            family=family,
            name=f"{family}-{width}",
            skeleton=skeleton,
            sizing=InputSizing(),
            mean=(0, 0, 0),
            std=(1, 1, 1),
            heads=(HeadSpec("heatmap", "heatmap", len(skeleton)),),
            cell_origin="corner",
            decoder=DecoderSpec("none"),
            rules=rules,
        )
        return Tiny(family, width, len(skeleton)), spec

    return build


def tiny(family, width, **paper_width):
    """A model that may have other widths by the rules of its paper."""
    widths = {"released": width, **paper_width}
    builders = {rules: builder(family, w, rules) for rules, w in widths.items()}

    def keypoints(shapes):
        return shapes["out.weight"][0] if f"{family}.weight" in shapes else None

    return Model(family, builders, keypoints)


TABLE = {f"{f}-{w}": tiny(f, w) for f in ("oak", "elm") for w in (4, 8)}


def weights_of(family, width, keypoints):
    return Tiny(family, width, keypoints).state_dict()


@pytest.mark.parametrize("name", ["elm-8", None])
def test_model_is_loaded_with_the_skeleton_of_the_weights(name):
    weights = weights_of("elm", 8, 14)
    network, spec = load_model(name, weights, models=TABLE)
    assert (spec.name, spec.skeleton) == ("elm-8", CROWDPOSE_14)
    assert not network.training
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensor, weights[key]), key


def test_model_is_loaded_from_a_file(tmp_path):
    weights = weights_of("oak", 4, 17)
    path = tmp_path / "a.pth"
    torch.save({"state_dict": {f"module.{n}": t for n, t in weights.items()}}, path)
    network, spec = load_model("oak-4", path, models=TABLE)
    assert spec.skeleton == COCO_17
    assert torch.equal(network.out.weight, weights["out.weight"])


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("ash", ("elm", 8, 17), "model must be one of elm-4, elm-8, oak-4, oak-8, got 'ash'"),
        ("oak-8", ("elm", 8, 17), "these weights are of family elm, not oak"),
        ("elm-4", ("elm", 8, 17), "these weights are of elm-8, not of elm-4"),
        ("elm-4", ("elm", 5, 17), "the weights are not those of elm-4: missing none"),
        (None, ("elm", 5, 17), "the weights are of family elm: not those of elm-4, which is"),
        ("elm-4", ("elm", 4, 11), "the weights have 11 keypoints and no skeleton here has as"),
        ("elm-4", ("ash", 4, 17), "the weights are of no family known here (oak, elm)"),
    ],
)
def test_wrong_weights_are_refused_with_the_reason(name, weights, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        load_model(name, weights_of(*weights), models=TABLE)


BOTH = {"elm-8": tiny("elm", 8, paper=8), "oak-4": tiny("oak", 4, paper=6), "ash-4": tiny("ash", 4)}


@pytest.mark.parametrize(
    ("name", "weights", "asked", "rules"),
    [
        ("elm-8", ("elm", 8, 17), None, "released"),
        (None, ("elm", 8, 17), "paper", "paper"),
        ("elm-8", ("elm", 8, 17), "paper", "paper"),
        ("oak-4", ("oak", 6, 17), None, "paper"),
        (None, ("oak", 6, 17), None, "paper"),
    ],
)
def test_rules_are_those_asked_for_or_the_first_that_the_weights_fit(name, weights, asked, rules):
    network, spec = load_model(name, weights_of(*weights), rules=asked, models=BOTH)
    assert spec.rules == rules
    assert network.out.in_channels == weights[1]


@pytest.mark.parametrize(
    ("name", "weights", "asked", "message"),
    [
        ("ash-4", ("ash", 4, 17), "paper", "this ash network has no paper: use the rules released"),
        (
            "oak-4",
            ("oak", 6, 17),
            "released",
            "these weights are of oak-4 by the rules paper, not by the rules released",
        ),
        (
            None,
            ("oak", 4, 17),
            "paper",
            "these weights are of oak-4 by the rules released, not by the rules paper",
        ),
    ],
)
def test_rules_that_model_or_weights_do_not_have_are_refused(name, weights, asked, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        load_model(name, weights_of(*weights), rules=asked, models=BOTH)


def test_wrong_skeleton_is_refused_with_the_right_one():
    message = "the weights have 14 keypoints (crowdpose-14), asked for coco-17 with 17"
    with pytest.raises(ValueError, match=re.escape(message)):
        load_model("elm-4", weights_of("elm", 4, 14), COCO_17, models=TABLE)


def test_scoring_weights_are_no_model():
    with pytest.raises(ValueError, match="these weights are of family pose-scoring, not elm"):
        load_model("elm-4", PoseScoring(74).state_dict(), models=TABLE)
    with pytest.raises(
        ValueError, match="family pose-scoring: nothing finds poses with them alone"
    ):
        load_model(None, PoseScoring(74).state_dict(), models=TABLE)


def test_shipped_movenet_is_loaded_with_its_pairs_turned():
    weights = {name: torch.from_numpy(array) for name, array in shipped_weights().items()}
    network, spec = load_model(None, weights)
    assert spec == MODELS["movenet-multipose"].build(COCO_17)[1]
    bias, published = network.head.regress.out.bias, weights["head.regress.out.bias"].float()
    assert torch.equal(bias[0::2], published[1::2])
