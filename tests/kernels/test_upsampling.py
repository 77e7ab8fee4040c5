"""Enlarged maps and their peaks: small sums done by hand, torch's last bit, what is refused."""

import numpy as np
import parity
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from torch.nn.functional import interpolate

from .case import blobs
from .cases import CASES
from .places import run

FUSED = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
MAP = np.float32(
    [
        [5, 0, 0, 3, 3, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 4, 0, 0, 0],
        [0, 0, 0, 4.5, 0, -1],
    ]
)


def enlarge(rows, size, rule):
    """One map (h, w) at another size."""
    return kernels.upsample_maps(np.float32(rows)[None, None], size, rule=rule)[0, 0]


def peaks(rows, count, window, size=None, rule="corner"):
    """Cells and values of one map (h, w)."""
    maps = np.float32(rows)[None, None]
    size = size or maps.shape[2:]
    cells, values, _ = kernels.upsampled_peaks(maps, size, count, window=window, rule=rule)
    return cells[0, 0].tolist(), values[0, 0].tolist()


# ---- upsample_maps


def test_by_corners_a_cell_lies_at_its_corner_and_the_last_one_is_repeated():
    row = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]
    np.testing.assert_array_equal(enlarge([[0, 4, 8]], (2, 12), "corner"), [row, row])


def test_by_half_pixels_the_border_repeats():
    row = np.float32([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])
    np.testing.assert_array_equal(enlarge([[0, 1]], (3, 8), "half-pixel"), np.tile(row, (3, 1)))


@pytest.mark.parametrize("rule", ["corner", "half-pixel"])
def test_rows_are_enlarged_as_columns(rule):
    maps = np.random.default_rng(0).random((1, 2, 5, 7), np.float32)
    turned = np.ascontiguousarray(maps.transpose(0, 1, 3, 2))
    tall = kernels.upsample_maps(turned, (28, 10), rule=rule).transpose(0, 1, 3, 2)
    wide = kernels.upsample_maps(maps, (10, 28), rule=rule)
    np.testing.assert_allclose(wide, tall, atol=1e-6)


@pytest.mark.parametrize("size", [(5, 7), (20, 28), (10, 28)])
def test_by_corners_cells_keep_their_values(size):
    maps = np.random.default_rng(0).random((1, 3, 5, 7), np.float32)
    large = kernels.upsample_maps(maps, size, rule="corner")
    np.testing.assert_array_equal(large[..., :: size[0] // 5, :: size[1] // 7], maps)


def test_map_larger_than_the_input_is_cut_to_it():
    large = enlarge(np.arange(8)[None], (1, 4), "corner")
    np.testing.assert_allclose(large, [[0, 7 / 4, 14 / 4, 21 / 4]])  # places 0..4, the last cut


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((18, 80, 64), (320, 256)),
        ((18, 128, 172), (512, 688)),
        ((15, 17, 17), (68, 68)),
        ((18, 40, 32), (320, 256)),
        ((18, 33, 47), (320, 256)),  # weights that float32 cannot hold exactly
        ((18, 160, 128), (320, 256)),
        ((18, 160, 128), (120, 96)),  # smaller
        ((18, 40, 1), (160, 4)),
    ],
)
def test_by_half_pixels_every_bit_is_that_of_torch(shape, size):
    # where H + W > 128 and C > 3; below, torch weighs all four neighbours at once
    maps = np.random.default_rng(sum(shape)).standard_normal((1, *shape)).astype(np.float32)
    expected = interpolate(torch.from_numpy(maps), size, mode="bilinear", align_corners=False)
    large = kernels.upsample_maps(maps, size, rule="half-pixel")
    if FUSED:
        np.testing.assert_array_equal(large, expected.numpy())
    else:
        np.testing.assert_allclose(large, expected.numpy(), rtol=1e-6, atol=1e-6)


# ---- upsampled_peaks


@pytest.mark.data
def test_published_maps_come_out_bit_for_bit(shared):
    arrays = parity.load(shared, "logocap_narrow")
    maps = arrays["heatmaps_merged"]
    upsampled = kernels.upsample_maps(maps, (320, 256), rule="half-pixel")
    np.testing.assert_array_equal(upsampled[:, [0, 17]], arrays["heatmaps_hr_ch0_ch17"])


