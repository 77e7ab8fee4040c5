"""The kernels' Python face: small sums done by hand, properties, and what is refused."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.structures import COCO_17
from tolerances import OKS_ATOL, OPENCV_GREY_LEVELS

from .case import blobs, bodies, picture
from .cases import CASES

NAN = np.float32(np.nan)
SIGMAS = COCO_17.sigma_array


def grey(rows):
    return np.uint8(rows)[..., None].repeat(3, 2)


# ---- size_image


def test_size_image_to_half_takes_the_mean_of_four_pixels():
    image = grey([[10, 20, 100, 120], [30, 40, 140, 160]])
    np.testing.assert_array_equal(kernels.size_image(image, (1, 2), 0.5)[..., 0], [[25, 130]])


def test_size_image_to_double_puts_pixels_at_quarters():
    sized = kernels.size_image(grey([[0, 100]]), (1, 4), 2.0)
    np.testing.assert_array_equal(sized[0, :, 0], [0, 25, 75, 100])


def test_size_image_below_half_counts_every_pixel():
    image = grey([[0, 0, 0, 0, 0, 0, 0, 0]])
    for column in range(8):
        image[:] = 0
        image[0, column] = 240
        assert kernels.size_image(image, (1, 2), 0.25).any(), f"column {column} is lost"


def test_size_image_fills_what_lies_outside_with_the_border():
    sized = kernels.size_image(grey([[200, 200], [200, 200]]), (3, 4), 1.0, (1, 2, 3))
    np.testing.assert_array_equal(sized[:2, :2], np.full((2, 2, 3), 200))
    np.testing.assert_array_equal(sized[2], np.tile(np.uint8([1, 2, 3]), (4, 1)))
    np.testing.assert_array_equal(sized[:, 2:], np.tile(np.uint8([1, 2, 3]), (3, 2, 1)))


def test_size_image_without_image_is_all_border():
    sized = kernels.size_image(np.zeros((0, 9, 3), np.uint8), (2, 2), 1.0, (7, 8, 9))
    np.testing.assert_array_equal(sized, np.tile(np.uint8([7, 8, 9]), (2, 2, 1)))


def test_size_image_at_scale_one_copies():
    image = picture(31, 47)
    np.testing.assert_array_equal(kernels.size_image(image, (31, 47), 1.0), image)


@settings(deadline=None)
@given(value=st.integers(0, 255), scale=st.floats(0.005, 30), size=st.integers(1, 50))
def test_size_image_keeps_a_plain_colour(value, scale, size):
    image = np.full((size, 3, 3), value, np.uint8)
    sized = kernels.size_image(image, (20, 20), scale, (value, value, value))
    assert (sized == value).all()


@pytest.mark.parametrize(
    ("size", "out_size"),
    [
        ((480, 640), (240, 320)),
        ((480, 640), (256, 341)),
        ((360, 640), (252, 448)),
        ((300, 200), (297, 198)),
        ((120, 160), (256, 341)),
        ((37, 53), (111, 159)),
    ],
)
def test_size_image_agrees_with_opencv_down_to_half(size, out_size):
    image = picture(*size)
    scale = out_size[0] / size[0]
    ours = kernels.size_image(image, out_size, scale)
    theirs = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    height, width = np.minimum(ours.shape, theirs.shape)[:2]
    assert height == out_size[0]
    assert width >= out_size[1] - 1
    difference = np.abs(ours[:height, :width].astype(int) - theirs[:height, :width])
    assert difference.max() <= OPENCV_GREY_LEVELS


def test_size_image_writes_to_out():
    image, out = picture(20, 30), np.full((10, 16, 3), 77, np.uint8)
    wanted = kernels.size_image(image, (10, 16), 0.5, (1, 2, 3))
    assert kernels.size_image(image, (10, 16), 0.5, (1, 2, 3), out=out) is out
    np.testing.assert_array_equal(out, wanted)


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


# ---- center_offset_decode


def test_center_offset_decode_by_hand():
    offset = np.zeros((1, 4, 2, 3), np.float32)
    offset[0, :, 1, 2] = 0.5, -3, 10, 0.25
    cells = np.int32([[5, -1]])
    points = kernels.center_offset_decode(cells, offset)
    np.testing.assert_array_equal(points[0, 0], [[2.5, -2], [12, 1.25]])
    np.testing.assert_array_equal(points[0, 1], [[0, 0], [0, 0]])
    back = kernels.center_offset_decode(cells, offset, sign=-1)
    np.testing.assert_array_equal(back[0, 0], [[1.5, 4], [-8, 0.75]])


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


# ---- oks_matrix, nms_oks_visible


def one_pose(*points):
    return np.float32([points]), np.ones((1, len(points)), np.float32)


def test_oks_matrix_by_hand():
    a, _ = one_pose((0, 0), (10, 0))
    b, scores = one_pose((0, 0), (10, 3))
    area, sigmas = np.float32([100]), np.float32([0.05, 0.15])
    wanted = (1 + np.exp(-9 / (2 * 100 * 0.3**2))) / 2
    oks = kernels.oks_matrix(a, b, scores, area, sigmas)
    assert oks.shape == (1, 1)
    assert oks.item() == pytest.approx(wanted, abs=OKS_ATOL)


def test_oks_matrix_counts_keypoints_of_b_only():
    a, _ = one_pose((0, 0), (500, 0))
    b, scores = one_pose((0, 0), (10, 0))
    scores[0, 1] = 0
    sigmas = np.float32([0.05, 0.05])
    assert kernels.oks_matrix(a, b, scores, np.float32([100]), sigmas).item() == 1
    assert kernels.oks_matrix(a, b, scores * 0, np.float32([100]), sigmas).item() == 0
    assert kernels.oks_matrix(a, b, scores, np.float32([0]), sigmas).item() == 0


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), zoom=st.floats(0.1, 10))
def test_oks_matrix_is_a_similarity(seed, zoom):
    poses, _, area = bodies(7, seed)
    scores = np.ones((7, 17), np.float32)
    area[:] = area[0]
    oks = kernels.oks_matrix(poses, poses, scores, area, SIGMAS)
    np.testing.assert_array_equal(np.diag(oks), 1)
    np.testing.assert_allclose(oks, oks.T, rtol=0, atol=OKS_ATOL)
    assert ((oks >= 0) & (oks <= 1)).all()
    zoomed = kernels.oks_matrix(
        poses * np.float32(zoom),
        poses * np.float32(zoom),
        scores,
        area * np.float32(zoom**2),
        SIGMAS,
    )
    np.testing.assert_allclose(zoomed, oks, rtol=0, atol=1e-4)


def test_nms_oks_visible_by_hand():
    keypoints = np.float32([[[0, 0]], [[1, 0]], [[2, 0]], [[50, 0]]])
    scores, area, sigmas = np.ones((4, 1), np.float32), np.full(4, 100, np.float32), [0.05]
    # One pixel apart: exp(-0.5) = 0.61; two: exp(-2) = 0.14.
    keep = kernels.nms_oks_visible(keypoints, scores, area, np.float32(sigmas), threshold=0.3)
    assert keep.tolist() == [True, False, True, True], "who was dropped suppresses nobody"
    keep = kernels.nms_oks_visible(keypoints, scores, area, np.float32(sigmas), threshold=0.1)
    assert keep.tolist() == [True, False, False, True]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), threshold=st.floats(0.01, 0.99))
def test_nms_oks_visible_keeps_poses_that_are_not_alike(seed, threshold):
    people = bodies(20, seed)
    keep = kernels.nms_oks_visible(*people, SIGMAS, threshold=threshold)
    assert keep[0]
    oks = kernels.oks_matrix(people[0], *people, SIGMAS)
    alike = np.tril(oks > np.float32(threshold), -1)
    assert not alike[np.ix_(keep, keep)].any()
    assert alike[np.ix_(~keep, keep)].any(axis=1).all(), "each dropped one has its reason"


# ---- every kernel

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


@pytest.mark.parametrize("name", CASES)
def test_inputs_stay_as_they_are(name):
    for case in CASES[name]:
        arrays = {k: v for k, v in case.arguments.items() if isinstance(v, np.ndarray)}
        before = {key: array.tobytes() for key, array in arrays.items()}
        getattr(kernels, name)(**case.arguments)
        assert {key: array.tobytes() for key, array in arrays.items()} == before


IMAGE, MAPS = picture(8, 9), blobs(2, 1, 8, 9)[:, 0]
CELLS, OFFSET = np.zeros((2, 3), np.int32), np.zeros((2, 34, 8, 9), np.float32)
HEAT, CENTERS = blobs(2, 17, 8, 9), np.zeros((2, 3, 17, 2), np.float32)
SPREAD, BOXES = np.ones((2, 3), np.float32), np.zeros((2, 3, 4), np.float32)
A, (B, B_SCORES, B_AREA) = bodies(4)[0], bodies(3)
REFUSED = [
    (kernels.size_image, (IMAGE.astype(np.float32), (4, 4), 0.5), TypeError, "image must be uint8"),
    (kernels.size_image, (IMAGE[..., :2], (4, 4), 0.5), ValueError, r"image .*\(any, any, 3\)"),
    (kernels.size_image, (IMAGE[:, ::2], (4, 4), 0.5), ValueError, "image must be C-contiguous"),
    (
        kernels.size_image,
        (IMAGE, (4, 4), 0.0),
        ValueError,
        "scale must be from 1 / 4096 to 16384, got 0.0",
    ),
    (
        kernels.size_image,
        (IMAGE, (4, 4), -1.0),
        ValueError,
        "scale must be from 1 / 4096 to 16384, got -1.0",
    ),
    (
        kernels.size_image,
        (IMAGE, (4, 4), NAN),
        ValueError,
        "scale must be from 1 / 4096 to 16384, got nan",
    ),
    (
        kernels.size_image,
        (IMAGE, (-4, 4), 1.0),
        ValueError,
        r"size must be at least 0, got \(-4, 4\)",
    ),
    (kernels.center_nms_topk, (MAPS.astype(np.float64), 3), TypeError, "maps must be float32"),
    (kernels.center_nms_topk, (MAPS[0], 3), ValueError, r"maps .*\(any, any, any\), got \(8, 9\)"),
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
        r"cells must be below 72, those of a map of \(8, 9\), got 72",
    ),
    (
        kernels.center_offset_decode,
        (CELLS, OFFSET[:1]),
        ValueError,
        r"offset .*\(2, any, any, any\)",
    ),
    (kernels.center_offset_decode, (CELLS, OFFSET[:, :33].copy()), ValueError, "two channels per"),
    (kernels.center_offset_decode, (CELLS, OFFSET[:, :32]), ValueError, "offset must be C-contig"),
    (
        kernels.gaussian_argmax,
        (HEAT[:, :16], CENTERS, SPREAD),
        ValueError,
        r"heatmap .*\(2, 17, any",
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
    (
        kernels.oks_matrix,
        (A, B[:, :5], B_SCORES, B_AREA, SIGMAS),
        ValueError,
        r"b .*\(any, 17, 2\)",
    ),
    (kernels.oks_matrix, (A, B, B_SCORES[:2], B_AREA, SIGMAS), ValueError, r"b_scores .*\(3, 17\)"),
    (kernels.oks_matrix, (A, B, B_SCORES, B_AREA[:2], SIGMAS), ValueError, r"b_area .*\(3\)"),
    (kernels.oks_matrix, (A, B, B_SCORES, B_AREA, SIGMAS[:5]), ValueError, r"sigmas .*\(17\)"),
    (
        kernels.oks_matrix,
        (A.astype(float), B, B_SCORES, B_AREA, SIGMAS),
        TypeError,
        "a must be flo",
    ),
    (kernels.oks_matrix, (A[::2], B, B_SCORES, B_AREA, SIGMAS), ValueError, "a must be C-contig"),
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


def test_images_of_a_batch_are_compared_apart():
    (a, *_), (b, *rest) = (
        [np.stack(parts) for parts in zip(*(bodies(n, seed) for seed in range(3)), strict=True)]
        for n in (4, 5)
    )
    together = kernels.oks_matrix(a, b, *rest, SIGMAS)
    kept = kernels.nms_oks_visible(b, *rest, SIGMAS, threshold=0.3)
    assert (together.shape, kept.shape) == ((3, 4, 5), (3, 5))
    for i in range(3):
        image = (b[i], *(part[i] for part in rest))
        np.testing.assert_array_equal(together[i], kernels.oks_matrix(a[i], *image, SIGMAS))
        np.testing.assert_array_equal(
            kept[i], kernels.nms_oks_visible(*image, SIGMAS, threshold=0.3)
        )


def test_a_batch_wants_a_batch_of_others():
    with pytest.raises(ValueError, match=r"b must have shape \(1, any, 17, 2\), got \(3, 17, 2\)"):
        kernels.oks_matrix(A[None], B, B_SCORES, B_AREA, SIGMAS)


def test_nms_oks_visible_names_a_wrong_argument():
    with pytest.raises(ValueError, match=r"area must have shape \(3\), got \(2,\)"):
        kernels.nms_oks_visible(B, B_SCORES, B_AREA[:2], SIGMAS, threshold=0.3)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.zeros((4, 5, 3), np.uint8), ValueError, r"out must have shape \(4, 4, 3\)"),
        (np.zeros((4, 4, 3), np.float32), TypeError, "out must be uint8"),
        (np.zeros((8, 4, 3), np.uint8)[::2], ValueError, "out must be C-contiguous"),
    ],
)
def test_size_image_refuses_a_wrong_out(out, error, message):
    with pytest.raises(error, match=message):
        kernels.size_image(IMAGE, (4, 4), 0.5, out=out)


# ---- known faults: each mark goes with its repair


def test_size_image_refuses_a_border_that_is_no_colour():
    with pytest.raises(ValueError, match="border"):
        kernels.size_image(IMAGE, (12, 12), 1.0, (1, 2, 3, 4))
    with pytest.raises(ValueError, match="border"):
        kernels.size_image(IMAGE, (12, 12), 1.0, (1, 2))


def test_size_image_refuses_a_border_out_of_range():
    with pytest.raises(ValueError, match="border"):
        kernels.size_image(IMAGE, (12, 12), 1.0, (300, 0, 0))


def test_size_image_refuses_an_out_that_is_read_only():
    out = np.zeros((4, 4, 3), np.uint8)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out"):
        kernels.size_image(IMAGE, (4, 4), 0.5, out=out)


def test_gaussian_argmax_ties_by_rounding_go_to_the_lower_cell():
    assert windowed_cell(np.ones((8, 9)), (4, 4), 1e9)[0] == 0


@pytest.mark.parametrize("scale", [1e-300, 1 / 5000, 20000.0, float("nan")])
def test_size_image_refuses_a_scale_that_makes_no_sense(scale):
    with pytest.raises(ValueError, match="scale"):
        kernels.size_image(IMAGE, (4, 4), scale)


def test_size_image_by_a_thousandth_keeps_a_flat_image_flat():
    image = np.full((1, 4096, 3), 200, np.uint8)
    assert (kernels.size_image(image, (1, 1), 1 / 4096) == 200).all()


def test_radius_larger_than_the_map_finds_the_one_highest_cell():
    maps = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    cells, _, counts = kernels.center_nms_topk(maps, 5, radius=2**62)
    assert counts[0] == 1
    assert cells[0, 0] == 11


def test_nms_oks_visible_refuses_a_threshold_that_is_no_number():
    poses = np.zeros((1, 2, 2), np.float32)
    ones = np.ones((1, 2), np.float32)
    with pytest.raises(ValueError, match="threshold must be a number, got nan"):
        kernels.nms_oks_visible(poses, ones, ones[:, 0], ones[0], threshold=float("nan"))
