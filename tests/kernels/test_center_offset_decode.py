"""Keypoints from a finer map's centers, by hand: what is read where, what is refused."""

import numpy as np
import pytest
from posetrack import kernels

W = 3  # of the offset map, which has 2 rows


def field():
    """x offset 100 * row + 10 * column + 1, y offset 0."""
    offset = np.zeros((1, 2, 2, W), np.float32)
    offset[0, 0] = [[1, 11, 21], [101, 111, 121]]
    return offset


def decoded(fine_x, fine_y, rule, ratio=4, sign=1.0):
    cells = np.int32([[fine_y * ratio * W + fine_x]])
    points = kernels.center_offset_decode(cells, field(), sign=sign, ratio=ratio, rule=rule)
    return points[0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("fine", "floor", "rounded"),
    [
        ((0, 0), (0 + 1, 0), (0 + 1, 0)),
        ((3, 1), (0.75 + 1, 0.25), (1 + 11, 0)),
        ((2, 2), (0.5 + 1, 0.5), (1 + 111, 1)),
        ((5, 4), (1.25 + 111, 1), (1 + 111, 1)),
        ((11, 7), (2.75 + 121, 1.75), (2 + 121, 1)),
    ],
)
def test_center_of_a_map_four_times_as_fine(fine, floor, rounded):
    assert decoded(*fine, "floor") == list(floor)
    assert decoded(*fine, "rounded") == list(rounded)


def test_field_that_points_back():
    assert decoded(3, 1, "floor", sign=-1.0) == [0.75 - 1, 0.25]


@pytest.mark.parametrize("rule", ["floor", "rounded"])
def test_rules_agree_where_the_maps_are_alike(rule):
    assert decoded(2, 1, rule, ratio=1) == [2 + 121, 1]


def test_cell_outside_the_finer_map_is_refused():
    cells = np.int32([[4 * 2 * 4 * W]])
    with pytest.raises(ValueError, match="cells must be below"):
        kernels.center_offset_decode(cells, field(), ratio=4)


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="rule must be one of floor, rounded, got 'nearest'"):
        decoded(0, 0, "nearest")


@pytest.mark.parametrize("ratio", [0, -1, 2**40])
def test_ratio_that_makes_no_sense_is_refused(ratio):
    with pytest.raises(ValueError, match=f"ratio must be from 1 to .*, got {ratio}"):
        kernels.center_offset_decode(np.int32([[0]]), field(), ratio=ratio)
