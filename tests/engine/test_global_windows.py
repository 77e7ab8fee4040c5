"""The large windows of the heatmap, their convolution, and where they are highest."""

import numpy as np
import parity
import pytest
from posetrack.engine.global_windows import (
    best_two,
    convolve_each,
    gaussian_window,
    heatmap_windows,
)
from posetrack.engine.upsampling import upsample_bilinear
from scipy.signal import convolve2d
from tolerances import WINDOW_ATOL


def test_window_lies_around_the_keypoint():
    heatmap = np.arange(2 * 20 * 30, dtype=np.float32).reshape(2, 20, 30)
    windows = heatmap_windows(np.float32([[5, 6], [10.5, 12]]), heatmap, 5)
    np.testing.assert_array_equal(windows[0], heatmap[0, 4:9, 3:8])
    np.testing.assert_array_equal(windows[1], heatmap[1, 10:15, 8:13] + np.float32(0.5))


def test_gaussian_falls_over_three_sigmas():
    weights = gaussian_window(97)
    assert weights[48, 48] == 1
    assert weights[48, 48 + 16] == pytest.approx(np.exp(-0.5))
    assert weights[0, 48] == pytest.approx(np.exp(-4.5))
    assert weights.min() > 1e-4  # below, the published code cuts to 0: it never does
    np.testing.assert_array_equal(weights, weights.T)


def test_each_window_is_convolved_with_its_own_kernel():
    rng = np.random.default_rng(3)
    windows = rng.random((3, 21, 21)).astype(np.float32)
    kernels = rng.random((3, 7, 7)).astype(np.float32) / 49
    expected = [convolve2d(w, k, mode="same") for w, k in zip(windows, kernels, strict=True)]
    refined = convolve_each(windows, kernels)
    assert refined.dtype == np.float32
    np.testing.assert_allclose(refined, expected, rtol=0, atol=WINDOW_ATOL)


def test_kernel_draws_itself_around_a_lone_peak():
    windows, kernels = np.zeros((1, 9, 9), np.float32), np.zeros((1, 3, 3), np.float32)
    windows[0, 4, 4], kernels[0, 0, 2] = 2, 0.5
    refined = convolve_each(windows, kernels)
    assert np.argwhere(refined[0]).tolist() == [[3, 5]]
    assert refined[0, 3, 5] == 1


def test_two_highest_cells_share_the_place_and_the_value():
    windows = np.zeros((2, 5, 5), np.float32)
    windows[0, 3, 4], windows[0, 0, 2] = 0.8, 0.4
    windows[1, 2, 2] = windows[1, 2, 3] = 0.5
    places, values = best_two(windows, 0.75)
    np.testing.assert_array_equal(places, np.float32([[1.5, 0.25], [0.25, 0]]))
    np.testing.assert_allclose(values, [0.7, 0.5], rtol=1e-6)


def test_window_without_a_positive_value_is_read_all_the_same():
    places, values = best_two(np.full((1, 3, 3), -1, np.float32), 0.75)
    np.testing.assert_array_equal(places, np.float32([[-0.75, -1]]))
    assert values.tolist() == [-1]


@pytest.mark.data
def test_windows_of_the_first_person_are_the_published_ones(shared):
    arrays = parity.load(shared, "logocap_narrow")
    heatmap = upsample_bilinear(arrays["heatmaps_merged"][0], (320, 256))[:-1]
    pose = arrays["initial_poses_xy"][arrays["center_mask"].astype(bool)][0]
    windows = heatmap_windows(pose, heatmap, 97) * gaussian_window(97)
    expected = arrays["global_in_hm_firstP"][0]
    np.testing.assert_allclose(windows, expected, rtol=0, atol=WINDOW_ATOL)
    refined = convolve_each(windows, arrays["kam"][0] / np.float32(121))
    expected = arrays["global_out_hm_firstP"][0]
    np.testing.assert_allclose(refined, expected, rtol=0, atol=WINDOW_ATOL)
    highest = np.sort(refined.reshape(17, -1), axis=1)[:, :-6:-1]
    np.testing.assert_allclose(highest, arrays["out_top5_val"][0], rtol=0, atol=WINDOW_ATOL)
