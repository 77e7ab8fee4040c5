"""Peaks of maps, and the poses regressed at them."""

import numpy as np
import parity
import pytest
from posetrack.engine.decoders.center_peaks import (
    center_peaks,
    level_center,
    pool_window,
    regressed_keypoints,
)
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL

from ..published_maps import NOTIONAL_IMAGE, NOTIONAL_SIZE, notional_heads

MAP = np.float32(
    [
        [5, 0, 0, 3, 3, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 4, 0, 0, 0],
        [0, 0, 0, 4.5, 0, -1],
    ]
)


@pytest.mark.parametrize(
    ("height", "width", "window"),
    [(128, 128, 3), (200, 200, 3), (201, 200, 5), (300, 300, 5), (300, 302, 7), (160, 500, 7)],
)
def test_window_follows_the_mean_side_of_the_map(height, width, window):
    assert pool_window(height, width) == window


def test_centers_lie_above_the_threshold_and_fall():
    cells, values = center_peaks(MAP, 30, 3.0)
    np.testing.assert_array_equal(cells, [[0, 0], [3, 3]])
    np.testing.assert_array_equal(values, [5, 4.5])
    cells, _ = center_peaks(MAP, 1, 3.0)
    np.testing.assert_array_equal(cells, [[0, 0]])


def test_empty_map_has_no_centers():
    cells, values = center_peaks(np.zeros((4, 4), np.float32), 30, 0.01)
    assert cells.shape == (0, 2)
    assert values.shape == (0,)


def test_levelled_map_peaks_at_the_factor():
    level = level_center(np.float32([[1, 4]]), highest=0.8, factor=0.001)
    np.testing.assert_allclose(level, [[0.0002, 0.0008]], rtol=1e-6)
    assert not level_center(np.zeros((1, 2), np.float32), highest=0.8, factor=1.0).any()


def test_keypoints_are_counted_from_the_cell():
    offset = np.zeros((4, 3, 5), np.float32)
    offset[:, 1, 2] = [0.5, -1, 2, 0.25]
    keypoints = regressed_keypoints(np.array([[2, 1]]), offset, (3, 5), 4.0, -1)
    np.testing.assert_array_equal(keypoints, [[[6, 8], [0, 3]]])
    keypoints = regressed_keypoints(np.array([[2, 1]]), offset, (3, 5), 4.0, 1)
    np.testing.assert_array_equal(keypoints, [[[10, 0], [16, 5]]])


def test_four_fine_cells_share_the_offsets_of_the_coarse_one():
    offset = np.zeros((2, 3, 5), np.float32)
    offset[:, 1, 2] = [0.5, -1]
    fine = np.array([[4, 2], [5, 2], [4, 3], [5, 3]])
    keypoints = regressed_keypoints(fine, offset, (6, 10), 4.0, -1)
    np.testing.assert_array_equal(keypoints, [[[6, 8]]] * 4)


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_proposals_are_those_of_the_released_code(shared, case):
    expected = parity.load(shared, "decode_dekr")[f"{case}/proposals_xy_ctr"]
    heads = notional_heads(shared, case).heads
    center, offset = heads["heatmap"][0, -1], heads["offset"][0]
    cells, values = center_peaks(center, 30, 0.01)
    keypoints = regressed_keypoints(cells, offset, center.shape, 4.0, -1)
    np.testing.assert_allclose(keypoints, expected[..., :2], rtol=0, atol=DECODED_PIXELS)
    np.testing.assert_allclose(values, expected[:, 0, 2], rtol=DECODED_SCORES_RTOL)


@pytest.mark.data
def test_transform_of_the_shared_maps_is_the_stored_one(shared):
    arrays = parity.load(shared, "decode_logocap")
    transform = notional_heads(shared, "n1").transform
    width, height = arrays["n1/size_wh"]
    assert transform.input_size == (height, width)
    assert NOTIONAL_SIZE / NOTIONAL_IMAGE[0] == pytest.approx(transform.scale, rel=1e-6)
    assert transform.scale == pytest.approx(width / (arrays["n1/scale"][0] * 200), rel=1e-6)
    middle = transform.to_input(np.float32(arrays["n1/center"]))
    np.testing.assert_allclose(middle, [width / 2, height / 2], atol=1e-4)
