"""Adaptive convolution against the definition of deformable convolution."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from posetrack.models.layers.adaptive_convolution import (
    DeformableConv,
    affine_conv,
    affine_offsets,
    deformable_convolution,
    regular_grid,
)
from tolerances import LAYER_ATOL, PUBLISHED_MAPS

from ..network_checks import assert_exports, randomise


def slow_deformable_convolution(x, weight, offset, dilation):
    """Deformable convolution, version 1, tap by tap: cells outside the map count 0."""
    batch, _, height, width = x.shape
    result = np.zeros((batch, len(weight), height, width))
    for b, row, column, tap in np.ndindex(batch, height, width, 9):
        y = row + (tap // 3 - 1) * dilation + offset[b, 2 * tap, row, column]
        x_ = column + (tap % 3 - 1) * dilation + offset[b, 2 * tap + 1, row, column]
        for i in (math.floor(y), math.floor(y) + 1):
            for j in (math.floor(x_), math.floor(x_) + 1):
                if 0 <= i < height and 0 <= j < width:
                    share = (1 - abs(y - i)) * (1 - abs(x_ - j))
                    value = weight[:, :, tap // 3, tap % 3] @ x[b, :, i, j]
                    result[b, :, row, column] += share * value
    return result


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("shape", [(5, 7), (1, 4), (6, 1)])
def test_convolution_is_deformable_convolution(dilation, shape):
    generator = torch.Generator().manual_seed(dilation)
    x = torch.randn((2, 3, *shape), generator=generator)
    weight = torch.randn((4, 3, 3, 3), generator=generator)
    offset = 2.5 * torch.randn((2, 18, *shape), generator=generator)  # many taps fall outside
    got = deformable_convolution(x, weight, offset, dilation * regular_grid())
    expected = slow_deformable_convolution(
        *(t.double().numpy() for t in (x, weight, offset)), dilation
    )
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(got.numpy(), expected, atol=LAYER_ATOL)


@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_without_offsets_it_is_an_ordinary_convolution(dilation):
    x, weight = torch.randn(2, 3, 9, 8), torch.randn(4, 3, 3, 3)
    got = deformable_convolution(x, weight, torch.zeros(2, 18, 9, 8), dilation * regular_grid())
    expected = F.conv2d(x, weight, padding=dilation, dilation=dilation)
    torch.testing.assert_close(got, expected, atol=LAYER_ATOL, rtol=0)


def test_weights_of_the_module_have_the_shape_of_a_convolution():
    convolution = DeformableConv(3, 4, dilation=2)
    assert {n: tuple(t.shape) for n, t in convolution.state_dict().items()} == {
        "weight": (4, 3, 3, 3)
    }
    x = torch.randn(1, 3, 9, 8)
    expected = F.conv2d(x, convolution.weight, padding=2, dilation=2)
    got = convolution(x, torch.zeros(1, 18, 9, 8))
    torch.testing.assert_close(got, expected, atol=LAYER_ATOL, rtol=0)


def test_gradients_reach_weights_and_offsets():
    convolution = DeformableConv(2, 2)
    offset = (0.3 * torch.randn(1, 18, 6, 6)).requires_grad_()
    convolution(torch.randn(1, 2, 6, 6), offset).square().sum().backward()
    assert (offset.grad != 0).float().mean() > 0.8
    assert (convolution.weight.grad != 0).all()


# ---- offsets


def offsets(matrix, translation=None):
    """(9, 2) y, x of the taps of one cell."""
    grid = regular_grid()
    matrix = torch.tensor(matrix).reshape(1, 4, 1, 1)
    if translation is not None:
        translation = torch.tensor(translation).reshape(1, 2, 1, 1)
    return affine_offsets(matrix, grid, grid, translation).reshape(9, 2)


def test_identity_moves_no_tap():
    assert torch.equal(offsets([1.0, 0.0, 0.0, 1.0]), torch.zeros(9, 2))


def test_matrix_rows_make_y_and_x():
    # y' = 2y + 3x, x' = 5y + 7x; taps run along x first
    moved = offsets([2.0, 3.0, 5.0, 7.0])
    assert moved[0].tolist() == [-5 + 1, -12 + 1]  # y -1, x -1
    assert moved[1].tolist() == [-2 + 1, -5]  # y -1, x 0
    assert moved[5].tolist() == [3, 7 - 1]  # y 0, x 1
    assert moved[6].tolist() == [2 - 3 - 1, 5 - 7 + 1]  # y 1, x -1


def test_translation_moves_all_taps_alike():
    moved = offsets([1.0, 0.0, 0.0, 1.0], [0.25, -2.0])
    assert moved.tolist() == [[0.25, -2.0]] * 9


def test_every_cell_has_its_own_matrix():
    grid = regular_grid()
    matrix = torch.randn(2, 4, 3, 5)
    got = affine_offsets(matrix, grid, grid)
    one = affine_offsets(matrix[1:, :, 2:, 4:], grid, grid)
    assert got.shape == (2, 18, 3, 5)
    assert torch.equal(got[1, :, 2, 4], one[0, :, 0, 0])


def test_fresh_matrices_put_all_taps_on_the_cell():
    x, grid = torch.randn(1, 3, 5, 6), regular_grid()
    weight = torch.randn(2, 3, 3, 3)
    got = deformable_convolution(x, weight, affine_offsets(affine_conv(3, 4)(x), grid, grid), grid)
    expected = F.conv2d(x, weight.sum((2, 3), keepdim=True))
    torch.testing.assert_close(got, expected, atol=LAYER_ATOL, rtol=0)


class Adaptive(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.matrix = affine_conv(3, 4)
        self.convolution = DeformableConv(3, 2, dilation=2)
        self.register_buffer("regular_matrix", regular_grid())

    def forward(self, x):
        grid = self.regular_matrix
        return {"map": self.convolution(x, affine_offsets(self.matrix(x), grid, grid))}


def test_export_takes_other_sizes_and_batches():
    module = randomise(Adaptive())
    assert_exports(module, torch.randn(1, 3, 8, 12), torch.randn(2, 3, 17, 5), PUBLISHED_MAPS)
