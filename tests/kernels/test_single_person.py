"""Keypoints from the maps of one person's crop: small facts done by hand, and what is refused."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import devices, reference
from posetrack.kernels.single_person import (
    fuse_offsets,
    heatmap_argmax,
    quarter_offset_argmax,
    smooth_heatmaps,
    soft_argmax,
)
from scipy import ndimage
from tolerances import SMOOTHED_RTOL, SOFT_ARGMAX_TWIN, SOFT_SCORE_RTOL

from .case import FLOAT_MAX, INF, NAN, blobs, rng
from .places import CudaOnHost, run

H, W = 64, 48


def spike(x, y, value=1.0, right=0.0, below=0.0):
    """One map with a peak and something beside it."""
    heatmap = np.zeros((1, 1, H, W), np.float32)
    heatmap[0, 0, y, x] = value
    if right:
        heatmap[0, 0, y, x + int(np.sign(right))] = abs(right)
    if below:
        heatmap[0, 0, y + int(np.sign(below)), x] = abs(below)
    return heatmap


# ---- smooth_heatmaps


@pytest.mark.parametrize("deviation", [0.2, 0.5, 1.0, 1.6, 3.0, 9.0])
@pytest.mark.parametrize("smooth", [smooth_heatmaps, reference.smooth_heatmaps])
def test_filter_is_scipys(smooth, deviation):
    maps = blobs(2, 3, 24, 18)
    expected = ndimage.gaussian_filter(maps, (0, 0, deviation, deviation), mode="nearest")
    np.testing.assert_allclose(smooth(maps, deviation), expected, rtol=0, atol=SMOOTHED_RTOL)


def test_filter_is_the_gaussian_and_keeps_a_constant():
    smoothed = smooth_heatmaps(spike(10, 20), 1.0)[0, 0]
    np.testing.assert_allclose(smoothed[20, 11:13] / smoothed[20, 10], np.exp([-0.5, -2]), 1e-5)
    np.testing.assert_array_equal(smoothed[20, 15:], 0)
    assert smoothed[20, 14] > 0
    constant = np.full((2, 3, 5, 4), 0.7, np.float32)
    np.testing.assert_allclose(smooth_heatmaps(constant, 2.0), constant, rtol=1e-6)


def test_flipped_map_is_smoothed_to_the_flip_of_the_map():
    maps = blobs(1, 3, 24, 18)
    smoothed = smooth_heatmaps(maps, 1.5)
    turned = np.ascontiguousarray(maps[..., ::-1, ::-1])
    np.testing.assert_array_equal(smooth_heatmaps(turned, 1.5), smoothed[..., ::-1, ::-1])


def test_deviation_0_copies():
    maps = blobs(1, 3, 24, 18)
    smoothed = smooth_heatmaps(maps, 0.0)
    np.testing.assert_array_equal(smoothed, maps)
    assert not np.shares_memory(smoothed, maps)


def test_nan_and_infinity_stay_within_the_filters_reach():
    maps = spike(10, 20, NAN)
    smoothed = smooth_heatmaps(maps, 1.0)[0, 0]
    assert np.isnan(smoothed[16:25, 6:15]).all()
    assert np.isnan(smoothed).sum() == 81


@pytest.mark.parametrize("deviation", [-1.0, NAN, INF, 64.5])
def test_strange_deviations_are_refused(deviation):
    maps = np.zeros((1, 1, 4, 4), np.float32)
    with pytest.raises(ValueError, match="deviation must be 0 to 64 cells, got"):
        smooth_heatmaps(maps, deviation)
    with pytest.raises(ValueError, match="smoothing must be 0 to 64 cells, got"):
        fuse_offsets(maps, None, 1.0, deviation)


# ---- heatmap_argmax


def test_first_of_equal_cells_is_the_highest():
    heatmap = spike(10, 20) + spike(30, 20) + spike(5, 21)
    cells, values = heatmap_argmax(heatmap)
    assert (cells.tolist(), values.tolist()) == ([[20 * W + 10]], [[1]])


@pytest.mark.parametrize("cell", [0, 1, 511, 512, 513, H * W - 1])
def test_highest_cell_is_found_anywhere(cell):
    maps = -rng().random((1, 1, H, W), np.float32)
    maps.ravel()[cell] = 0.5
    assert heatmap_argmax(maps)[0] == cell


def test_nan_is_never_the_highest():
    maps = np.float32([[[[NAN, 1], [3, NAN]]], [[[NAN, NAN], [NAN, -INF]]], [[[NAN] * 2] * 2]])
    cells, values = heatmap_argmax(maps)
    np.testing.assert_array_equal(cells, [[2], [3], [-1]])
    np.testing.assert_array_equal(values, [[3], [-INF], [0]])


# ---- quarter_offset_argmax


@pytest.mark.parametrize(
    ("right", "below", "expected"),
    [
        (0.5, 0.0, (10.25, 20)),
        (-0.5, 0.5, (9.75, 20.25)),
        (0.1, -0.9, (10.25, 19.75)),
        (0, 0, (10, 20)),
    ],
)
def test_peak_moves_a_quarter_towards_the_higher_neighbour(right, below, expected):
    keypoints, values = quarter_offset_argmax(spike(10, 20, right=right, below=below))
    np.testing.assert_array_equal(keypoints, [[expected]])
    np.testing.assert_array_equal(values, [[1]])


@pytest.mark.parametrize(
    ("x", "y", "moves"),
    [(1, 20, False), (2, 20, True), (W - 2, 20, True), (W - 1, 20, False), (10, 1, False)],
)
def test_peaks_near_the_border_stay(x, y, moves):
    keypoints, _ = quarter_offset_argmax(spike(x, y, right=-0.5))
    assert keypoints[0, 0, 0] == (x - 0.25 if moves else x)


def test_map_without_anything_above_zero_gives_the_corner():
    heatmaps = np.stack((spike(10, 20, 0.0), spike(10, 20, -0.5) - 1))[:, 0]
    keypoints, values = quarter_offset_argmax(heatmaps)
    np.testing.assert_array_equal(keypoints, np.zeros((2, 1, 2)))
    np.testing.assert_array_equal(values, [[0], [-1]])


# ---- fuse_offsets


def test_offset_of_the_highest_cell_is_added_in_units_of_the_radius():
    heatmaps, offsets = spike(10, 20, 0.8), np.zeros((1, 2, H, W), np.float32)
    offsets[0, :, 20, 10] = 0.5, -0.25
    keypoints, values = fuse_offsets(heatmaps, offsets, 4.0)
    np.testing.assert_array_equal(keypoints, [[[12, 19]]])
    np.testing.assert_array_equal(values, [[np.float32(0.8)]])
    np.testing.assert_array_equal(fuse_offsets(heatmaps, None, 4.0)[0], [[[10, 20]]])


def test_broad_peak_wins_after_smoothing_but_keeps_its_own_value():
    heatmaps = spike(30, 40, 1.5)
    heatmaps[0, 0, 9:12, 19:22] = 1
    np.testing.assert_array_equal(fuse_offsets(heatmaps, None, 1.0, 0.0)[0], [[[30, 40]]])
    keypoints, values = fuse_offsets(heatmaps, None, 1.0, 1.0)
    assert (keypoints.tolist(), values.tolist()) == ([[[20, 10]]], [[1]])


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 50), st.integers(1, 30)),
    smoothing=st.sampled_from([0.0, 0.4, 1.0, 2.3]),
    levels=st.sampled_from([1, 2, 3, 1000]),
    shift=st.sampled_from([0, -1, -1000]),
    nothing=st.sampled_from([0.0, NAN, -INF, INF]),
)
def test_choice_is_that_of_smoothing_and_searching(seed, size, smoothing, levels, shift, nothing):
    """Rows are left out of the search: never those that hold the highest, nor the first of ties."""
    random = np.random.default_rng(seed)
    heatmaps = (random.integers(0, levels, (1, 3, *size)) + shift).astype(np.float32)
    heatmaps[:, :2] *= np.exp(random.uniform(-9, 0, (size[0], 1))).astype(np.float32)
    heatmaps[:, 2][random.random((1, *size)) < 0.02] = nothing
    cells, _ = heatmap_argmax(smooth_heatmaps(heatmaps, smoothing))
    y, x = np.divmod(np.maximum(cells, 0), size[1])
    keypoints, values = fuse_offsets(heatmaps, None, 1.0, smoothing)
    np.testing.assert_array_equal(keypoints, np.stack((x, y), axis=2))
    at = heatmaps[0, range(3), y[0], x[0]]
    np.testing.assert_array_equal(values[0], np.where(cells[0] < 0, 0, at))


def test_map_without_values_gives_zeros():
    keypoints, values = fuse_offsets(np.full((1, 2, 4, 5), NAN), None, 1.0)
    np.testing.assert_array_equal(keypoints, np.zeros((1, 2, 2)))
    np.testing.assert_array_equal(values, [[0, 0]])


def test_offsets_of_another_shape_are_refused():
    maps = np.zeros((1, 17, 4, 4), np.float32)
    with pytest.raises(ValueError, match=r"offsets must have shape \(1, 34, 4, 4\), got \(1, 17,"):
        fuse_offsets(maps, maps, 1.0)


# ---- soft_argmax


def test_expectation_of_a_plane_and_of_a_volume():
    logits = np.full((1, 1, 4, 8), -200, np.float32)
    logits[0, 0, 1, 2] = logits[0, 0, 2, 6] = 0
    places, scores = soft_argmax(logits)
    np.testing.assert_allclose(places, [[[4 / 8 - 0.5, 1.5 / 4 - 0.5]]], atol=1e-6)
    np.testing.assert_array_equal(scores, [[0.5]])
    volume = np.full((1, 1, 10, 4, 8), -200, np.float32)
    volume[0, 0, 9, 1, 2] = 0
    expected = [[[2 / 8 - 0.5, 1 / 4 - 0.5, 9 / 10 - 0.5]]]
    np.testing.assert_allclose(soft_argmax(volume)[0], expected, atol=1e-6)


@pytest.mark.parametrize("shift", [0.0, -3e4, 1e4, 1e30])
def test_expectation_survives_logits_that_no_exponential_does(shift):
    logits = np.full((1, 1, 4, 4), shift, np.float32)
    logits[0, 0, 2, 1] += max(1e4, shift)
    places, scores = soft_argmax(logits)
    np.testing.assert_allclose(places, [[[-0.25, 0]]], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(scores, [[1]])


def test_flat_map_gives_its_middle():
    # of cells 0 to n - 1, half a cell before that of the map
    places, scores = soft_argmax(np.zeros((2, 3, 4, 8), np.float32))
    np.testing.assert_array_equal(places, np.broadcast_to([-1 / 16, -1 / 8], (2, 3, 2)))
    np.testing.assert_array_equal(scores, np.full((2, 3), 1 / 32))


def test_volume_of_one_slice_is_a_plane():
    logits = rng().normal(0, 3, (2, 3, 9, 7)).astype(np.float32)
    (flat, flat_scores), (deep, scores) = soft_argmax(logits), soft_argmax(logits[:, :, None])
    np.testing.assert_array_equal(deep[..., :2], flat)
    np.testing.assert_array_equal(deep[..., 2], np.full((2, 3), -0.5))
    np.testing.assert_array_equal(scores, flat_scores)


@pytest.mark.parametrize("level", [-0.3, -1.1, -3.7, -8.1, -12.9])
def test_sums_of_many_equal_terms_are_not_worn_away_by_rounding(level):
    logits = np.full((1, 1, 64, 64, 64), level, np.float32)
    logits[0, 0, 60, 3, 50] = 0
    got, wanted = soft_argmax(logits), reference.soft_argmax(logits)
    np.testing.assert_allclose(got[0], wanted[0], rtol=0, atol=SOFT_ARGMAX_TWIN)
    np.testing.assert_allclose(got[1], wanted[1], rtol=SOFT_SCORE_RTOL)


def test_only_finite_logits_weigh_where_none_is_infinite():
    logits = np.full((1, 1, 2, 4), -INF)
    logits[0, 0, 1, 3], logits[0, 0, 0] = -FLOAT_MAX, NAN
    places, scores = soft_argmax(logits)
    np.testing.assert_array_equal(places, [[[0.25, 0]]])
    np.testing.assert_array_equal(scores, [[1]])


def test_infinite_logits_share_all_the_weight():
    logits = np.full((1, 1, 2, 4), 1e30, np.float32)
    logits[0, 0, 1, [1, 3]] = INF
    places, scores = soft_argmax(logits)
    np.testing.assert_array_equal(places, [[[0, 0]]])
    np.testing.assert_array_equal(scores, [[0.5]])


@pytest.mark.parametrize("nothing", [NAN, -INF])
def test_nothing_to_weigh_gives_zeros(nothing):
    places, scores = soft_argmax(np.full((1, 2, 3, 4, 5), nothing))
    np.testing.assert_array_equal(places, np.zeros((1, 2, 3)))
    np.testing.assert_array_equal(scores, np.zeros((1, 2)))


# ---- all


CALLS = {
    "smooth_heatmaps": {"deviation": 1.0},
    "heatmap_argmax": {},
    "quarter_offset_argmax": {},
    "fuse_offsets": {"offsets": None, "radius": 1.0},
    "soft_argmax": {},
}
FIRST = {"fuse_offsets": "heatmaps", "soft_argmax": "logits"}


@pytest.mark.parametrize("name", CALLS)
def test_a_person_does_not_depend_on_the_others(name):
    maps = blobs(4, 3, 24, 18)
    together = getattr(kernels, name)(maps, **CALLS[name])
    alone = [getattr(kernels, name)(maps[b : b + 1], **CALLS[name]) for b in range(4)]
    if not isinstance(together, tuple):
        together, alone = (together,), [(one,) for one in alone]
    for whole, parts in zip(together, zip(*alone, strict=True), strict=True):
        np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("name", CALLS)
def test_other_arrays_are_refused(name):
    kernel, rest, first = getattr(kernels, name), CALLS[name], FIRST.get(name, "maps")
    with pytest.raises(TypeError, match=f"{first} must be float32 or float16, got float64"):
        kernel(np.zeros((1, 2, 4, 4)), **rest)
    with pytest.raises(ValueError, match=f"{first} must have shape"):
        kernel(np.zeros((4, 4), np.float32), **rest)
    with pytest.raises(ValueError, match=rf"each {first}\[b\] must be C-contiguous"):
        kernel(np.zeros((1, 2, 4, 8), np.float32)[..., ::2], **rest)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_half_heads_give_what_their_values_give(name):
    """On CUDA, here on its stand-in: the same sums of the same values."""
    heads = blobs(2, 6, 24, 18).astype(np.float16)
    rest = dict(CALLS[name])
    if name == "fuse_offsets":
        heads, rest["offsets"] = heads[:, :2].copy(), heads[:, 2:].copy()
    first = FIRST.get(name, "maps")

    def results(dtype):
        arguments = {first: heads, **rest}
        for key in {first, "offsets"} & set(arguments):
            arguments[key] = arguments[key].astype(dtype)
        got = run("cuda-on-host", name, arguments)
        return got if isinstance(got, tuple) else (got,)

    for half, single in zip(results(np.float16), results(np.float32), strict=True):
        np.testing.assert_array_equal(half, single)


@pytest.mark.slow
def test_offsets_of_another_dtype_are_refused():
    maps = np.zeros((1, 1, 4, 4), np.float32)
    with (
        patch.object(devices, "CPU", CudaOnHost()),
        pytest.raises(TypeError, match="offsets must be float32 as the others are, got float16"),
    ):
        fuse_offsets(maps, np.zeros((1, 2, 4, 4), np.float16), 1.0)