def test_only_the_highest_of_a_window_stays():
    assert peaks(MAP, 5, 3) == ([0, 21, 3, 4, 1], [5, 4.5, 3, 3, 0])
    assert peaks(MAP, 2, 7) == ([0, 1], [5, 0])


@pytest.mark.parametrize(
    ("height", "width", "window"),
    [(128, 128, 3), (200, 200, 3), (201, 200, 5), (300, 300, 5), (300, 301, 7), (160, 500, 7)],
)
def test_window_may_follow_the_mean_side_of_the_map(height, width, window):
    heat = np.zeros((height, width), np.float32)
    heat[50, 50] = 1
    for apart in (1, 2, 3, 4):
        heat[50, 50 + apart] = 0.5
        _, values = peaks(heat, 2, 0)
        assert values == [1, 0 if apart <= window // 2 else 0.5], apart
        heat[50, 50 + apart] = 0
    cells, _ = peaks(np.eye(4, dtype=np.float32), 4, 0, (800, 800))  # that of 4 x 4, not of 800
    assert cells == peaks(np.eye(4), 4, 3, (800, 800))[0]


def test_map_below_zero_has_a_peak_too_but_behind_what_counts_nothing():
    assert peaks([[-3, -2, -5]], 3, 3) == ([0, 2, 1], [0, 0, -2])


def test_short_list_is_filled_with_the_first_empty_cells():
    assert peaks([[0, 0, 7, -1]], 3, 3) == ([2, 0, 1], [7, 0, 0])
    assert peaks([[0, 0, 0, 0]], 3, 3) == ([0, 1, 2], [0, 0, 0])


def test_no_more_cells_are_found_than_there_are():
    assert peaks([[1, 1], [1, 1]], 6, 3) == ([0, 1, 2, 3, -1, -1], [1, 1, 1, 1, 0, 0])


def test_nan_hides_nobody():
    assert peaks([[0.2, np.nan, 0.5]], 3, 3) == ([2, 0, 1], [0.5, np.float32(0.2), 0])


def test_by_corners_a_peak_lies_on_its_cells_pixel():
    heat = np.zeros((3, 5), np.float32)
    heat[1, 2], heat[2, 4] = 0.5, 0.25
    cells, values = peaks(heat, 2, 5, (12, 20))
    assert cells == [4 * 20 + 8, 8 * 20 + 16]  # the first of the repeated border
    assert values == [0.5, 0.25]


def test_by_half_pixels_a_peak_has_four_pixels():
    heat = np.zeros((3, 5), np.float32)
    heat[1, 2] = 0.5
    cells, values = peaks(heat, 5, 3, (12, 20), "half-pixel")
    assert cells[:4] == [5 * 20 + 9, 5 * 20 + 10, 6 * 20 + 9, 6 * 20 + 10]
    assert values == [0.5 * 0.875**2] * 4 + [0]


@pytest.mark.parametrize(
    ("min_value", "at_least", "expected"),
    [
        (-np.inf, 0, 6),
        (0, 0, 4),
        (3, 0, 2),
        (4.4, 0, 2),
        (5, 0, 0),
        (5, 1, 1),
        (3, 1, 2),
        (9, 7, 6),
    ],
)
def test_peaks_above_a_value_are_counted(min_value, at_least, expected):
    options = {"window": 3, "rule": "corner", "min_value": min_value, "at_least": at_least}
    maps = np.ascontiguousarray(MAP[None, None, :, [0, 1, 3, 4, 5]])  # 5, 4.5, 3, 3, then 0
    _, values, count = kernels.upsampled_peaks(maps, maps.shape[2:], 6, **options)
    assert (values[0, 0, :5].tolist(), count.tolist()) == ([5, 4.5, 3, 3, 0], [[expected]])


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_peaks_are_those_of_the_enlarged_map(data):
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    height, width = (data.draw(st.integers(1, 12)) for _ in range(2))
    size = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 150))
    steps = data.draw(st.sampled_from([1, 3, 1000]))
    maps = random.integers(-steps // 3, steps + 1, (1, 2, height, width)).astype(np.float32)
    rule = data.draw(st.sampled_from(["corner", "half-pixel"]))
    options = {"window": data.draw(st.sampled_from([1, 3, 5, 15])), "rule": rule}
    count = data.draw(st.integers(0, 40))
    found = kernels.upsampled_peaks(maps, size, count, **options)
    large = kernels.upsample_maps(maps, size, rule=rule)
    expected = kernels.upsampled_peaks(large, size, count, **options)
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 99))
def test_fewer_peaks_are_the_first_of_more(seed):
    maps = blobs(1, 2, 12, 14, seed)
    many = kernels.upsampled_peaks(maps, (48, 56), 60, window=5, rule="corner")
    few = kernels.upsampled_peaks(maps, (48, 56), 5, window=5, rule="corner")
    for more, fewer in zip(many[:2], few[:2], strict=True):
        np.testing.assert_array_equal(fewer, more[..., :5])


