"""Costs and assignments done by hand, properties, and what is refused."""

import ast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import reference

from .association_cases import boxes_of, check_assignment, features_of
from .places import KERNELS, run

# ---- iou_cost


def test_iou_cost_by_hand():
    boxes = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    others = np.array([[5.0, 0, 15, 10], [0, 0, 10, 10], [0, 0, 10, 20]])
    cost = kernels.iou_cost(boxes, others)
    np.testing.assert_allclose(cost, [[1 - 50 / 150, 0, 0.5], [1, 1, 1]], rtol=1e-15)


def test_iou_cost_of_boxes_without_area_is_1_and_never_nan():
    point = np.array([[3.0, 3, 3, 3]])
    nowhere = np.array([[np.nan, 0, 9, 9], [0, 0, np.inf, 9]])
    assert kernels.iou_cost(point, point).tolist() == [[1]]
    assert kernels.iou_cost(nowhere, np.concatenate((point, nowhere))).tolist() == [[1] * 3] * 2


def test_iou_cost_is_the_same_either_way():
    a, b = boxes_of(9, seed=1), boxes_of(11, seed=2)
    np.testing.assert_array_equal(kernels.iou_cost(a, b), kernels.iou_cost(b, a).T)


def test_iou_cost_refuses_float32():
    boxes = boxes_of(2)
    with pytest.raises(TypeError, match="others must be float64, got float32"):
        kernels.iou_cost(boxes, boxes.astype(np.float32))
    with pytest.raises(ValueError, match=r"boxes must have shape \(2, 4\), got \(2, 3\)"):
        kernels.iou_cost(boxes[:, :3].copy(), boxes)


# ---- appearance_cost


def test_appearance_cost_by_hand():
    features = np.float32([[1, 0], [3, 4]])
    others = np.float32([[2, 0], [0, 5], [-1, 0], [0, 0]])
    cost = kernels.appearance_cost(features, others)
    np.testing.assert_allclose(cost, [[0, 1, 1, 1], [0.4, 0.2, 1, 1]], atol=1e-6)


def test_appearance_cost_of_unit_vectors_is_half_their_squared_distance():
    a, b = features_of(5), features_of(5) + features_of(5, seed=1)
    a, b = (f / np.linalg.norm(f, axis=1, keepdims=True) for f in (a, b))
    cost = np.diag(kernels.appearance_cost(a, b))
    assert 0.1 < cost.min() < cost.max() < 0.5
    np.testing.assert_allclose(cost, ((a - b) ** 2).sum(1) / 2, atol=1e-6)


def test_appearance_cost_does_not_depend_on_its_neighbours():
    a, b = features_of(3, 77), features_of(9, 77, 1)
    whole = kernels.appearance_cost(a, b)
    for n in range(len(b)):
        np.testing.assert_array_equal(kernels.appearance_cost(a, b[n : n + 1]), whole[:, n : n + 1])


def test_appearance_cost_refuses_features_of_two_sizes():
    with pytest.raises(ValueError, match=r"others must have shape \(2, 8\), got \(2, 9\)"):
        kernels.appearance_cost(features_of(2, 8), features_of(2, 9))


# ---- assign


def assigned(cost, gate):
    return kernels.assign(np.array([cost], np.float64), gate)[0].tolist()


def test_assign_by_hand():
    assert assigned([[0.1, 0.2], [0.2, 0.7]], 1.0) == [1, 0]
    assert assigned([[0.1, 0.2], [0.2, 0.7]], 0.15) == [0, -1]
    assert assigned([[0.05, 0.3], [0.3, 1.0]], 0.5) == [0, -1]
    assert assigned([[0.3], [0.2], [0.1]], 1.0) == [-1, -1, 0]
    assert assigned([[0.3, 0.2, 0.1]], 1.0) == [2]


def test_assign_matches_only_below_the_gate():
    assert assigned([[0.5]], 0.5) == [-1]
    assert assigned([[np.nextafter(0.5, 0)]], 0.5) == [0]


