"""Boxes and RoIAlign: sums done by hand, rules, the RoIAlign of the network, what is refused."""

from dataclasses import replace

import numpy as np
import parity
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import reference
from posetrack.kernels.boxes import BoxGeneration
from posetrack.kernels.reference.boxes import greedy_groups
from posetrack.models.layers.roi_align import roi_align as network_roi_align
from posetrack.models.layers.roi_align import roi_level
from tolerances import SAMPLED_ATOL

from .boxes_cases import CASES, crowd
from .case import NAN, blobs, rng

PAPER = BoxGeneration()


def one_image(boxes, scores=None):
    boxes = np.float32(boxes).reshape(1, -1, 4)
    return boxes if scores is None else (boxes, np.float32(scores)[None])


def rows_of(result):
    """The rows that stay of one image; behind them there must be -1."""
    rows, count = result[-2:]
    assert rows.dtype == count.dtype == np.int32
    assert (rows[0, count[0] :] == -1).all()
    return rows[0, : count[0]].tolist()


# ---- box_overlap, nms_boxes


def test_overlap_by_hand():
    boxes = one_image([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [4, 4, 4, 4]])
    overlap = kernels.box_overlap(boxes, boxes)
    assert overlap.dtype == np.float64
    assert overlap[0, 0].tolist() == [1, 50 / 150, 0, 0]
    assert overlap[0, 3].tolist() == [0, 0, 0, 0]
    # by their last pixel they are 11 wide and share 6 columns
    assert kernels.box_overlap(boxes, boxes, edge=1)[0, 0, 1] == pytest.approx(6 / 16)


def test_dropped_box_drops_nobody():
    # the middle one overlaps both others, which hardly touch: it goes, both stay
    boxes = [[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]]
    for scores, stays in (([0.9, 0.8, 0.7], [0, 2]), ([0.7, 0.8, 0.9], [2, 0])):
        assert rows_of(kernels.nms_boxes(*one_image(boxes, scores), threshold=0.3)) == stays
    assert rows_of(kernels.nms_boxes(*one_image(boxes, [0.7, 0.9, 0.8]), threshold=0.3)) == [1]


def test_overlap_at_the_threshold_is_not_too_much():
    people = one_image([[0, 0, 2, 1], [0, 0, 1, 1]], [0.1, 0.2])
    assert rows_of(kernels.nms_boxes(*people, threshold=0.5)) == [1, 0]
    assert rows_of(kernels.nms_boxes(*people, threshold=0.49)) == [1]


def test_earlier_box_wins_a_tie_and_nan_comes_last():
    same = one_image([[0, 0, 9, 9]] * 3, [0.5, 0.5, 0.5])
    assert rows_of(kernels.nms_boxes(*same, threshold=0.9)) == [0]
    apart = [[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9], [60, 0, 69, 9]]
    people = one_image(apart, [NAN, 0.1, NAN, 0.2])
    assert rows_of(kernels.nms_boxes(*people, threshold=0.9)) == [3, 1, 0, 2]


def test_rows_beyond_the_count_neither_stay_nor_drop():
    boxes, scores = one_image([[0, 0, 9, 9], [20, 0, 29, 9], [0, 0, 9, 9]], [0.5, 0.6, 0.9])
    result = kernels.nms_boxes(boxes, scores, np.int32([2]), threshold=0.5)
    assert rows_of(result) == [1, 0]
    assert rows_of(kernels.nms_boxes(boxes, scores, threshold=0.5)) == [2, 1]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), threshold=st.floats(0.05, 0.95))
def test_boxes_that_stay_do_not_overlap_and_each_dropped_one_has_its_reason(seed, threshold):
    boxes, scores = crowd(1, 25, seed)
    rows = rows_of(kernels.nms_boxes(boxes, scores, threshold=threshold))
    alike = kernels.box_overlap(boxes, boxes)[0] > threshold
    np.fill_diagonal(alike, False)
    assert not alike[np.ix_(rows, rows)].any()
    assert (np.diff(scores[0, rows]) <= 0).all()
    for dropped in set(range(25)) - set(rows):
        assert (alike[dropped, rows] & (scores[0, rows] >= scores[0, dropped])).any()


