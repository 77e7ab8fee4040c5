"""Strict loading: every tensor finds its place, or the error names it."""

import re

import pytest
import torch
from posetrack.models.weights.placing import differences, load_weights, shapes_of
from torch import nn


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


def test_network_without_memory_can_be_compared():
    with torch.device("meta"):
        target = network()
    assert not differences(target, shapes_of(weights()))
    assert len(differences(target, {"0.weight": (3, 2, 1, 1), "a": (1,)})) == 6
