"""LOGO-CAP's windows by hand, by the published arrays, and what is refused."""

import numpy as np
import parity
import pytest
from posetrack import kernels
from posetrack.kernels import GlobalWindow
from posetrack.structures import COCO_17
from scipy.signal import convolve2d
from tolerances import ANOTHER_BATCH_ATOL, EMBEDDING_ATOL, WINDOW_ATOL

from .case import blobs
from .logocap_cases import gaussian

LENGTH = 4
# Values 10, 20, 30, 40 along an axis, and what the published rule makes of positions.
ALONG = np.float32([10, 20, 30, 40])
BETWEEN = [
    (-7.5, 10),  # before the first cell: its value
    (-0.25, 10),
    (0, 10),
    (0.25, 12.5),
    (1, 20),
    (2.5, 35),
    (2.75, 37.5),
    (3, 0),  # at the last cell neither neighbour counts
    (3.25, 10),  # the last cell's weight grows
    (3.75, 30),
    (4, 40),
    (9.5, 40),
]


def points(*places):
    """(1, N, 1, 2) keypoints, one per person."""
    return np.float32(places)[None, :, None]


def read(heatmap, keypoints, size=None):
    """The heatmap at keypoints (1, N, 1, 2): what a window of one cell gives."""
    window = GlobalWindow(np.ones((1, 1), np.float32))
    size = size or heatmap.shape[-2:]
    places, values = kernels.global_adaptation(keypoints, heatmap[None, None], size, None, window)
    np.testing.assert_array_equal(places, keypoints)
    return values[0, :, 0]


@pytest.mark.parametrize(("position", "expected"), BETWEEN)
@pytest.mark.parametrize("axis", [0, 1])
def test_value_along_one_axis(position, expected, axis):
    # rows of a map of one row would count nothing: there, too, the last one has no weight
    lines = np.tile(ALONG, (3, 1))
    place = (position, 0) if axis == 0 else (0, position)
    assert read(lines if axis == 0 else lines.T.copy(), points(place)).tolist() == [expected]
    steps = np.zeros((1, 1), np.float32)
    maps = (lines if axis == 0 else lines.T.copy())[None, None]
    assert kernels.local_windows(points(place), steps, maps, 1.0).item() == expected


def test_value_between_four_cells():
    maps = np.float32([[0, 1, 9], [10, 11, 9], [9, 9, 9]])
    assert read(maps, points((0.25, 0.5))).tolist() == [5.25]


def test_heatmap_is_enlarged_with_half_pixels_minded():
    maps = np.float32([[0, 1]])
    values = read(maps, points(*[(x, 0) for x in range(7)]), (3, 8))
    np.testing.assert_array_equal(values, [0, 0, 0.125, 0.375, 0.625, 0.875, 1])


def test_local_window_is_the_embedding_where_the_mesh_lies():
    columns, rows = np.meshgrid(np.arange(20.0), np.arange(15.0))
    embedding = np.stack((columns, 100 * rows)).astype(np.float32)[None]
    keypoints = np.float32([[[[20, 24], [44, 30]]]])
    steps = np.float32([[-1, 0, 1], [-2, 0, 2]])
    features = kernels.local_windows(keypoints, steps, embedding, 4.0)
    assert features.shape == (1, 1, 4, 3, 3)
    x, y = keypoints[0, 0, :, 0], keypoints[0, 0, :, 1]
    for k in range(2):
        across = np.tile((x[k] + steps[k]) / 4, (3, 1))
        down = np.tile((y[k] + steps[k]) / 4 * 100, (3, 1)).T
        np.testing.assert_allclose(features[0, 0, 2 * k], across, rtol=1e-6)
        np.testing.assert_allclose(features[0, 0, 2 * k + 1], down, rtol=1e-6)


def flat_window(side):
    return GlobalWindow(np.ones((side, side), np.float32), clamp=False)