@pytest.mark.data
@pytest.mark.parametrize("threshold", [0.3, 0.6])
def test_boxes_are_suppressed_as_by_the_authors_code(shared, threshold):
    published = parity.load(shared, "simplebaseline_decode")
    detections = published["boxnms_dets"]
    people = one_image(detections[:, :4], detections[:, 4])
    stays = rows_of(kernels.nms_boxes(*people, threshold=threshold, edge=1))
    np.testing.assert_array_equal(stays, published[f"boxnms_keep_thr{threshold}"])


# ---- generate_boxes


def shifted(*steps, width=100, height=200):
    """Boxes moved to the right by so many pixels."""
    return np.float32([[x, 0, x + width, height] for x in steps])


def chosen(boxes, scores, constants=PAPER):
    return rows_of(kernels.generate_boxes(*one_image(boxes, scores), constants=constants))


def test_small_boxes_go_even_if_certain():
    boxes = [[0, 0, 31, 32], [100, 0, 132, 32], [200, 50, 200, 90], [300, 90, 400, 80]]
    assert chosen(boxes, [0.9, 0.9, 0.9, 0.9]) == [1]


def test_box_needs_the_company_of_a_reliable_one():
    # moved by 30 of 100: 70 of 130 in common; by 40: 60 of 140, too little
    assert chosen(shifted(0, 30, 40, 500), [0.9, 0.3, 0.3, 0.7]) == [0, 1]


def test_company_of_one_reliable_box_is_enough():
    assert chosen(shifted(0, 400, 420), [0.9, 0.95, 0.1]) == [1, 0, 2]


def test_reliable_means_above_the_score_not_at_it():
    assert chosen(shifted(0, 500), [0.8, 0.81]) == [1]


def test_without_a_reliable_box_there_is_none():
    assert chosen(shifted(0, 5), [0.8, 0.7]) == []
    assert chosen(np.zeros((0, 4)), []) == []


def test_best_four_of_a_group_stay():
    boxes, scores = shifted(0, 1, 2, 3, 4, 5), [0.5, 0.9, 0.6, 0.85, 0.7, 0.1]
    assert chosen(boxes, scores) == [1, 3, 4, 2]
    assert chosen(boxes, scores, replace(PAPER, per_group=2)) == [1, 3]


def test_each_group_has_its_own_four():
    boxes = np.concatenate((shifted(0, 1, 2, 3, 4), shifted(500, 501)))
    assert chosen(boxes, [0.9, 0.9, 0.9, 0.9, 0.9, 0.85, 0.85]) == [0, 1, 2, 3, 5, 6]


def test_members_of_a_group_all_overlap_each_other():
    # by steps of 10: neighbours 90 / 110, next but one 80 / 120 < 0.7: groups 0, 1 and 2, 3
    boxes = shifted(0, 10, 20, 30)
    alike = kernels.box_overlap(boxes[None], boxes[None])[0] >= PAPER.group_iou
    assert greedy_groups(alike).tolist() == [0, 0, 1, 1]
    assert chosen(boxes, [0.95, 0.94, 0.93, 0.92], replace(PAPER, per_group=1)) == [0, 2]


@given(st.integers(0, 12), st.integers(0, 10_000))
def test_groups_are_cliques_and_no_two_could_be_one_box_earlier(count, seed):
    alike = rng(seed).random((count, count)) < 0.6
    alike |= alike.T
    np.fill_diagonal(alike, True)
    groups = greedy_groups(alike)
    for row in range(count):
        members = np.flatnonzero(groups == groups[row])
        assert alike[row, members].all()
        for group in range(groups[row]):
            earlier = np.flatnonzero((groups == group) & (np.arange(count) < row))
            assert not alike[row, earlier].all()


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 9999), people=st.integers(0, 40), limit=st.sampled_from([0.3, 0.5, 0.7]))
def test_generated_boxes_are_those_of_the_reference(seed, people, limit):
    boxes, scores = crowd(2, people, seed)
    constants = BoxGeneration(reliable_score=0.7, group_iou=limit, per_group=2)
    got = kernels.generate_boxes(boxes, scores, constants=constants)
    wanted = reference.generate_boxes(boxes, scores, constants=constants)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([0, 0, 60, 40], [0, -20, 60, 60]),
        ([0, 0, 30, 120], [-30, 0, 60, 120]),
        ([3, 4, 63, 84], [3, 4, 63, 84]),
    ],
)
def test_boxes_are_extended_to_three_by_four(box, expected):
    generated, _, _ = kernels.generate_boxes(*one_image([box], [0.9]), constants=PAPER)
    np.testing.assert_array_equal(generated[0], [expected])