# ---- both

MAPS = blobs(2, 3, 8, 9)


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


@pytest.mark.parametrize("name", ["upsample_maps", "upsampled_peaks"])
def test_an_image_does_not_depend_on_its_batch(name):
    case = next(case for case in CASES[name] if case.name == "batch 3")
    together = run("cpu", name, case.arguments)
    for b in range(3):
        alone = {**case.arguments, "maps": case.arguments["maps"][b : b + 1]}
        assert_same(run("cpu", name, alone), image_of(together, b))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["upsample_maps", "upsampled_peaks"])
def test_float16_maps_are_read_as_they_are(name):
    case = next(case for case in CASES[name] if case.name == "batch 3")
    half = case.arguments["maps"].astype(np.float16)
    got = run("cuda-on-host", name, {**case.arguments, "maps": half})
    assert_same(got, run("cpu", name, {**case.arguments, "maps": half.astype(np.float32)}))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((MAPS.astype(np.float64), (16, 18)), TypeError, "maps must be float32 or float16, got"),
        ((MAPS[0, 0], (16, 18)), ValueError, r"maps must have shape \(B, C, h, w\), got"),
        ((MAPS[..., ::2], (16, 18)), ValueError, r"each maps\[b\] must be C-contiguous"),
        ((MAPS, (-1, 18)), ValueError, "H must be (0 to 16777216|at least 0), got -1"),
        ((MAPS[:, :, :0], (16, 18)), ValueError, "h must be above 0, got 0: a map without"),
        ((MAPS, (2**24 + 1, 1)), ValueError, "H must be 0 to 16777216, got 16777217"),
    ],
)
def test_wrong_maps_and_sizes_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        kernels.upsample_maps(*arguments, rule="corner")
    with pytest.raises(error, match=message):
        kernels.upsampled_peaks(*arguments, 5, window=5, rule="corner")


def test_wrong_options_are_named():
    for window in (2, 17, -1):
        with pytest.raises(ValueError, match=f"window must be odd and 1 to 15, or 0, got {window}"):
            kernels.upsampled_peaks(MAPS, (16, 18), 5, window=window, rule="corner")
    with pytest.raises(ValueError, match="count must be at least 0, got -1"):
        kernels.upsampled_peaks(MAPS, (16, 18), -1, window=5, rule="corner")
    with pytest.raises(ValueError, match="min_value must be a number, got nan"):
        kernels.upsampled_peaks(MAPS, (16, 18), 5, window=5, rule="corner", min_value=np.nan)
    with pytest.raises(ValueError, match="at_least must be at least 0, got -1"):
        kernels.upsampled_peaks(MAPS, (16, 18), 5, window=5, rule="corner", at_least=-1)
    message = "rule must be one of half-pixel, corner, got 'nearest'"
    with pytest.raises(ValueError, match=message):
        kernels.upsampled_peaks(MAPS, (16, 18), 5, window=5, rule="nearest")
    with pytest.raises(ValueError, match=message):
        kernels.upsample_maps(MAPS, (16, 18), rule="nearest")
