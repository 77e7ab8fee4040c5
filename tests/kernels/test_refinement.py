"""Keypoints and the heatmap around them: small sums done by hand, drawn Gaussians, refusals."""

import numpy as np
import pytest
from posetrack import kernels
from posetrack.kernels.reference.refinement import fit_gaussian
from posetrack.structures import COCO_17

from .case import blobs
from .places import run
from .refinement_cases import CASES

# value 10 * row + column, at 3 rows and 5 columns
HEAT = np.float32([[[[10 * y + x for x in range(5)] for y in range(3)]]])


def read(at, *points, heat=HEAT, size=(3, 5)):
    """Values of one channel's heatmap at (x, y) points."""
    keypoints = np.float32(points)[None, :, None]
    return kernels.sample_heat(heat, size, keypoints, at=at).ravel().tolist()


# ---- sample_heat


def test_between_cells_is_bilinear():
    assert read("between", (1, 1), (1.5, 1), (1, 0.25), (2.5, 1.5)) == [11, 11.5, 3.5, 17.5]


def test_between_on_the_last_row_or_column_is_zero():
    assert read("between", (4, 1), (1, 2), (3.5, 1.5)) == [0, 0, 18.5]


def test_between_extrapolates_for_one_pixel_before_the_map():
    assert read("between", (-0.5, 1), (1, -0.5), (-1, 1), (1, -1.5)) == [9.5, -4, 0, 0]


def test_floor_is_the_cell_or_the_border():
    assert read("floor", (1.9, 1.9), (-0.1, 0), (9, 9), (1, -7)) == [11, 0, 24, 1]


def test_transposed_takes_x_for_the_row():
    assert read("transposed", (1.9, 0), (0, 1.9), (4, 3), (-5, 9)) == [10, 1, 23, 4]


def test_keypoint_that_is_no_number_has_no_heat():
    for at in ("between", "floor", "transposed"):
        assert read(at, (np.nan, 1), (1, np.nan)) == [0, 0]


def test_small_heatmap_is_read_as_if_it_were_enlarged():
    large = {"heat": HEAT, "size": (12, 20)}
    assert read("floor", (4, 4), (6.5, 4), (6, 6), (19, 11), **large) == [11, 11.5, 16.5, 24]
    assert read("between", (6.5, 4), (5, 6), **large) == [11.625, 16.25]
    assert read("transposed", (4, 6), **large) == [11.5]


def test_each_channel_is_asked_for_its_own_keypoint():
    heat = np.concatenate((HEAT, HEAT + 100), axis=1)
    keypoints = np.float32([[[[1, 1], [2, 1]], [[3, 1], [0, 0]]]])
    for at in ("between", "floor"):
        values = kernels.sample_heat(heat, (3, 5), keypoints, at=at)
        np.testing.assert_array_equal(values, [[[11, 112], [13, 100]]])
    values = kernels.sample_heat(heat, (3, 5), keypoints, at="transposed")
    np.testing.assert_array_equal(values, [[[11, 121], [21, 100]]])


# ---- snap_to_peaks


def snap_to_peaks(points, *peaks, width=200, max_distance=75.0, **options):
    """Points (x, y) of one keypoint, and peaks (x, y, value)."""
    cells = np.int32([[[y * width + x for x, y, _ in peaks]]])
    values = np.float32([[[value for _, _, value in peaks]]])
    keypoints = np.float32(points)[None, :, None]
    moved = kernels.snap_to_peaks(
        keypoints, cells, values, width, max_distance=max_distance, **options
    )
    return moved[0][0, :, 0].tolist(), moved[1][0, :, 0].tolist(), moved[2][0, :, 0].tolist()


def test_nearest_peak_replaces_a_keypoint_and_not_the_highest():
    points, values, moved = snap_to_peaks([(60, 50), (70, 50)], (80, 50, 0.75), (50, 50, 0.25))
    assert (points, values, moved) == ([[50, 50], [80, 50]], [0.25, 0.75], [True, True])


def test_peak_at_the_largest_distance_is_too_far():
    points, values, moved = snap_to_peaks([(155, 50), (154.5, 50)], (80, 50, 0.75))
    assert (points, values, moved) == ([[155, 50], [80, 50]], [0.75, 0.75], [False, True])


def test_first_of_equally_near_peaks_counts():
    points, values, _ = snap_to_peaks([(5, 5)], (6, 5, 0.25), (4, 5, 0.75))
    assert (points, values) == ([[6, 5]], [0.25])