def test_assign_turns_a_row_out_again_and_leaves_it_alone():
    """The second row needs the first one's column; the first has nothing else."""
    assert assigned([[0.4, 0.9], [0.1, 0.9]], 0.5) == [-1, 0]
    assert assigned([[0.2, 0.3, 0.9], [0.1, 0.9, 0.9], [0.9, 0.1, 0.9]], 0.5) == [-1, 0, 1]


def test_assign_never_takes_nan_or_infinite_costs():
    assert assigned([[np.nan, 0.4], [-np.inf, np.inf]], 0.5) == [1, -1]


@pytest.mark.parametrize("gate", [np.inf, -np.inf, np.nan])
def test_assign_refuses_a_gate_that_is_not_finite(gate):
    with pytest.raises(ValueError, match="gate must be finite, got"):
        kernels.assign(np.zeros((1, 2, 2)), gate)


def test_assign_refuses_a_list_of_costs():
    with pytest.raises(ValueError, match=r"cost must have shape \(B, T, N\), got \(2,\)"):
        kernels.assign(np.zeros(2), 1.0)


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(0, 20),
    columns=st.integers(0, 20),
    steps=st.sampled_from([1, 2, 5, 2**52]),
    gate=st.floats(-0.1, 1.1),
)
def test_assign_saves_what_scipy_saves(seed, rows, columns, steps, gate):
    cost = np.random.default_rng(seed).integers(0, steps + 1, (1, rows, columns)) / steps
    arguments = {"cost": cost, "gate": gate}
    check_assignment(arguments, kernels.assign(cost, gate), reference.assign(cost, gate))


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), first=st.integers(0, 12), second=st.integers(0, 12))
def test_assign_ignores_rows_and_columns_without_a_cost_below_the_gate(seed, first, second):
    cost = np.random.default_rng(seed).integers(0, 4, (1, 14, 13)) / 4
    cost[0, first], cost[0, :, second] = 1, np.nan
    match = kernels.assign(cost, 0.7)[0]
    fewer = np.delete(np.delete(cost[0], first, 0), second, 1)[None]
    arguments = {"cost": fewer, "gate": 0.7}
    rest = np.delete(match, first)
    check_assignment(arguments, (rest - (rest > second))[None], reference.assign(fewer, 0.7))
    assert match[first] == -1


def in_groups(random, sizes, of_group):
    """(1, N, N) costs of groups that have no column in common, in any order of rows and columns."""
    places = np.cumsum([0, *sizes])
    cost = np.full((places[-1], places[-1]), np.inf)
    for first, size in zip(places, sizes, strict=False):
        cost[first : first + size, first : first + size] = of_group(size)
    rows, columns = (random.permutation(len(cost)) for _ in range(2))
    return np.ascontiguousarray(cost[None, rows][..., columns])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ramp", "ties", "any"])
def test_groups_of_rows_that_bid_side_by_side_change_no_match(kind):
    """Ramps take every bid back, more often than a group may: then row after row bids."""
    random = np.random.default_rng(5)
    of_group = {
        "ramp": lambda size: np.outer(np.arange(1, size + 1), np.arange(1, size + 1)) / 100,
        "ties": lambda size: random.integers(0, 3, (size, size)) / 3,
        "any": lambda size: random.random((size, size)),
    }[kind]
    for sizes in [(1,) * 32, (2, 3) * 6, (8, 8, 8, 8), (5, 1, 9, 3), (16, 1), (31,), (7,)] * 4:
        cost = in_groups(random, sizes, of_group)
        for given_cost in (cost, cost[:, :, : len(cost[0]) * 2 // 3].copy(), cost[:, :5].copy()):
            arguments = {"cost": given_cost, "gate": 0.9}
            wanted = kernels.assign(**arguments)
            np.testing.assert_array_equal(run("cuda-on-host", "assign", arguments), wanted)


def test_scipy_is_for_the_reference_alone():
    for path in KERNELS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", ())]
            names.append(getattr(node, "module", None) or "")
            assert not any(name.split(".")[0] == "scipy" for name in names), path.name