def test_two_highest_cells_share_the_place_and_the_value():
    heat = np.zeros((1, 1, 21, 21), np.float32)
    heat[0, 0, 11, 12], heat[0, 0, 8, 10] = 0.8, 0.4
    places, values = kernels.global_adaptation(
        points((10, 10)), heat, (21, 21), None, flat_window(5)
    )
    np.testing.assert_array_equal(places[0, 0, 0], np.float32([11.5, 10.25]))
    assert values.item() == pytest.approx(0.7)


def test_equal_cells_go_by_row_then_column():
    heat = np.full((1, 1, 21, 21), 0.5, np.float32)
    arguments = (points((10, 10)), heat, (21, 21), None, flat_window(5))
    places, values = kernels.global_adaptation(*arguments)
    np.testing.assert_array_equal(places[0, 0, 0], np.float32([8.25, 8]))
    assert values.item() == 0.5


def test_window_without_a_positive_value_is_read_all_the_same():
    heat = np.full((1, 1, 21, 21), -1, np.float32)
    arguments = (points((10, 10)), heat, (21, 21), None, flat_window(3))
    places, values = kernels.global_adaptation(*arguments)
    np.testing.assert_array_equal(places[0, 0, 0], np.float32([9.25, 9]))
    assert values.item() == -1


def test_kernel_draws_itself_around_a_lone_peak():
    heat, kernel = np.zeros((1, 1, 21, 21), np.float32), np.zeros((1, 1, 1, 3, 3), np.float32)
    heat[0, 0, 10, 10], kernel[..., 0, 2], kernel[..., 0, 1] = 2, 0.5, 0.25
    arguments = (points((10, 10)), heat, (21, 21), kernel, flat_window(9))
    places, values = kernels.global_adaptation(*arguments)
    np.testing.assert_array_equal(places[0, 0, 0], np.float32([10.75, 9]))
    assert values.item() == 0.75 * 1 + 0.25 * 0.5


def test_released_kernels_are_cut_and_divided_by_their_points():
    heat = np.zeros((1, 1, 21, 21), np.float32)
    heat[0, 0, 10, 10] = 9
    kernel = np.zeros((1, 1, 1, 3, 3), np.float32)
    kernel[..., 1, 1], kernel[..., 2, 2] = 7, -3
    window = GlobalWindow(np.ones((9, 9), np.float32), first_weight=1.0)
    _, values = kernels.global_adaptation(points((10, 10)), heat, (21, 21), kernel, window)
    assert values.item() == 1


def test_window_is_that_of_scipy():
    heat = blobs(1, 1, 60, 60, seed=4)
    rng = np.random.default_rng(5)
    kernel = rng.random((1, 1, 1, 11, 11)).astype(np.float32)
    weights = gaussian(41)
    around = heat[0, 0, 10:51, 10:51] * weights
    refined = convolve2d(around, kernel[0, 0, 0] / 121, mode="same")
    order = np.argsort(-refined, axis=None)[:2]
    rows, columns = np.divmod(order, 41)
    window = GlobalWindow(weights)
    places, values = kernels.global_adaptation(points((30, 30)), heat, (60, 60), kernel, window)
    share = np.float32([0.75, 0.25])
    np.testing.assert_allclose(places[0, 0, 0], [columns @ share + 10, rows @ share + 10])
    assert values.item() == pytest.approx(refined.ravel()[order] @ share, abs=WINDOW_ATOL)


def likely_centers(heatmap):
    """Cells and values of the centers from 0.01 on."""
    cells, values, _ = kernels.upsampled_peaks(
        heatmap[:1, -1:], (320, 256), 30, window=3, rule="half-pixel"
    )
    likely = values[0, 0] >= 0.01
    return cells[0, 0, likely], values[0, 0, likely]


@pytest.mark.data
def test_centers_and_the_poses_they_start_are_the_published_ones(shared):
    arrays = parity.load(shared, "logocap_narrow")
    cells, values = likely_centers(arrays["heatmaps_merged"])
    chosen = arrays["center_mask"].astype(bool)
    expected = arrays["centers_top30_xyv"][chosen]
    np.testing.assert_array_equal(np.stack(np.divmod(cells, 256)[::-1], axis=1), expected[:, :2])
    np.testing.assert_array_equal(values, expected[:, 2])
    poses = kernels.center_offset_decode(cells[None], arrays["offsets_merged"], sign=-1, ratio=4)
    np.testing.assert_array_equal(poses[0] * 4, arrays["initial_poses_xy"][chosen])