def test_weak_peaks_are_passed_over_only_if_a_least_value_is_asked_for():
    peaks = (90, 50, 0.5), (50, 50, 0.125)
    assert snap_to_peaks([(52, 50)], *peaks)[0] == [[50, 50]]
    assert snap_to_peaks([(52, 50)], *peaks, min_value=0.125)[0] == [[90, 50]]
    near = snap_to_peaks([(52, 50)], *peaks, min_value=0.125, max_distance=20)
    assert near == ([[52, 50]], [0.5], [False])


def test_where_there_are_no_peaks_keypoints_stay():
    keypoints = np.float32([[[[3, 4]]]])
    nothing = np.zeros((1, 1, 0), np.int32), np.zeros((1, 1, 0), np.float32)
    points, values, moved = kernels.snap_to_peaks(keypoints, *nothing, 9, max_distance=75)
    np.testing.assert_array_equal(points, keypoints)
    assert (values.item(), moved.item()) == (0, False)
    cells, values = np.int32([[[-1]]]), np.float32([[[0]]])
    assert not kernels.snap_to_peaks(keypoints, cells, values, 9, max_distance=75)[2].any()


def test_low_peaks_and_keypoints_that_stay_have_values_of_their_own():
    keypoints, cells = np.float32([[[[1, 0]], [[5, 0]], [[20, 0]]]]), np.int32([[[0, 5]]])
    values, unmoved = np.float32([[[0.5, 0.25]]]), np.float32([[[7], [8], [9]]])
    options = {"max_distance": 3.0, "zero_at": 0.25}
    _, alone, moved = kernels.snap_to_peaks(keypoints, cells, values, 40, **options)
    _, joined, _ = kernels.snap_to_peaks(keypoints, cells, values, 40, unmoved, **options)
    assert moved.ravel().tolist() == [True, True, False]
    assert (alone.ravel().tolist(), joined.ravel().tolist()) == ([0.5, 0, 0], [0.5, 0, 9])


# ---- fit_gaussians

UNLIKE = np.float32(1e6)  # a score that is no height of a Gaussian here
EXACT = 1e-4  # pixels: the Gaussian is drawn, the solver ends where its steps are below 1.5e-8


def gaussian(x, y, size=(60, 80), height=0.8, sigma=3.0):
    """(1, 1, H, W) heatmap with one Gaussian."""
    rows, columns = np.indices(size)
    heat = height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return heat[None, None].astype(np.float32)


def fit(heat, *points, **options):
    """Points (x, y) of one map, and heights; NaN where a point stays."""
    keypoints = np.float32(points)[None, :, None]
    unlike = np.full((1, len(points), 1), UNLIKE)
    places, heights = kernels.fit_gaussians(
        heat, heat.shape[2:], keypoints, unlike, min_score=0.0, **options
    )
    return places[0, :, 0], np.where(heights == UNLIKE, np.nan, heights)[0, :, 0]


def test_keypoint_moves_to_the_middle_of_its_gaussian():
    places, heights = fit(gaussian(30.3, 20.6), (31, 20))
    np.testing.assert_allclose(places, [(30.3, 20.6)], rtol=0, atol=EXACT)
    assert heights[0] == pytest.approx(0.8, rel=1e-5)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("start", [(30, 20), (33, 22), (28, 18), (30, 24)])
def test_drawn_gaussian_is_found_from_anywhere_near(sigma, start):
    places, _ = fit(gaussian(30.3, 20.6, sigma=sigma), start)
    np.testing.assert_allclose(places, [(30.3, 20.6)], rtol=0, atol=EXACT)


def test_keypoint_whose_score_is_not_above_the_limit_stays():
    heat, keypoints = gaussian(30.3, 20.6), np.float32([[[[31, 20]], [[31.2, 20.1]]]])
    scores = np.float32([[[0.5], [0.51]]])
    places, fitted = kernels.fit_gaussians(heat, (60, 80), keypoints, scores, min_score=0.5)
    np.testing.assert_array_equal(places[0, 0], keypoints[0, 0])
    np.testing.assert_allclose(places[0, 1], [(30.3, 20.6)], rtol=0, atol=EXACT)
    assert fitted[0, 0, 0] == 0.5
    assert fitted[0, 1, 0] == pytest.approx(0.8, rel=1e-5)


