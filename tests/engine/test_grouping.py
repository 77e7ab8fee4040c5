"""What the heatmap says of keypoints: values under them, nearest peaks."""

import numpy as np
import parity
import pytest
from posetrack.engine.corner_upsampling import fuse_scales
from posetrack.engine.grouping import absorb, heat_at_floor, heat_between, heat_transposed
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL

from .published_maps import notional_heads

# value 10 * row + column, at 3 rows and 5 columns
HEAT = np.float32([[[10 * y + x for x in range(5)] for y in range(3)]])


def ask(function, *points):
    """Values of one channel's heatmap at (x, y) points."""
    return function(HEAT, np.float32(points)[:, None]).ravel().tolist()


def test_heat_between_cells_is_bilinear():
    assert ask(heat_between, (1, 1), (1.5, 1), (1, 0.25), (2.5, 1.5)) == [11, 11.5, 3.5, 17.5]


def test_heat_on_the_last_row_or_column_is_zero():
    assert ask(heat_between, (4, 1), (1, 2), (3.5, 1.5)) == [0, 0, 18.5]


def test_heat_is_extrapolated_for_one_pixel_before_the_map():
    assert ask(heat_between, (-0.5, 1), (1, -0.5), (-1, 1), (1, -1.5)) == [9.5, -4, 0, 0]


def test_heat_at_floor_is_that_of_the_cell_or_the_border():
    assert ask(heat_at_floor, (1.9, 1.9), (-0.1, 0), (9, 9), (1, -7)) == [11, 0, 24, 1]


def test_heat_transposed_takes_x_for_the_row():
    assert ask(heat_transposed, (1.9, 0), (0, 1.9), (4, 3), (-5, 9)) == [10, 1, 23, 4]


def test_each_channel_is_asked_for_its_own_keypoint():
    heat = np.stack((HEAT[0], HEAT[0] + 100))
    keypoints = np.float32([[[1, 1], [2, 1]], [[3, 1], [0, 0]]])
    for function in (heat_between, heat_at_floor):
        np.testing.assert_array_equal(function(heat, keypoints), [[11, 112], [13, 100]])
    np.testing.assert_array_equal(heat_transposed(heat, keypoints), [[11, 121], [21, 100]])


def heat_with(*peaks, size=(100, 200)):
    """(1, H, W) heatmap of single pixels (x, y, value)."""
    heat = np.zeros((1, *size), np.float32)
    for x, y, value in peaks:
        heat[0, y, x] = value
    return heat


def test_nearest_peak_replaces_a_keypoint_and_not_the_highest():
    heat = heat_with((50, 50, 0.2), (80, 50, 0.9))
    points, values, moved = absorb(heat, np.float32([[[60, 50]], [[70, 50]]]), 2, 75)
    np.testing.assert_array_equal(points, [[[50, 50]], [[80, 50]]])
    np.testing.assert_array_equal(values, np.float32([[0.2], [0.9]]))
    assert moved.all()


def test_peak_at_the_largest_distance_is_too_far():
    heat = heat_with((80, 50, 0.9))
    keypoints = np.float32([[[155, 50]], [[154.9, 50]]])
    points, _, moved = absorb(heat, keypoints, 1, 75)
    np.testing.assert_array_equal(points, np.float32([[[155, 50]], [[80, 50]]]))
    assert moved.tolist() == [[False], [True]]


def test_peak_within_five_cells_of_a_higher_one_is_no_candidate():
    heat = heat_with((50, 50, 0.9), (52, 50, 0.5), (53, 53, 0.4))
    points, _, _ = absorb(heat, np.float32([[[52, 50]], [[53, 53]]]), 2, 75)
    np.testing.assert_array_equal(points, [[[50, 50]], [[53, 53]]])


def test_weak_peaks_are_candidates_unless_a_least_value_is_asked_for():
    heat = heat_with((50, 50, 0.005), (90, 50, 0.5))
    keypoints = np.float32([[[52, 50]]])
    points, values, _ = absorb(heat, keypoints, 2, 75)
    np.testing.assert_array_equal(points, [[[50, 50]]])
    assert values[0, 0] == np.float32(0.005)
    points, values, _ = absorb(heat, keypoints, 2, 75, 0.01)
    np.testing.assert_array_equal(points, [[[90, 50]]])
    points, _, moved = absorb(heat, keypoints, 2, 20, 0.01)
    np.testing.assert_array_equal(points, keypoints)
    assert not moved.any()


def test_nobody_is_absorbed_into_nothing():
    points, values, moved = absorb(heat_with((5, 5, 1)), np.zeros((0, 1, 2), np.float32), 30, 75)
    assert (points.shape, values.shape, moved.shape) == ((0, 1, 2), (0, 1), (0, 1))


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_grouping_is_that_of_the_released_code(shared, case):
    arrays = parity.load(shared, "decode_hrbu") | {
        f"dekr/{name}": array for name, array in parity.load(shared, "decode_dekr").items()
    }
    heat = fuse_scales([notional_heads(shared, case).heads["heatmap"][0]], (448, 512))[:-1]
    regressed = arrays[f"{case}/reg_kpts_nms"]
    values = heat_between(heat, regressed[..., :2])
    values *= arrays[f"{case}/reg_center_scores"][:, None]
    np.testing.assert_allclose(values, regressed[..., 2], rtol=DECODED_SCORES_RTOL)
    for before, after in (("heat_kpts_nms", "absorbed"), ("nms_poses", "match_absorbed")):
        prefix = f"dekr/{case}" if before == "nms_poses" else case
        points, _, _ = absorb(heat, arrays[f"{prefix}/{before}"][..., :2], 30, 75)
        expected = arrays[f"{prefix}/{after}"][..., :2]
        np.testing.assert_allclose(points, expected, rtol=0, atol=DECODED_PIXELS)
    proposals = arrays[f"dekr/{case}/proposals_xy_ctr"]
    means = heat_at_floor(heat, proposals[..., :2]).mean(axis=1)
    stored = arrays[f"dekr/{case}/nms_poses"]  # nothing is suppressed: the same rows
    np.testing.assert_allclose(
        proposals[:, 0, 2] * means, stored[..., 2].mean(axis=1), rtol=DECODED_SCORES_RTOL
    )
