"""The first guess of LOGO-CAP's poses."""

import numpy as np
import parity
import pytest
from posetrack.engine.logocap_proposals import highest_centers, initial_poses, likely_centers
from posetrack.engine.upsampling import upsample_bilinear
from tolerances import ANOTHER_BATCH_ATOL

INPUT_SIZE = (320, 256)


def centers_of(heatmap):
    """All that reach 0.01, as rows x, y, value; those below tie at 0, in any order."""
    center = upsample_bilinear(heatmap, INPUT_SIZE)[-1]
    pixels, values = highest_centers(center, 30)
    assert len(pixels) == 30
    likely = likely_centers(values, 0.01)
    return pixels[likely], values[likely]


def test_highest_of_nine_pixels_is_a_center():
    center = np.zeros((6, 7), np.float32)
    center[2, 3], center[2, 4], center[5, 6] = 0.5, 0.4, 0.9
    pixels, values = highest_centers(center, 2)
    assert pixels.tolist() == [[6, 5], [3, 2]]
    np.testing.assert_array_equal(values, np.float32([0.9, 0.5]))


def test_all_members_of_a_plateau_are_centers_in_reading_order():
    center = np.zeros((5, 5), np.float32)
    center[1:3, 2:4] = 0.5
    assert highest_centers(center, 4)[0].tolist() == [[2, 1], [3, 1], [2, 2], [3, 2]]
    assert highest_centers(center, 3)[0].tolist() == [[2, 1], [3, 1], [2, 2]]


def test_pixels_of_value_zero_fill_up():
    pixels, values = highest_centers(np.full((4, 4), -1, np.float32), 3)
    assert len(pixels) == 3
    assert not (values > 0).any()


def test_centers_from_the_threshold_on_are_likely():
    assert likely_centers(np.float32([0.5, 0.01, 0.0099]), 0.01).tolist() == [0, 1]


def test_best_center_stays_where_none_is_likely():
    assert likely_centers(np.float32([0.005, 0.004]), 0.01).tolist() == [0]


def test_offset_is_read_at_the_cell_but_starts_from_the_pixel():
    offset = np.zeros((4, 3, 3), np.float32)
    offset[:, 1, 2] = [0.5, -1, 2, 0.25]
    poses = initial_poses(np.array([[11, 6]]), offset, 4)  # cell (2, 1), at (2.75, 1.5)
    np.testing.assert_array_equal(poses, np.float32([[[9, 10], [3, 5]]]))


@pytest.mark.data
def test_network_with_flip_test_gives_the_published_centers_and_poses(shared):
    arrays = parity.load(shared, "logocap_narrow")
    pixels, values = centers_of(arrays["heatmaps_merged"][0])
    chosen = arrays["center_mask"].astype(bool)
    np.testing.assert_array_equal(pixels, arrays["centers_top30_xyv"][chosen, :2])
    np.testing.assert_array_equal(values, arrays["centers_top30_xyv"][chosen, 2])
    poses = initial_poses(pixels, arrays["offsets_merged"][0], 4)
    np.testing.assert_array_equal(poses, arrays["initial_poses_xy"][chosen])


@pytest.mark.data
def test_network_without_flip_test_gives_the_published_centers(shared):
    arrays = parity.load(shared, "logocap_narrow")
    pixels, values = centers_of(arrays["heatmaps_raw"][0])
    expected = arrays["noflip_centers_top30_xyv"][: len(arrays["noflip_scores"])]
    np.testing.assert_array_equal(pixels, expected[:, :2])
    np.testing.assert_allclose(values, expected[:, 2], rtol=0, atol=ANOTHER_BATCH_ATOL)
