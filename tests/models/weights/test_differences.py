"""Names and shapes of weights, compared with a network's."""

import torch
from posetrack.models.weights.differences import Differences, differences, shapes_of
from torch import nn


def network():
    return nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))


def shapes(**changes):
    """Of the network's own weights, some of them changed or, with None, left out."""
    all_of_them = shapes_of(network().state_dict()) | changes
    return {name: shape for name, shape in all_of_them.items() if shape is not None}


def test_shapes_are_tuples_by_name():
    weights = {"a": torch.zeros(2, 3), "b": torch.tensor(1)}
    assert shapes_of(weights) == {"a": (2, 3), "b": ()}


def test_weights_of_the_network_do_not_differ():
    found = differences(network(), shapes())
    assert found == Differences((), (), ())
    assert not found


def test_counters_of_batches_may_be_absent_but_not_left_over():
    assert not differences(network(), shapes(**{"1.num_batches_tracked": None}))
    found = differences(network(), shapes(**{"9.num_batches_tracked": ()}))
    assert found == Differences((), ("9.num_batches_tracked",), ())


def test_every_difference_is_found_and_sorted():
    changed = shapes(**{"0.bias": None, "0.weight": (3, 2), "b": (1,), "a": (1,), "1.bias": None})
    found = differences(network(), changed)
    assert found.missing == ("0.bias", "1.bias")
    assert found.left_over == ("a", "b")
    assert found.misshapen == ("0.weight (3, 2) for (3, 2, 1, 1)",)
    assert len(found) == 5
    assert str(found) == (
        "missing ['0.bias', '1.bias'], left over ['a', 'b'], "
        "of another shape ['0.weight (3, 2) for (3, 2, 1, 1)']"
    )


def test_network_without_memory_can_be_compared():
    with torch.device("meta"):
        target = network()
    assert not differences(target, shapes())
    assert len(differences(target, {"0.weight": (3, 2, 1, 1), "a": (1,)})) == 6
