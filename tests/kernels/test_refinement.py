"""Keypoints and the heatmap around them: small sums done by hand, and what is refused."""

import numpy as np
import pytest
from posetrack import kernels
from posetrack.structures import COCO_17

from .case import blobs
from .cases import CASES
from .places import run

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
    with pytest.raises(ValueError, match="knows poses of 17 and of 14 keypoints, got 16"):
        kernels.scoring_feature(*arrays)


# ---- all of them

BATCHED = {
    "sample_heat": (("heatmap", "keypoints"), "batch 3, between"),
    "snap_to_peaks": (("keypoints", "cells", "values"), "batch 3"),
    "fit_gaussians": (("heatmap", "keypoints", "wanted"), "batch 3"),
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample_heat", "fit_gaussians"])
def test_float16_heatmaps_are_read_as_they_are(name):
    case = next(case for case in CASES[name] if case.name == BATCHED[name][1])
    half = case.arguments["heatmap"].astype(np.float16)
    got = run("cuda-on-host", name, {**case.arguments, "heatmap": half})
    assert_same(got, run("cpu", name, {**case.arguments, "heatmap": half.astype(np.float32)}))


HEATMAP, KEYPOINTS = blobs(2, 3, 8, 9), np.zeros((2, 4, 3, 2), np.float32)
CELLS, VALUES = np.zeros((2, 3, 5), np.int32), np.zeros((2, 3, 5), np.float32)
WANTED = np.ones((2, 4, 3), bool)


@pytest.mark.parametrize(
    ("heatmap", "size", "keypoints", "error", "message"),
    [
        (HEATMAP.astype(float), (16, 18), KEYPOINTS, TypeError, "heatmap must be float32"),
        (HEATMAP[:, :2], (16, 18), KEYPOINTS, ValueError, r"keypoints .*\(2, any, 2, 2\)"),
        (HEATMAP[..., ::2], (16, 18), KEYPOINTS, ValueError, r"each heatmap\[b\] must be"),
        (HEATMAP, (16, 18), KEYPOINTS.astype(float), TypeError, "keypoints must be float32"),
        (HEATMAP, (16, 18), KEYPOINTS[:, ::2], ValueError, "keypoints must be C-contiguous"),
        (HEATMAP, (0, 18), KEYPOINTS, ValueError, r"size must have pixels to read, got \(0, 18\)"),
        (HEATMAP, (-1, 18), KEYPOINTS, ValueError, r"size must be at least 0, got \(-1, 18\)"),
        (HEATMAP[:, :, :0], (16, 18), KEYPOINTS, ValueError, "heatmap of 0 x 9 cells cannot be"),
    ],
)
def test_wrong_heatmaps_and_keypoints_are_named(heatmap, size, keypoints, error, message):
    with pytest.raises(error, match=message):
        kernels.sample_heat(heatmap, size, keypoints, at="floor")
    with pytest.raises(error, match=message):
        kernels.fit_gaussians(heatmap, size, keypoints, WANTED)


@pytest.mark.parametrize(
    ("cells", "values", "width", "options", "message"),
    [
        (CELLS[:, :2], VALUES, 9, {}, r"cells must have shape \(2, 3, any\)"),
        (CELLS, VALUES[..., :2], 9, {}, r"values must have shape \(2, 3, 5\)"),
        (CELLS, VALUES, 0, {}, "width must be at least 1, got 0"),
        (CELLS, VALUES, 9, {"max_distance": np.nan}, "max_distance must be a number, got nan"),
        (CELLS, VALUES, 9, {"min_value": np.nan}, "min_value must be a number, got nan"),
    ],
)
def test_wrong_peaks_are_named(cells, values, width, options, message):
    with pytest.raises(ValueError, match=message):
        kernels.snap_to_peaks(KEYPOINTS, cells, values, width, **{"max_distance": 5.0, **options})


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match="at must be 'between', 'floor' or 'transposed', got 'x'"):
        kernels.sample_heat(HEATMAP, (16, 18), KEYPOINTS, at="x")
    for most in (0, 10**7):
        with pytest.raises(
            ValueError, match=f"max_evaluations must be from 1 to 1000000, got {most}"
        ):
            kernels.fit_gaussians(HEATMAP, (16, 18), KEYPOINTS, WANTED, max_evaluations=most)
    with pytest.raises(TypeError, match="wanted must be bool, got uint8"):
        kernels.fit_gaussians(HEATMAP, (16, 18), KEYPOINTS, WANTED.astype(np.uint8))
    with pytest.raises(ValueError, match=r"scores must have shape \(4, 17\)"):
        kernels.scoring_feature(np.zeros((4, 17, 2), np.float32), np.zeros((4, 1), np.float32))