def test_score_is_the_height_times_the_persons_factor():
    heat = gaussian(30.3, 20.6)
    keypoints, scores = np.float32([[[[31, 20]], [[31, 20]], [[0, 0]]]]), np.ones((1, 3, 1), "f")
    options = {"min_score": 0.05}
    _, heights = kernels.fit_gaussians(heat, (60, 80), keypoints, scores, **options)
    factors = np.float32([[0.5, 0.3, 0.2]])
    _, fitted = kernels.fit_gaussians(heat, (60, 80), keypoints, scores, factors, **options)
    expected = [heights[0, 0, 0] * np.float32(0.5), heights[0, 1, 0] * np.float32(0.3), 1]
    np.testing.assert_array_equal(fitted.ravel(), np.float32(expected))


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
    for count in range(1, 100):
        expected = fit_gaussian(window, start, count)
        _, heights = fit(heat, (33, 24), max_evaluations=count)
        assert np.isnan(heights[0]) == (expected is None), count


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
    keypoints, scores = np.float32([[[[41, 27]]]]), np.ones((1, 1, 1), np.float32)
    got = kernels.fit_gaussians(small, (64, 80), keypoints, scores, min_score=0.0)
    expected = kernels.fit_gaussians(large, (64, 80), keypoints, scores, min_score=0.0)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


# ---- scoring_feature


def test_feature_holds_links_in_units_of_the_trunk():
    names = COCO_17.keypoints
    keypoints = np.zeros((1, 17, 2), np.float32)
    keypoints[0, names.index("left_hip")] = (0, 30)  # from the left shoulder, at (0, 0)
    keypoints[0, names.index("right_hip")] = (40, 30)  # 50 from the right shoulder
    scores = np.arange(17, dtype=np.float32)[None] / 10
    feature = kernels.scoring_feature(keypoints, scores)[0]
    assert feature.shape == (74,)
    np.testing.assert_array_equal(feature[2 * 9 : 2 * 9 + 2], np.float32([0, -30 / 40]))
    np.testing.assert_array_equal(feature[2 * 11 : 2 * 11 + 2], np.float32([-1, -30 / 40]))
    assert feature[38 + 9] == np.float32(30 / 40)
    assert feature[38 + 11] == np.float32(50 / 40)
    np.testing.assert_array_equal(feature[57:], scores[0])


def test_small_pose_is_measured_in_pixels():
    keypoints = np.zeros((1, 17, 2), np.float32)
    keypoints[0, 0, 0] = 0.5
    feature = kernels.scoring_feature(keypoints, np.zeros((1, 17), np.float32))[0]
    assert feature[0] == feature[38] == 0.5


def test_feature_of_other_skeletons_is_refused():
    arrays = np.zeros((1, 16, 2), np.float32), np.zeros((1, 16), np.float32)
    with pytest.raises(ValueError, match="K must be 17 or 14, got 16: leave pose scoring out"):
        kernels.scoring_feature(*arrays)


# ---- all of them

BATCHED = {
    "sample_heat": (("heatmap", "keypoints"), "batch 3, between"),
    "snap_to_peaks": (("keypoints", "cells", "values"), "batch 3"),
    "fit_gaussians": (("heatmap", "keypoints", "scores"), "batch 3"),
}


def assert_same(got, wanted):
    """Results of a kernel, one array or several."""
    several = isinstance(got, tuple)
    for a, b in zip(got, wanted, strict=True) if several else [(got, wanted)]:
        np.testing.assert_array_equal(a, b, strict=True)


def image_of(results, b):
    """Those of image b, as a batch of one."""
    if isinstance(results, tuple):
        return tuple(part[b : b + 1] for part in results)
    return results[b : b + 1]


@pytest.mark.parametrize("name", BATCHED)
def test_an_image_does_not_depend_on_its_batch(name):
    arrays, wanted = BATCHED[name]
    case = next(case for case in CASES[name] if case.name == wanted)
    together = run("cpu", name, case.arguments)
    for b in range(3):
        alone = {key: case.arguments[key][b : b + 1] for key in arrays}
        assert_same(run("cpu", name, {**case.arguments, **alone}), image_of(together, b))


@pytest.mark.parametrize("name", ["sample_heat", "fit_gaussians"])
def test_float16_heatmaps_are_read_as_they_are(name):
    case = next(case for case in CASES[name] if case.name == BATCHED[name][1])
    half = case.arguments["heatmap"].astype(np.float16)
    got = run("cpu", name, {**case.arguments, "heatmap": half})
    assert_same(got, run("cpu", name, {**case.arguments, "heatmap": half.astype(np.float32)}))


@pytest.mark.parametrize("name", ["sample_heat", "snap_to_peaks", "fit_gaussians"])
def test_people_behind_a_count_are_left_at_zero(name):
    case = next(case for case in CASES[name] if case.name == BATCHED[name][1])
    everyone = run("cpu", name, case.arguments)
    some = run("cpu", name, {**case.arguments, "counts": np.int32([2, 0, 9])})
    pairs = zip(some, everyone, strict=True) if isinstance(some, tuple) else [(some, everyone)]
    for got, full in pairs:
        np.testing.assert_array_equal(got[0, :2], full[0, :2])
        np.testing.assert_array_equal(got[2], full[2])
        assert not got[0, 2:].any()
        assert not got[1].any()


