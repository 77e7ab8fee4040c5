"""What the fused heatmap says of keypoints: values under them, nearest peaks, fitted Gaussians."""

import numpy as np
import parity
import pytest
from posetrack import kernels
from posetrack.engine.decoders.refinement import FusedHeat, PeakLimits
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL, FITTED_PIXELS

from ..published_maps import notional_heads

SIZE = (448, 512)
NEAR = PeakLimits(distance=75)


def heat_with(*peaks, size=(100, 200)):
    """Heat of one keypoint in single pixels (x, y, value)."""
    maps = np.zeros((1, 1, *size), np.float32)
    for x, y, value in peaks:
        maps[0, 0, y, x] = value
    return FusedHeat(maps, size)


def notional_heat(shared, case):
    return FusedHeat.of([notional_heads(shared, case).heads["heatmap"][:, :-1]], SIZE)


def nearest(heat, places, max_peaks, limits=NEAR, unmoved=-1.0):
    """Points and values of people with one keypoint each."""
    keypoints = np.float32(places).reshape(1, -1, 1, 2)
    unmoved = np.broadcast_to(np.float32(unmoved), keypoints.shape[1]).reshape(1, -1, 1).copy()
    points, values = heat.nearest_peaks(keypoints, None, max_peaks, limits, unmoved)
    return points[0, :, 0].tolist(), values[0, :, 0].tolist()


def test_heat_of_several_scales_is_their_mean():
    maps = [np.full((1, 2, 4, 4), 3, np.float32), np.full((1, 2, 1, 1), 6, np.float32)]
    heat = FusedHeat.of(maps, (8, 8))
    np.testing.assert_array_equal(heat.maps, np.full((1, 2, 8, 8), 4.5))
    alone = FusedHeat.of(maps[:1], (8, 8))
    assert alone.maps.shape == (1, 2, 4, 4)
    keypoints = np.full((1, 1, 2, 2), 5, np.float32)
    np.testing.assert_array_equal(alone.values_at(keypoints, None, "floor"), [[[3, 3]]])


def test_nearest_peak_replaces_a_keypoint_and_not_the_highest():
    heat = heat_with((50, 50, 0.25), (80, 50, 0.75))
    points, values = nearest(heat, [[60, 50], [70, 50]], 2)
    assert points == [[50, 50], [80, 50]]
    assert values == [0.25, 0.75]


def test_peak_at_the_largest_distance_is_too_far():
    points, values = nearest(
        heat_with((80, 50, 0.75)), [[155, 50], [154.5, 50]], 1, unmoved=[0.25, 0.25]
    )
    assert points == [[155, 50], [80, 50]]
    assert values == [0.25, 0.75]


def test_peak_within_five_cells_of_a_higher_one_does_not_count():
    heat = heat_with((50, 50, 0.9), (52, 50, 0.5), (53, 53, 0.4))
    points, _ = nearest(heat, [[52, 50], [53, 53]], 2)
    assert points == [[50, 50], [53, 53]]


def test_weak_peaks_count_unless_a_least_value_is_asked_for():
    heat = heat_with((50, 50, 0.0625), (90, 50, 0.5))
    assert nearest(heat, [52, 50], 2) == ([[50, 50]], [0.0625])
    assert nearest(heat, [52, 50], 2, PeakLimits(75, least=0.1)) == ([[90, 50]], [0.5])
    points, values = nearest(heat, [52, 50], 2, PeakLimits(20, least=0.1), unmoved=[0.25])
    assert (points, values) == ([[52, 50]], [0.25])


def test_weak_peak_may_be_taken_and_have_no_value():
    heat = heat_with((50, 50, 0.0625), (90, 50, 0.5))
    assert nearest(heat, [52, 50], 2, PeakLimits(75, zero_at=0.0625)) == ([[50, 50]], [0])


def test_nobody_is_snapped_into_nothing():
    assert nearest(heat_with((5, 5, 1)), [], 30) == ([], [])


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_refinement_is_that_of_the_released_code(shared, case):
    arrays = parity.load(shared, "decode_hrbu") | {
        f"dekr/{name}": array for name, array in parity.load(shared, "decode_dekr").items()
    }
    heat = notional_heat(shared, case)
    regressed = arrays[f"{case}/reg_kpts_nms"]
    values = heat.values_at(positions(regressed), None, "between")[0]
    values *= arrays[f"{case}/reg_center_scores"][:, None]
    np.testing.assert_allclose(values, regressed[..., 2], rtol=DECODED_SCORES_RTOL)
    for before, after in (("heat_kpts_nms", "absorbed"), ("nms_poses", "match_absorbed")):
        prefix = f"dekr/{case}" if before == "nms_poses" else case
        before_xy = positions(arrays[f"{prefix}/{before}"])
        points, _ = heat.nearest_peaks(before_xy, None, 30, NEAR, before_xy[..., 0].copy())
        expected = arrays[f"{prefix}/{after}"][..., :2]
        np.testing.assert_allclose(points[0], expected, rtol=0, atol=DECODED_PIXELS)
    proposals = arrays[f"dekr/{case}/proposals_xy_ctr"]
    means = heat.values_at(positions(proposals), None, "floor")[0].mean(axis=1)
    stored = arrays[f"dekr/{case}/nms_poses"]  # nothing is suppressed: the same rows
    np.testing.assert_allclose(
        proposals[:, 0, 2] * means, stored[..., 2].mean(axis=1), rtol=DECODED_SCORES_RTOL
    )


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_fits_are_those_of_the_released_code(shared, case):
    heat = notional_heat(shared, case)
    arrays = parity.load(shared, "decode_hrbu")
    before, after = arrays[f"{case}/absorbed"], arrays[f"{case}/adjusted"]
    centers = np.float32(arrays[f"{case}/heat_center_scores"])[None]
    points, scores = fitted(heat, before, centers)
    np.testing.assert_allclose(points, after[..., :2], rtol=0, atol=FITTED_PIXELS)
    np.testing.assert_allclose(scores, after[..., 2], rtol=DECODED_SCORES_RTOL)
    arrays = parity.load(shared, "decode_dekr")
    before, after = arrays[f"{case}/match_absorbed"], arrays[f"{case}/match_adjusted"]
    points, _ = fitted(heat, before, clamped=True)
    np.testing.assert_allclose(points, after[..., :2], rtol=0, atol=FITTED_PIXELS)
    assert np.abs(points - before[..., :2]).max() > FITTED_PIXELS


def fitted(heat, poses, centers=None, clamped=False):
    """Points (N, K, 2) and scores (N, K) of poses (N, K, 3)."""
    scores = np.ascontiguousarray(poses[None, ..., 2], np.float32)
    given = heat.maps, heat.size, positions(poses), scores, centers
    points, scores = kernels.fit_gaussians(*given, min_score=0.05, clamped=clamped)
    return points[0], scores[0]


def positions(poses):
    """(1, N, K, 2) of poses (N, K, 3) with scores."""
    return np.ascontiguousarray(poses[None, ..., :2], np.float32)
