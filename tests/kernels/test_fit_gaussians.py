"""Gaussians fitted around keypoints."""

import numpy as np
import pytest
from posetrack import kernels
from posetrack.kernels.reference.refinement import fit_gaussian

from .case import blobs
from .cases import CASES
from .places import run

EXACT = 1e-4  # pixels: the Gaussian is drawn, the solver ends where its steps are below 1.5e-8


def gaussian(x, y, size=(60, 80), height=0.8, sigma=3.0):
    """(1, 1, H, W) heatmap with one Gaussian."""
    rows, columns = np.indices(size)
    heat = height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return heat[None, None].astype(np.float32)


def fit(heat, *points, wanted=True, **options):
    """Points (x, y) of one map, and heights."""
    keypoints = np.float32(points)[None, :, None]
    wanted = np.full((1, len(points), 1), wanted)
    places, heights = kernels.fit_gaussians(heat, heat.shape[2:], keypoints, wanted, **options)
    return places[0, :, 0], heights[0, :, 0]


def test_keypoint_moves_to_the_middle_of_its_gaussian():
    places, heights = fit(gaussian(30.3, 20.6), (31, 20))
    np.testing.assert_allclose(places, [(30.3, 20.6)], rtol=0, atol=EXACT)
    assert heights[0] == pytest.approx(0.8, rel=1e-5)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("start", [(30, 20), (33, 22), (28, 18), (30, 24)])
def test_drawn_gaussian_is_found_from_anywhere_near(sigma, start):
    places, _ = fit(gaussian(30.3, 20.6, sigma=sigma), start)
    np.testing.assert_allclose(places, [(30.3, 20.6)], rtol=0, atol=EXACT)


def test_keypoint_that_is_not_wanted_stays():
    heat, keypoints = gaussian(30.3, 20.6), np.float32([[[[31, 20]], [[31.2, 20.1]]]])
    wanted = np.array([[[False], [True]]])
    places, heights = kernels.fit_gaussians(heat, (60, 80), keypoints, wanted)
    np.testing.assert_array_equal(places[0, 0], keypoints[0, 0])
    np.testing.assert_allclose(places[0, 1], [(30.3, 20.6)], rtol=0, atol=EXACT)
    np.testing.assert_array_equal(np.isnan(heights), ~wanted)


@pytest.mark.parametrize("point", [(0, 20), (79, 20), (30, 0), (30, 59), (-0.8, 20)])
def test_keypoint_on_the_border_stays_unless_clamped(point):
    heat = gaussian(*point)
    places, heights = fit(heat, point)
    np.testing.assert_array_equal(places, np.float32([point]))
    assert np.isnan(heights[0])
    _, heights = fit(heat, point, clamped=True)
    assert np.isfinite(heights[0])


def test_window_clipped_to_a_square_is_fitted_right():
    places, _ = fit(gaussian(2.3, 1.6), (2, 2))
    np.testing.assert_allclose(places, [(2.3, 1.6)], rtol=0, atol=EXACT)


def test_window_clipped_to_an_oblong_is_scrambled_as_in_the_released_code():
    # value i of a window of h rows is taken to lie at row i // h, column i % h: around the
    # keypoint (2, 20) the window has 13 rows and 9 columns
    index = np.arange(13 * 9)
    rows, columns = index // 13, index % 13
    values = 0.7 * np.exp(-((columns - 5.6) ** 2 + (rows - 2.3) ** 2) / 8)
    heat = np.zeros((1, 1, 60, 80), np.float32)
    heat[0, 0, 14:27, :9] = values.reshape(13, 9)
    places, heights = fit(heat, (2, 20))
    np.testing.assert_allclose(places, [(5.6, 14 + 2.3)], atol=EXACT)
    assert heights[0] == pytest.approx(0.7, rel=1e-5)
    places, heights = fit(gaussian(2.0, 20.0), (2, 20))
    assert np.isnan(heights[0]) or np.hypot(*(places[0] - (2, 20))) > 0.5


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
def test_window_with_a_value_that_is_not_finite_leaves_the_keypoint(spoilt):
    heat = gaussian(30.3, 20.6)
    heat[0, 0, 21, 30] = spoilt
    places, heights = fit(heat, (31, 20))
    np.testing.assert_array_equal(places, [(31, 20)])
    assert np.isnan(heights[0])


def test_window_of_fewer_pixels_than_parameters_leaves_the_keypoint():
    _, heights = fit(gaussian(0, 0, (1, 3)), (0, 0), clamped=True)
    assert np.isnan(heights[0])
    _, heights = fit(gaussian(0, 0, (1, 4)), (0, 0), clamped=True)
    assert not np.isnan(heights[0])


def test_fit_without_enough_evaluations_leaves_the_keypoint():
    places, heights = fit(gaussian(30.3, 20.6), (33, 24), max_evaluations=6)
    np.testing.assert_array_equal(places, [(33, 24)])
    assert np.isnan(heights[0])


def test_as_many_evaluations_are_enough_as_for_scipy():
    heat = gaussian(30.3, 20.6)
    window, start = heat[0, 0, 18:31, 27:40], (float(heat[0, 0, 24, 33]), 6, 6, 2.0)
    for most in range(1, 100):
        expected = fit_gaussian(window, start, most)
        _, heights = fit(heat, (33, 24), max_evaluations=most)
        assert np.isnan(heights[0]) == (expected is None), most


def test_people_on_one_pixel_share_one_fit():
    heat = gaussian(30.3, 20.6)
    places, heights = fit(heat, (31, 20), (31.4, 19.6), (30.4, 20))
    np.testing.assert_array_equal(places[0], places[1])
    assert heights[0] == heights[1]
    np.testing.assert_allclose(places[2], (30.3, 20.6), rtol=0, atol=EXACT)
    assert places[2].tobytes() == fit(heat, (30.4, 20))[0].tobytes()


@pytest.mark.parametrize(
    "point", [(200, 20), (30, 90), (-100, 20), (30, -70), (30, -7.6), (np.nan, 3), (3, np.inf)]
)
def test_keypoint_far_outside_the_map_stays(point):
    places, heights = fit(gaussian(30, 20), point)
    np.testing.assert_array_equal(places, np.float32([point]))
    assert np.isnan(heights[0])


@pytest.mark.parametrize("point", [(30.2, -20.1), (-9, 20), (-40, -9)])
def test_keypoint_whose_window_does_not_reach_the_map_comes_to_its_pixel(point):
    heat = blobs(1, 1, 60, 80)
    places, heights = fit(heat, point)
    x, y = np.trunc(np.float32(point) + 0.5).astype(int)
    np.testing.assert_array_equal(places, np.float32([(x, y)]))
    assert heights[0] == heat[0, 0, y, x]


def test_small_heatmap_is_fitted_as_if_it_were_enlarged():
    small = gaussian(10.2, 6.7, (16, 20), sigma=2.0)
    large = kernels.upsample_maps(small, (64, 80), rule="corner")
    keypoints, wanted = np.float32([[[[41, 27]]]]), np.ones((1, 1, 1), bool)
    got = kernels.fit_gaussians(small, (64, 80), keypoints, wanted)
    expected = kernels.fit_gaussians(large, (64, 80), keypoints, wanted)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_both_twins_give_the_same_bits():
    for case in CASES["fit_gaussians"]:
        twins = (run(place, "fit_gaussians", case.arguments) for place in ("cpu", "cuda-on-host"))
        for a, b in zip(*twins, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=case.name)