def test_float16_features_are_the_rounded_float32_ones():
    arguments = next(c for c in CASES["scoring_feature"] if c.name == "batch of 17").arguments
    halves = run("cpu", "scoring_feature", {**arguments, "dtype": np.float16})
    exact = run("cpu", "scoring_feature", arguments)
    np.testing.assert_array_equal(halves, exact.astype(np.float16), strict=True)


HEATMAP, KEYPOINTS = blobs(2, 3, 8, 9), np.zeros((2, 4, 3, 2), np.float32)
CELLS, VALUES = np.zeros((2, 3, 5), np.int32), np.zeros((2, 3, 5), np.float32)
SCORES = np.ones((2, 4, 3), np.float32)


@pytest.mark.parametrize(
    ("heatmap", "size", "keypoints", "error", "message"),
    [
        (HEATMAP.astype(float), (16, 18), KEYPOINTS, TypeError, "heatmap must be float32"),
        (HEATMAP[:, :2], (16, 18), KEYPOINTS, ValueError, r"keypoints .*\(2, 4, 2, 2\)"),
        (HEATMAP[..., ::2], (16, 18), KEYPOINTS, ValueError, r"each heatmap\[b\] must be"),
        (HEATMAP, (16, 18), KEYPOINTS.astype(float), TypeError, "keypoints must be float32"),
        (HEATMAP, (16, 18), KEYPOINTS[:, ::2], ValueError, "keypoints must be C-contiguous"),
        (HEATMAP, (0, 18), KEYPOINTS, ValueError, "H must be above 0, got 0: there is no pixel"),
        (HEATMAP, (-1, 18), KEYPOINTS, ValueError, "H must be 0 to 16777216, got -1"),
        (
            HEATMAP[:, :, :0],
            (16, 18),
            KEYPOINTS,
            ValueError,
            "h must be above 0, got 0: a heatmap without cells",
        ),
    ],
)
def test_wrong_heatmaps_and_keypoints_are_named(heatmap, size, keypoints, error, message):
    with pytest.raises(error, match=message):
        kernels.sample_heat(heatmap, size, keypoints, at="floor")
    with pytest.raises(error, match=message):
        kernels.fit_gaussians(heatmap, size, keypoints, SCORES, min_score=0.0)


@pytest.mark.parametrize(
    ("cells", "values", "width", "options", "message"),
    [
        (CELLS[:, :2], VALUES, 9, {}, r"cells must have shape \(2, 3, 5\), got \(2, 2, 5\)"),
        (CELLS, VALUES[..., :2], 9, {}, r"peak_values must have shape \(2, 3, 5\)"),
        (CELLS, VALUES, 0, {}, "width must be at least 1, got 0"),
        (CELLS, VALUES, 9, {"max_distance": np.nan}, "max_distance must be a number, got nan"),
        (CELLS, VALUES, 9, {"min_value": np.nan}, "min_value must be a number, got nan"),
        (CELLS, VALUES, 9, {"zero_at": np.nan}, "zero_at must be a number, got nan"),
        (CELLS, VALUES, 9, {"unmoved": VALUES}, r"unmoved must have shape \(2, 4, 3\)"),
    ],
)
def test_wrong_peaks_are_named(cells, values, width, options, message):
    with pytest.raises(ValueError, match=message):
        kernels.snap_to_peaks(KEYPOINTS, cells, values, width, **{"max_distance": 5.0, **options})


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match="at must be one of between, floor, transposed, got 'x'"):
        kernels.sample_heat(HEATMAP, (16, 18), KEYPOINTS, at="x")
    fitting = (HEATMAP, (16, 18), KEYPOINTS, SCORES)
    for count in (0, 10**7):
        with pytest.raises(ValueError, match=f"max_evaluations must be 1 to 1000000, got {count}"):
            kernels.fit_gaussians(*fitting, min_score=0.0, max_evaluations=count)
    with pytest.raises(ValueError, match="min_score must be a number, got nan"):
        kernels.fit_gaussians(*fitting, min_score=np.nan)
    with pytest.raises(TypeError, match="scores must be float32, got bool"):
        kernels.fit_gaussians(*fitting[:3], SCORES > 0, min_score=0.0)
    with pytest.raises(ValueError, match=r"scores must have shape \(4, 17\)"):
        kernels.scoring_feature(np.zeros((4, 17, 2), np.float32), np.zeros((4, 1), np.float32))