# ---- roi_align


def test_roi_on_cells_takes_their_means():
    maps = (np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4),)
    # from edge to edge of the four cells in the middle, two samples a side, each at a cell
    pooled = kernels.roi_align(maps, (1,), np.float32([[[0.5, 0.5, 2.5, 2.5]]]), size=(1, 1))
    np.testing.assert_array_equal(pooled, np.float32([5 + 6 + 9 + 10]).reshape(1, 1, 1, 1, 1) / 4)
    # the same, where cells lie at whole multiples of the stride
    options = {"size": (1, 1), "cell_origin": "corner"}
    moved = kernels.roi_align(maps, (2,), np.float32([[[1, 1, 5, 5]]]), **options)
    np.testing.assert_array_equal(moved, pooled)


def test_samples_far_outside_count_as_zero_and_near_ones_as_the_edge():
    maps = (np.full((1, 1, 4, 4), 8, np.float32),)
    roi = np.float32([[[-1.75, 1, 0.25, 2]]])  # columns sampled at -1.5, -1, -0.5 and 0 or so
    pooled = kernels.roi_align(maps, (1,), roi, size=(1, 4), samples=1, cell_origin="corner")
    np.testing.assert_array_equal(pooled[0, 0, 0, 0], [0, 8, 8, 8])


