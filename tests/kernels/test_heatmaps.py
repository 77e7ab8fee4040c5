"""Heatmaps of bottom-up networks: small sums done by hand, properties, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import reference

from .case import NAN, blobs
from .heatmaps_cases import CASES
from .places import run

# ---- center_nms_topk


def test_center_nms_topk_by_hand():
    maps = np.zeros((1, 5, 7), np.float32)
    maps[0, 1, 1], maps[0, 1, 2], maps[0, 3, 5] = 0.5, 0.4, 0.9
    cells, scores, count = kernels.center_nms_topk(maps, 4, radius=1)
    assert cells.tolist() == [[3 * 7 + 5, 1 * 7 + 1, -1, -1]]
    np.testing.assert_array_equal(scores, np.float32([[0.9, 0.5, 0, 0]]))
    assert count.tolist() == [2]


def test_center_nms_topk_within_tolerance_both_neighbours_are_peaks():
    maps = np.float32([[[0.5, 0.45, 0.3]]])
    assert kernels.center_nms_topk(maps, 3, radius=1, tolerance=0.1)[0].tolist() == [[0, 1, -1]]
    assert kernels.center_nms_topk(maps, 3, radius=1)[0].tolist() == [[0, -1, -1]]


def test_center_nms_topk_is_above_its_threshold():
    maps = np.float32([[[0.5, 0, 0, 0.25]]])
    assert kernels.center_nms_topk(maps, 2, radius=1, threshold=0.25)[2].tolist() == [1]
    assert kernels.center_nms_topk(maps, 2, radius=1, threshold=0.2)[2].tolist() == [2]


def test_center_nms_topk_equal_peaks_come_by_cell():
    maps = np.ones((1, 2, 3), np.float32)
    assert kernels.center_nms_topk(maps, 4)[0].tolist() == [[0, 1, 2, 3]]


def test_center_nms_topk_nan_hides_nobody():
    maps = np.float32([[[0.2, NAN, 0.5]]])
    assert kernels.center_nms_topk(maps, 3, radius=1)[0].tolist() == [[2, 0, -1]]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 99), radius=st.integers(0, 5))
def test_center_nms_topk_fewer_are_the_first_of_more(seed, radius):
    maps = blobs(1, 1, 12, 14, seed)[:, 0]
    many = kernels.center_nms_topk(maps, 60, radius=radius)
    few = kernels.center_nms_topk(maps, 5, radius=radius)
    for more, fewer in zip(many[:2], few[:2], strict=True):
        np.testing.assert_array_equal(fewer, more[:, :5])
    assert few[2] == min(many[2], 5)


def test_radius_larger_than_the_map_finds_the_one_highest_cell():
    maps = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    cells, _, counts = kernels.center_nms_topk(maps, 5, radius=2**62)
    assert counts[0] == 1
    assert cells[0, 0] == 11


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 5),
    width=st.integers(1, 200),
    steps=st.sampled_from([1, 3, 1000]),
    count=st.integers(0, 40),
    radius=st.integers(0, 4),
    tolerance=st.sampled_from([0.0, 1.0, 200.0]),
)
def test_peaks_anywhere(seed, height, width, steps, count, radius, tolerance):
    random = np.random.default_rng(seed)
    maps = random.integers(-1, steps + 1, (1, height, width)).astype(np.float32)
    maps[random.random(maps.shape) < 0.05] = np.nan
    options = {"radius": radius, "tolerance": tolerance, "threshold": 0.0}
    wanted = reference.center_nms_topk(maps, count, **options)
    for got, expected in zip(kernels.center_nms_topk(maps, count, **options), wanted, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("place", ["cpu", pytest.param("cuda-on-host", marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", [(1, 1024), (1, 1025), (2, 1536), (33, 160)])
def test_best_peaks_come_from_every_part_of_a_map(place, shape):
    """Cells that rise, then fall, then are all alike; every one is a peak by itself."""
    size = shape[0] * shape[1]
    for values in (np.arange(size), -np.arange(size), np.zeros(size)):
        maps = values.astype(np.float32).reshape(1, *shape)
        arguments = {"maps": maps, "count": size, "radius": 0, "threshold": -1e9}
        cells, scores, counts = run(place, "center_nms_topk", arguments)
        order = np.argsort(-values, kind="stable")
        np.testing.assert_array_equal(cells[0], order)
        np.testing.assert_array_equal(scores[0], values[order])
        assert counts[0] == size


# ---- center_offset_decode

W = 3  # of the offset map, which has 2 rows


def field():
    """x offset 100 * row + 10 * column + 1, y offset 0."""
    offset = np.zeros((1, 2, 2, W), np.float32)
    offset[0, 0] = [[1, 11, 21], [101, 111, 121]]
    return offset


def decoded(fine_x, fine_y, rule, ratio=4, sign=1.0):
    cells = np.int32([[fine_y * ratio * W + fine_x]])
    points = kernels.center_offset_decode(cells, field(), sign=sign, ratio=ratio, rule=rule)
    return points[0, 0, 0].tolist()


def test_center_offset_decode_by_hand():
    offset = np.zeros((1, 4, 2, 3), np.float32)
    offset[0, :, 1, 2] = 0.5, -3, 10, 0.25
    cells = np.int32([[5, -1]])
    points = kernels.center_offset_decode(cells, offset)
    np.testing.assert_array_equal(points[0, 0], [[2.5, -2], [12, 1.25]])
    np.testing.assert_array_equal(points[0, 1], [[0, 0], [0, 0]])
    back = kernels.center_offset_decode(cells, offset, sign=-1)
    np.testing.assert_array_equal(back[0, 0], [[1.5, 4], [-8, 0.75]])


@pytest.mark.parametrize(
    ("fine", "floor", "rounded", "covering"),
    [
        ((0, 0), (0 + 1, 0), (0 + 1, 0), (0 + 1, 0)),
        ((3, 1), (0.75 + 1, 0.25), (1 + 11, 0), (0 + 1, 0)),
        ((2, 2), (0.5 + 1, 0.5), (1 + 111, 1), (0 + 1, 0)),
        ((5, 4), (1.25 + 111, 1), (1 + 111, 1), (1 + 111, 1)),
        ((11, 7), (2.75 + 121, 1.75), (2 + 121, 1), (2 + 121, 1)),
    ],
)
def test_center_of_a_map_four_times_as_fine(fine, floor, rounded, covering):
    assert decoded(*fine, "floor") == list(floor)
    assert decoded(*fine, "rounded") == list(rounded)
    assert decoded(*fine, "covering") == list(covering)


def test_field_that_points_back():
    assert decoded(3, 1, "floor", sign=-1.0) == [0.75 - 1, 0.25]


@pytest.mark.parametrize("rule", ["floor", "rounded", "covering"])
def test_rules_agree_where_the_maps_are_alike(rule):
    assert decoded(2, 1, rule, ratio=1) == [2 + 121, 1]


def test_cell_outside_the_finer_map_is_refused():
    cells = np.int32([[4 * 2 * 4 * W]])
    with pytest.raises(ValueError, match="cells must be below"):
        kernels.center_offset_decode(cells, field(), ratio=4)


def test_unknown_rule_is_refused():
    with pytest.raises(
        ValueError, match="rule must be one of floor, rounded, covering, got 'nearest'"
    ):
        decoded(0, 0, "nearest")


@pytest.mark.parametrize("ratio", [0, -1, 2**40])
def test_ratio_that_makes_no_sense_is_refused(ratio):
    with pytest.raises(ValueError, match=f"ratio must be at least 1, .*, got {ratio}"):
        kernels.center_offset_decode(np.int32([[0]]), field(), ratio=ratio)


# ---- gaussian_argmax


def windowed_cell(heat, center, spread, box=None):
    boxes = None if box is None else np.float32([[box]])
    arguments = np.float32([[heat]]), np.float32([[[center]]]), np.float32([[spread]]), boxes
    cells, values = kernels.gaussian_argmax(*arguments)
    return cells.item(), values.item()


def test_gaussian_argmax_by_hand():
    heat = [[0.5, 0, 0, 0.9]]
    cell, value = windowed_cell(heat, (0, 0), 4)
    assert (cell, value) == (0, pytest.approx(0.5))
    assert windowed_cell(heat, (0, 0), 100) == (3, pytest.approx(0.9 * np.exp(-0.09)))


def test_gaussian_argmax_looks_inside_the_box_only():
    heat = [[0.5, 0.6, 0.7, 0.9]]
    assert windowed_cell(heat, (3, 0), 4, (0, 0, 3, 1))[0] == 2, "x2 itself is outside"
    assert windowed_cell(heat, (0, 0), 4, (0.5, 0, 9, 1))[0] == 1
    assert windowed_cell(heat, (0, 0), 4, (2, 2, 2, 2)) == (-1, 0)


def test_gaussian_argmax_between_two_cells_takes_the_lower():
    assert windowed_cell(np.ones((4, 4)), (1.5, 1.5), 4)[0] == 5


@pytest.mark.parametrize("spread", [0, -1, NAN])
def test_gaussian_argmax_leaves_out_a_pose_without_spread(spread):
    assert windowed_cell([[1, 1]], (0, 0), spread) == (-1, 0)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999))
def test_gaussian_argmax_without_end_is_the_plain_maximum(seed):
    heatmap = np.random.default_rng(seed).integers(0, 9, (1, 3, 6, 7)).astype(np.float32)
    centers = np.full((1, 1, 3, 2), 2, np.float32)
    cells, values = kernels.gaussian_argmax(heatmap, centers, np.float32([[np.inf]]))
    np.testing.assert_array_equal(cells[0, 0], heatmap.reshape(3, -1).argmax(1))
    np.testing.assert_array_equal(values[0, 0], heatmap.max((0, 2, 3)))


def test_gaussian_argmax_ties_by_rounding_go_to_the_lower_cell():
    assert windowed_cell(np.ones((8, 9)), (4, 4), 1e9)[0] == 0


# ---- all of them

BATCHED = {
    "center_nms_topk": ("maps",),
    "center_offset_decode": ("cells", "offset"),
    "gaussian_argmax": ("heatmap", "centers", "spread", "boxes"),
}


@pytest.mark.parametrize("name", BATCHED)
def test_an_image_does_not_depend_on_its_batch(name):
    kernel = getattr(kernels, name)
    case = next(case for case in CASES[name] if case.name == "batch 3")
    together = kernel(**case.arguments)
    for b in range(3):
        alone = {key: case.arguments[key][b : b + 1] for key in BATCHED[name]}
        results = kernel(**{**case.arguments, **alone})
        if not isinstance(results, tuple):
            results, whole = (results,), (together,)
        else:
            whole = together
        for one, all_of_them in zip(results, whole, strict=True):
            np.testing.assert_array_equal(one[0], all_of_them[b])


MAPS = blobs(2, 1, 8, 9)[:, 0]
CELLS, OFFSET = np.zeros((2, 3), np.int32), np.zeros((2, 34, 8, 9), np.float32)
HEAT, CENTERS = blobs(2, 17, 8, 9), np.zeros((2, 3, 17, 2), np.float32)
SPREAD, BOXES = np.ones((2, 3), np.float32), np.zeros((2, 3, 4), np.float32)
REFUSED = [
    (kernels.center_nms_topk, (MAPS.astype(np.float64), 3), TypeError, "maps must be float32"),
    (kernels.center_nms_topk, (MAPS[0, 0], 3), ValueError, r"maps .*\(B, h, w\), got \(9,\)"),
    (kernels.center_nms_topk, (MAPS[..., ::2], 3), ValueError, r"each maps\[b\] must be C-contig"),
    (kernels.center_nms_topk, (MAPS[::-1], 3), ValueError, "maps must run forward"),
    (kernels.center_nms_topk, (MAPS, -1), ValueError, "count must be at least 0, got -1"),
    (
        kernels.center_offset_decode,
        (CELLS.astype(np.int64), OFFSET),
        TypeError,
        "cells must be int3",
    ),
    (
        kernels.center_offset_decode,
        (CELLS + np.int32(72), OFFSET),
        ValueError,
        r"cells must be below ratio \* h \* ratio \* w: is `ratio` that of",
    ),
    (
        kernels.center_offset_decode,
        (CELLS, OFFSET[:1]),
        ValueError,
        r"offset .*\(2, 34, 8, 9\)",
    ),
    (kernels.center_offset_decode, (CELLS, OFFSET[:, :33].copy()), ValueError, r"\(2, 2K, 8, 9\)"),
    (
        kernels.center_offset_decode,
        (CELLS, OFFSET[..., ::-1]),
        ValueError,
        r"each offset\[b\] must",
    ),
    (
        kernels.gaussian_argmax,
        (HEAT[:, :16], CENTERS, SPREAD),
        ValueError,
        r"centers .*\(2, 3, 16, 2\)",
    ),
    (kernels.gaussian_argmax, (HEAT[..., ::2], CENTERS, SPREAD), ValueError, r"each heatmap\[b\]"),
    (kernels.gaussian_argmax, (HEAT, CENTERS[..., :1], SPREAD), ValueError, "centers must have sh"),
    (kernels.gaussian_argmax, (HEAT, CENTERS, SPREAD[:, :2]), ValueError, r"spread .*\(2, 3\)"),
    (kernels.gaussian_argmax, (HEAT, CENTERS, SPREAD, BOXES[:, :2]), ValueError, "boxes must have"),
    (
        kernels.gaussian_argmax,
        (HEAT, CENTERS, SPREAD.astype(int)),
        TypeError,
        "spread must be floa",
    ),
]


@pytest.mark.parametrize(("kernel", "arguments", "error", "message"), REFUSED)
def test_a_wrong_argument_is_named(kernel, arguments, error, message):
    with pytest.raises(error, match=message):
        kernel(*arguments)


@pytest.mark.parametrize("option", [{"radius": -1}, {"tolerance": -0.1}, {"tolerance": NAN}])
def test_center_nms_topk_refuses_options_out_of_range(option):
    (name, value), *_ = option.items()
    with pytest.raises(ValueError, match=f"{name} must be at least 0, got {value}"):
        kernels.center_nms_topk(MAPS, 3, **option)
