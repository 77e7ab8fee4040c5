"""Adaptive convolutions done by hand, those of the networks, and what is refused."""

import numpy as np
import pytest
import torch
from posetrack import kernels
from posetrack.models.layers.adaptive_convolution import (
    affine_offsets,
    deformable_convolution,
    regular_grid,
)
from tolerances import ADAPTIVE_ATOL, HALF_ATOL

from .adaptive_cases import CASES, affine_maps
from .case import rng
from .places import run

USUAL = CASES["adaptive_convolution"][1].arguments


def test_one_tap_between_four_cells_by_hand():
    x = np.float32([[[[1, 2], [4, 8]]]])
    weight = np.zeros((1, 1, 3, 3), np.float32)
    weight[0, 0, 1, 1] = 10
    translation = np.zeros((1, 2, 2, 2), np.float32)
    translation[0, 0, 0, 0], translation[0, 1, 0, 0] = 0.25, 0.5
    translation[0, :, 1, 1] = 0.5
    matrix = np.zeros((1, 4, 2, 2), np.float32)
    out = kernels.adaptive_convolution(x, matrix, weight, translation)
    np.testing.assert_array_equal(out[0, 0], [[0.75 * 15 + 0.25 * 60, 20], [40, 0.25 * 80]])


def test_matrix_acts_on_the_columns_y_x_of_the_grid():
    """yx moves taps down with their column: a weight left of the cell then reads above it."""
    x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
    weight = np.zeros((1, 1, 3, 3), np.float32)
    weight[0, 0, 1, 0] = 1
    matrix = np.zeros((1, 4, 5, 5), np.float32)
    matrix[:, 1] = 1
    out = kernels.adaptive_convolution(x, matrix, weight)
    np.testing.assert_array_equal(out[0, 0, 1:], x[0, 0, :-1])
    np.testing.assert_array_equal(out[0, 0, 0], 0)


def test_channels_and_images_do_not_touch_each_other():
    whole = kernels.adaptive_convolution(**USUAL)
    for b in range(len(whole)):
        one = {name: value[b : b + 1] for name, value in USUAL.items() if name != "weight"}
        alone = kernels.adaptive_convolution(**one, weight=USUAL["weight"][2:4])
        np.testing.assert_array_equal(alone, whole[b : b + 1, 2:4])


@pytest.mark.parametrize(("dilation", "base"), [(1, 1), (2, 1), (3, 1), (3, 3)])
@pytest.mark.parametrize("moved", [False, True])
def test_it_is_that_of_the_networks(dilation, base, moved):
    random = rng(33)
    x = random.normal(0, 1, (2, 15, 20, 24)).astype(np.float32)
    weight = (random.normal(0, 1, (15, 15, 3, 3)) / 12).astype(np.float32)
    matrix = affine_maps(2, 20, 24, 0.5)
    translation = random.normal(0, 2, (2, 2, 20, 24)).astype(np.float32) if moved else None
    got = kernels.adaptive_convolution(x, matrix, weight, translation, dilation=dilation, base=base)
    grid = regular_grid()
    moves = torch.from_numpy(translation) if moved else None
    offsets = affine_offsets(torch.from_numpy(matrix), grid, base * grid, moves)
    tensors = torch.from_numpy(x), torch.from_numpy(weight)
    wanted = deformable_convolution(*tensors, offsets, dilation * grid)
    assert wanted.abs().max() > 1
    np.testing.assert_allclose(got, wanted.numpy(), atol=ADAPTIVE_ATOL)


@pytest.mark.slow
def test_float16_maps_count_what_they_are_rounded_to():
    names = ("x", "matrix", "translation")
    halves = {name: USUAL[name].astype(np.float16) for name in names}
    got = run("cuda-on-host", "adaptive_convolution", {**USUAL, **halves})
    rounded = {name: half.astype(np.float32) for name, half in halves.items()}
    wanted = run("cpu", "adaptive_convolution", {**USUAL, **rounded})
    np.testing.assert_array_equal(got, wanted)
    unrounded = run("cpu", "adaptive_convolution", USUAL)
    assert 0 < np.abs(got - unrounded).max() < HALF_ATOL


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match=r"matrix must have shape \(3, 4, 9, 11\), got"):
        kernels.adaptive_convolution(**{**USUAL, "matrix": USUAL["matrix"][:, :3]})
    with pytest.raises(ValueError, match=r"weight must have shape \(6, 5, 3, 3\), got"):
        kernels.adaptive_convolution(**{**USUAL, "weight": USUAL["weight"][:, :4]})
    with pytest.raises(TypeError, match="x must be float32 or float16, got float64"):
        kernels.adaptive_convolution(**{**USUAL, "x": USUAL["x"].astype(np.float64)})


def test_maps_of_two_types_are_refused():
    mixed = {**USUAL, "translation": USUAL["translation"].astype(np.float16)}
    with pytest.raises(TypeError, match="translation must be float32 as the others are, got flo"):
        kernels.adaptive_convolution(**mixed)