def test_every_roi_is_pooled_from_the_map_that_suits_it():
    maps = tuple(np.full((1, 1, 512 // s, 512 // s), s, np.float32) for s in (4, 8, 16))
    # the rule allows for a millionth of rounding below a whole level
    sides = [20, 111.99, 111.9999, 112, 223.99, 223.9999, 224, 500]
    rois = np.float32([[(0, 0, side, side) for side in sides]])
    pooled = kernels.roi_align(maps, (4, 8, 16), rois, size=(1, 1))[0, :, 0, 0, 0]
    assert pooled.tolist() == [4, 4, 8, 8, 8, 16, 16, 16]
    levels = roi_level(torch.from_numpy(rois), (4, 8, 16))[0]
    assert [(4, 8, 16)[level] for level in levels] == pooled.tolist()


@pytest.mark.parametrize("cell_origin", ["half-pixel", "corner"])
@pytest.mark.parametrize("samples", [1, 2, 3])
def test_roi_align_is_the_networks(cell_origin, samples):
    maps = tuple(blobs(2, 3, 256 >> i, 352 >> i, seed=i) for i in range(3))
    random = rng(5)
    low = random.uniform((-40, -40), (1400, 1000), (2, 20, 2))
    # 352 high by 256 wide, as the boxes of one ratio are
    size = np.exp(random.uniform(2, 6.5, (2, 20, 1))) * np.array([256, 352]) / 352
    rois = np.concatenate((low, low + size), 2).astype(np.float32)
    options = {"size": (11, 8), "samples": samples, "cell_origin": cell_origin}
    got = kernels.roi_align(maps, (4, 8, 16), rois, **options)
    tensors = [torch.from_numpy(m) for m in maps]
    wanted = network_roi_align(tensors, (4, 8, 16), torch.from_numpy(rois), **options)
    np.testing.assert_allclose(got, wanted.numpy(), rtol=0, atol=SAMPLED_ATOL)


def test_rois_behind_a_count_are_not_read():
    maps, rois = blobs(2, 3, 8, 9), np.stack((crowd(1, 3)[0][0],) * 2)
    pooled = kernels.roi_align((maps,), (4,), rois, np.int32([2, 0]), size=(2, 2))
    everyone = kernels.roi_align((maps,), (4,), rois, size=(2, 2))
    np.testing.assert_array_equal(pooled[0, :2], everyone[0, :2])
    assert not pooled[0, 2:].any()
    assert not pooled[1].any()


def test_float16_results_are_the_rounded_float32_ones():
    arguments = next(c for c in CASES["roi_align"] if c.name == "pyramid").arguments
    exact = kernels.roi_align(**arguments)
    halves = kernels.roi_align(**{**arguments, "dtype": np.float16})
    np.testing.assert_array_equal(halves, exact.astype(np.float16), strict=True)


# ---- all of them


@pytest.mark.parametrize("name", ["nms_boxes", "box_overlap", "generate_boxes", "roi_align"])
def test_an_image_does_not_depend_on_its_batch(name):
    kernel = getattr(kernels, name)
    arguments = next(case for case in CASES[name] if case.name == "batch 3").arguments
    per_image = {"boxes", "others", "scores", "rois"} & set(arguments)
    together = kernel(**arguments)
    for b in range(3):
        alone = {key: arguments[key][b : b + 1] for key in per_image}
        if "maps" in arguments:
            alone["maps"] = tuple(m[b : b + 1] for m in arguments["maps"])
        results = kernel(**{**arguments, **alone})
        pairs = (
            ((results,), (together,)) if isinstance(results, np.ndarray) else (results, together)
        )
        for one, all_of_them in zip(*pairs, strict=True):
            np.testing.assert_array_equal(one[0], all_of_them[b])


BOXES, SCORES = crowd(2, 3)
MAPS, ROIS = (blobs(2, 3, 8, 9), blobs(2, 3, 4, 5)), BOXES
REFUSED = [
    (kernels.box_overlap, (BOXES[0], BOXES), {}, ValueError, r"others .*\(M, 4\), got \(2, 3, 4\)"),
    (kernels.box_overlap, (BOXES, BOXES[:1]), {}, ValueError, r"others .*\(2, 3, 4\), got"),
    (
        kernels.box_overlap,
        (BOXES, BOXES),
        {"edge": NAN},
        ValueError,
        "edge must be a number, got nan",
    ),
    (kernels.nms_boxes, (BOXES, SCORES[:1]), {"threshold": 1}, ValueError, r"scores .*\(2, 3\)"),
    (
        kernels.nms_boxes,
        (BOXES, SCORES),
        {"threshold": NAN},
        ValueError,
        "threshold must be a number, got nan",
    ),
    (
        kernels.nms_boxes,
        (BOXES, SCORES, np.int64([1, 1])),
        {"threshold": 1},
        TypeError,
        "counts must be int32, got int64",
    ),
    (
        kernels.generate_boxes,
        (BOXES.astype(np.float64), SCORES),
        {"constants": PAPER},
        TypeError,
        "boxes must be float32, got float64",
    ),
    (
        kernels.generate_boxes,
        (BOXES, SCORES),
        {"constants": BoxGeneration(aspect=0)},
        ValueError,
        "aspect must be above 0, got 0",
    ),
    (kernels.roi_align, (MAPS, (4,), ROIS), {"size": (2, 2)}, ValueError, "2 maps, 1 strides"),
    (kernels.roi_align, ((), (), ROIS), {"size": (2, 2)}, ValueError, "0 maps, 0 strides"),
    (
        kernels.roi_align,
        (MAPS, (4, 12), ROIS),
        {"size": (2, 2)},
        ValueError,
        r"each stride must be twice the one before, got \(4, 12\)",
    ),
    (
        kernels.roi_align,
        ((MAPS[0], MAPS[1][:1]), (4, 8), ROIS),
        {"size": (2, 2)},
        ValueError,
        r"(map|rois|pooled) must have shape \([12], .*\), got",
    ),
    (
        kernels.roi_align,
        (MAPS, (4, 8), ROIS),
        {"size": (2, 2), "cell_origin": "middle"},
        ValueError,
        "cell_origin must be 'half-pixel' or 'corner', got 'middle'",
    ),
    (
        kernels.roi_align,
        (MAPS[:1], (4,), ROIS),
        {"size": (2, 2), "dtype": np.float64},
        TypeError,
        "dtype must be float32 or float16, got float64",
    ),
    (
        kernels.roi_align,
        (MAPS, (4, 8), ROIS),
        {"size": (2, 2), "samples": 0},
        ValueError,
        "samples must be 1 or more, got 0",
    ),
    (
        kernels.roi_align,
        (MAPS, (4, 8), ROIS),
        {"size": (2, -1)},
        ValueError,
        "columns must be 0 to 2147483647, got -1",
    ),
    (
        kernels.roi_align,
        (MAPS[:1], (0,), ROIS),
        {"size": (2, 2)},
        ValueError,
        "stride must be above 0, got 0",
    ),
]


@pytest.mark.parametrize(("kernel", "arrays", "options", "error", "message"), REFUSED)
def test_wrong_arguments_are_refused(kernel, arrays, options, error, message):
    with pytest.raises(error, match=message):
        kernel(*arrays, **options)
