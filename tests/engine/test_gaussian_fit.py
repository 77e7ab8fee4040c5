"""Gaussians fitted around keypoints."""

import numpy as np
import parity
import pytest
from posetrack.engine import gaussian_fit
from posetrack.engine.corner_upsampling import fuse_scales
from posetrack.engine.gaussian_fit import GaussianFit, adjust, fit_gaussian
from tolerances import DECODED_SCORES_RTOL, FITTED_PIXELS

from .published_maps import notional_heads

EXACT = 1e-4  # pixels: the Gaussian is drawn, the solver ends where its steps are below 1.5e-8


def gaussian(x, y, size=(60, 80), height=0.8, sigma=3.0):
    """(1, H, W) heatmap with one Gaussian."""
    rows, columns = np.indices(size)
    heat = height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return heat[None].astype(np.float32)


def adjust_one(heat, point, **constants):
    points, heights = adjust(
        heat, np.float32([[point]]), np.ones((1, 1), bool), GaussianFit(**constants)
    )
    return points[0, 0], heights[0, 0]


def test_keypoint_moves_to_the_middle_of_its_gaussian():
    point, height = adjust_one(gaussian(30.3, 20.6), (31, 20))
    np.testing.assert_allclose(point, (30.3, 20.6), rtol=0, atol=EXACT)
    assert height == pytest.approx(0.8, rel=1e-5)


def test_keypoint_that_is_not_wanted_stays():
    keypoints = np.float32([[[31, 20]], [[31.2, 20.1]]])
    wanted = np.array([[False], [True]])
    points, heights = adjust(gaussian(30.3, 20.6), keypoints, wanted, GaussianFit())
    np.testing.assert_array_equal(points[0], keypoints[0])
    np.testing.assert_allclose(points[1, 0], (30.3, 20.6), rtol=0, atol=EXACT)
    np.testing.assert_array_equal(np.isnan(heights), [[True], [False]])


@pytest.mark.parametrize("point", [(0, 20), (79, 20), (30, 0), (30, 59), (-0.8, 20)])
def test_keypoint_on_the_border_stays_unless_clamped(point):
    heat = gaussian(*point)
    kept, height = adjust_one(heat, point)
    np.testing.assert_array_equal(kept, np.float32(point))
    assert np.isnan(height)
    _, height = adjust_one(heat, point, clamped=True)
    assert np.isfinite(height)


def test_window_clipped_to_a_square_is_fitted_right():
    point, _ = adjust_one(gaussian(2.3, 1.6), (2, 2))
    np.testing.assert_allclose(point, (2.3, 1.6), rtol=0, atol=EXACT)


def test_window_clipped_to_an_oblong_is_scrambled_as_in_the_released_code():
    # value i of a window of h rows is taken to lie at row i // h, column i % h
    index = np.arange(9 * 13)
    rows, columns = index // 9, index % 9
    values = 0.7 * np.exp(-((columns - 3.2) ** 2 + (rows - 8.4) ** 2) / 8)
    fit = fit_gaussian(values.reshape(9, 13), (0.7, 8, 3, 2.0), 300)
    np.testing.assert_allclose(fit, (0.7, 8.4, 3.2), atol=EXACT)
    true = fit_gaussian(gaussian(6.0, 2.0, (9, 13))[0], (0.8, 2, 6, 2.0), 300)
    assert true is None or np.hypot(true[1] - 2, true[2] - 6) > 0.5


def test_flat_and_broken_maps_leave_the_keypoint():
    broken = gaussian(30.3, 20.6)
    broken[0, 21, 30] = np.nan
    for heat in (broken, gaussian(30.3, 20.6, size=(3, 3))[:, 1:2, :1]):
        point, height = adjust_one(heat, (31, 20))
        np.testing.assert_array_equal(point, (31, 20))
        assert np.isnan(height)


def test_fit_without_enough_evaluations_leaves_the_keypoint():
    point, height = adjust_one(gaussian(30.3, 20.6), (33, 24), max_evaluations=6)
    np.testing.assert_array_equal(point, (33, 24))
    assert np.isnan(height)


def test_people_on_one_pixel_share_one_fit(monkeypatch):
    fits = []

    def counted(*arguments):
        fits.append(arguments)
        return fit_gaussian(*arguments)

    monkeypatch.setattr(gaussian_fit, "fit_gaussian", counted)
    keypoints = np.float32([[[31, 20]], [[31.4, 19.6]], [[30.4, 20]]])
    points, heights = adjust(gaussian(30.3, 20.6), keypoints, np.ones((3, 1), bool), GaussianFit())
    assert len(fits) == 2
    np.testing.assert_array_equal(points[0], points[1])
    assert heights[0, 0] == heights[1, 0]


@pytest.mark.parametrize("point", [(200, 20), (30, 90), (-100, 20), (30, -70)])
def test_keypoint_far_outside_the_map_stays(point):
    kept, height = adjust_one(gaussian(30, 20), point)
    np.testing.assert_array_equal(kept, point)
    assert np.isnan(height)


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_fits_are_those_of_the_released_code(shared, case):
    heat = fuse_scales([notional_heads(shared, case).heads["heatmap"][0]], (448, 512))[:-1]
    arrays = parity.load(shared, "decode_hrbu")
    before, after = arrays[f"{case}/absorbed"], arrays[f"{case}/adjusted"]
    wanted = before[..., 2] > 0.05
    points, heights = adjust(heat, before[..., :2], wanted, GaussianFit())
    np.testing.assert_allclose(points, after[..., :2], rtol=0, atol=FITTED_PIXELS)
    scores = np.where(
        wanted, heights * arrays[f"{case}/heat_center_scores"][:, None], before[..., 2]
    )
    np.testing.assert_allclose(scores, after[..., 2], rtol=DECODED_SCORES_RTOL)
    arrays = parity.load(shared, "decode_dekr")
    before, after = arrays[f"{case}/match_absorbed"], arrays[f"{case}/match_adjusted"]
    points, _ = adjust(heat, before[..., :2], before[..., 2] > 0.05, GaussianFit(clamped=True))
    np.testing.assert_allclose(points, after[..., :2], rtol=0, atol=FITTED_PIXELS)
    assert np.abs(points - before[..., :2]).max() > FITTED_PIXELS
