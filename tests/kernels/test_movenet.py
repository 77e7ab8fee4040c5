"""MoveNet's boxes, positions and published scores: small sums done by hand, and refusals."""

import numpy as np
import pytest
from posetrack import kernels
from tolerances import GAUSSIAN_RTOL

from .case import NAN

OPTIONS = {"min_area": 9.0, "share": 0.5}


def heads(channels, cell=None, values=(), size=(4, 5)):
    """(C, h, w), 0 but for the values at one cell (x, y)."""
    head = np.zeros((channels, *size), np.float32)
    if cell is not None:
        head[:, cell[1], cell[0]] = values
    return head


# ---- movenet_boxes


def test_box_lies_around_its_centers_cell_and_offset():
    size, offset = heads(2, (3, 2), (4, 6)), heads(2, (3, 2), (0.5, -1))
    boxes, spread = kernels.movenet_boxes(np.int32([2 * 5 + 3]), size, offset, **OPTIONS)
    assert boxes.tolist() == [[1.5, -2, 5.5, 4]]
    assert spread.tolist() == [12]  # 4 * 6 / 2


def test_small_box_has_the_spread_of_the_least_area():
    size = heads(2, (1, 1), (2, 3))
    _, spread = kernels.movenet_boxes(np.int32([6]), size, heads(2), **OPTIONS)
    assert spread.tolist() == [4.5]


def test_side_below_zero_is_none():
    size = heads(2, (1, 1), (-2, 3))
    boxes, spread = kernels.movenet_boxes(np.int32([6]), size, heads(2), **OPTIONS)
    assert (boxes.tolist(), spread.tolist()) == ([[1, -0.5, 1, 2.5]], [4.5])


def test_without_a_center_there_is_neither_box_nor_spread():
    arrays = np.int32([-1, 20, -7]), heads(2) + 3, heads(2)
    boxes, spread = kernels.movenet_boxes(*arrays, **OPTIONS)
    assert not boxes.any()
    assert not spread.any()


def test_nan_in_a_box_leaves_its_pose_without_a_window():
    size = heads(2, (1, 1), (NAN, 3))
    boxes, spread = kernels.movenet_boxes(np.int32([6]), size, heads(2), **OPTIONS)
    np.testing.assert_array_equal(boxes, [[NAN, -0.5, NAN, 2.5]])
    assert np.isnan(spread).all()
    heat, centers = np.ones((1, 4, 5), np.float32), np.float32([[[1, 1]]])
    assert kernels.gaussian_argmax(heat, centers, spread)[0].tolist() == [[-1]]


# ---- movenet_positions


def position(cell, offset, heatmap=None):
    """Of one keypoint that was regressed to (7, 8)."""
    regressed = np.float32([[[7, 8]]])
    return kernels.movenet_positions(np.int32([[cell]]), regressed, offset, heatmap)[0, 0].tolist()


def test_keypoint_lies_at_its_cell_and_offset():
    assert position(2 * 5 + 3, heads(2, (3, 2), (0.25, -0.5))) == [3.25, 1.5]


def test_keypoint_without_a_cell_stays_where_it_was_regressed():
    for cell in (-1, 20):
        assert position(cell, heads(2) + 1) == [7, 8]
        assert position(cell, heads(2) + 1, heads(1) + 1) == [7, 8]


def test_neighbours_are_weighed_by_their_heat():
    heat = heads(1)
    heat[0, 2, 3], heat[0, 1, 2] = 0.75, 0.25
    offset = heads(2, (3, 2), (0.5, 0.5))
    assert position(2 * 5 + 3, offset, heat) == [0.75 * 3.5 + 0.25 * 2, 0.75 * 2.5 + 0.25 * 1]
    assert position(0, offset, heads(1, (1, 1), 0.5)) == [1, 1]


def test_neighbours_beyond_the_border_do_not_count():
    assert position(0, heads(2), heads(1) + 1) == [0.5, 0.5]
    assert position(19, heads(2), heads(1) + 1) == [3.5, 2.5]
    assert position(5, heads(2), heads(1) + 1) == [0.5, 1]  # and no row runs into the next


def test_where_nothing_is_hot_the_mean_falls_to_the_origin():
    assert position(6, heads(2), heads(1)) == [0, 0]


# ---- movenet_shared_values


def shared(cells, centers, boxes, spread=(2, 2)):
    """Values of the one keypoint of two poses, on a heatmap of 0.5."""
    return kernels.movenet_shared_values(
        np.int32(cells)[:, None],
        heads(1) + np.float32(0.5),
        np.float32(centers)[:, None],
        np.float32(spread),
        np.float32(boxes),
    )[:, 0].tolist()


EVERYWHERE = [[0, 0, 5, 4]] * 2


def test_value_is_the_heat_times_the_largest_weight_of_any_window():
    values = shared([0, 12], [(0, 1), (2, 2)], EVERYWHERE)
    expected = [0.5 * np.exp(-1 / 2), 0.5]  # of its own window, a row away; of the second pose's
    assert values == pytest.approx(expected, rel=GAUSSIAN_RTOL)
    assert shared([12, 12], [(9, 9), (2, 2)], EVERYWHERE) == [0.5, 0.5]  # lent by a neighbour


def test_window_ends_with_its_box_and_needs_a_spread():
    centers = [(2, 2), (2, 2)]
    assert shared([12, -1], centers, [[0, 0, 2, 4]] * 2) == [0, 0]
    assert shared([12, -1], centers, [[2, 2, 3, 3]] * 2) == [0.5, 0]
    assert shared([12, -1], centers, EVERYWHERE, (0, NAN)) == [0, 0]


# ---- all of them


@pytest.mark.parametrize("which", ["box_size", "box_offset"])
def test_heads_of_two_types_are_refused(which):
    arguments = {"peaks": np.int32([0]), "box_size": heads(2), "box_offset": heads(2)}
    arguments[which] = arguments[which].astype(np.float16)
    with pytest.raises(TypeError, match="box_offset must be float"):
        kernels.movenet_boxes(**arguments, **OPTIONS)


def test_wrong_shapes_and_options_are_named():
    peaks, head = np.int32([0]), heads(2)
    with pytest.raises(
        ValueError, match=r"box_offset must have shape \(2, 4, 5\), got \(1, 4, 5\)"
    ):
        kernels.movenet_boxes(peaks, head, heads(1), **OPTIONS)
    with pytest.raises(ValueError, match="share must be a number, got nan"):
        kernels.movenet_boxes(peaks, head, head, min_area=9.0, share=NAN)
    with pytest.raises(ValueError, match="min_area must be a number, got nan"):
        kernels.movenet_boxes(peaks, head, head, min_area=NAN, share=1.0)
    cells, regressed = np.zeros((1, 3), np.int32), np.zeros((1, 3, 2), np.float32)
    with pytest.raises(
        ValueError, match=r"local_offset must have shape \(6, 4, 5\), got \(2, 4, 5\)"
    ):
        kernels.movenet_positions(cells, regressed, head)