@pytest.mark.data
def test_centers_without_flip_test_are_the_published_ones(shared):
    arrays = parity.load(shared, "logocap_narrow")
    cells, values = likely_centers(arrays["heatmaps_raw"])
    expected = arrays["noflip_centers_top30_xyv"][: len(arrays["noflip_scores"])]
    np.testing.assert_array_equal(np.stack(np.divmod(cells, 256)[::-1], axis=1), expected[:, :2])
    np.testing.assert_allclose(values, expected[:, 2], rtol=0, atol=ANOTHER_BATCH_ATOL)


@pytest.mark.data
def test_features_are_the_published_ones(shared):
    arrays = parity.load(shared, "logocap_narrow")
    poses = arrays["initial_poses_xy"][arrays["center_mask"].astype(bool)][:3]
    spreads = COCO_17.sigma_array / np.float32(0.025)
    steps = spreads[:, None] * (np.arange(11, dtype=np.float32) - 5)
    features = kernels.local_windows(poses[None], steps, arrays["embedding"], 4.0)
    expected = arrays["kem_features_first3"]
    np.testing.assert_allclose(features[0], expected, rtol=0, atol=EMBEDDING_ATOL)


@pytest.mark.data
def test_values_are_those_of_the_two_highest_published_cells(shared):
    arrays = parity.load(shared, "logocap_narrow")
    poses = arrays["initial_poses_xy"][arrays["center_mask"].astype(bool)]
    window = GlobalWindow(gaussian(97))
    arguments = (arrays["heatmaps_merged"][:, :-1], (320, 256), arrays["kam_preclamp"][None])
    _, values = kernels.global_adaptation(poses[None], *arguments, window)
    expected = arrays["out_top5_val"][..., :2] @ np.float32([0.75, 0.25])
    np.testing.assert_allclose(values[0, : len(expected)], expected, rtol=0, atol=WINDOW_ATOL)


HEAT, POSES = blobs(1, 2, 8, 8), np.zeros((1, 3, 2, 2), np.float32)
KERNELS, WINDOW = np.zeros((1, 3, 2, 5, 5), np.float32), GlobalWindow(gaussian(9))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((POSES, HEAT[:, :1], (32, 32), KERNELS, WINDOW), ValueError, r"heatmap .*\(1, 2, 8, 8"),
        ((POSES[:, :2].copy(), HEAT, (32, 32), KERNELS, WINDOW), ValueError, r"kernels .*\(1, 2,"),
        (
            (POSES, HEAT, (7, 32), KERNELS, WINDOW),
            ValueError,
            "H must be at least h and at most 4194304, got 7",
        ),
        ((POSES, HEAT, (32, 32), KERNELS[..., :4, :4].copy(), WINDOW), ValueError, "s must be odd"),
        ((POSES, HEAT, (32, 32), None, GlobalWindow(gaussian(8))), ValueError, "g must be odd"),
        ((POSES.astype(float), HEAT, (32, 32), None, WINDOW), TypeError, "keypoints must be float"),
    ],
)
def test_a_wrong_argument_of_global_adaptation_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        kernels.global_adaptation(*arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((POSES, np.zeros((3, 5), np.float32), HEAT, 4.0), ValueError, r"steps .*\(2, 5\)"),
        (
            (POSES, np.zeros((2, 5), np.float32), HEAT, 0.0),
            ValueError,
            "stride must be above 0, got 0.0",
        ),
        ((POSES, np.zeros((2, 5)), HEAT, 4.0), TypeError, "steps must be float32"),
    ],
)
def test_a_wrong_argument_of_local_windows_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        kernels.local_windows(*arguments)
