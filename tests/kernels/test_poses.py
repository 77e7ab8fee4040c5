"""Poses ranked, scored, moved and boxed: small sums done by hand, and what is refused."""

import numpy as np
import pytest
from posetrack import kernels

from .case import INF, NAN


def numbered(scores, keypoints=2):
    """The arrays of one image, in which everything of pose n is n."""
    people = len(scores)
    number = np.arange(people, dtype=np.float32)
    shape = (people, keypoints)
    return {
        "keypoints": np.broadcast_to(number[:, None, None], (*shape, 2)).copy(),
        "keypoint_scores": np.broadcast_to(number[:, None], shape).copy(),
        "scores": np.float32(scores),
        "boxes": np.broadcast_to(number[:, None], (people, 4)).copy(),
    }


def taken_rows(scores, max_poses=9, **options):
    taken = kernels.select_poses(**numbered(scores), max_poses=max_poses, **options)
    return taken.rows[: int(taken.counts)].tolist()


# ---- select_poses


def test_poses_are_ranked_and_equal_ones_keep_their_order():
    assert taken_rows([0.25, 0.5, 0.25, 0.75, 0.5]) == [3, 1, 4, 0, 2]
    assert taken_rows([0.25, 0.5, 0.25, 0.75, 0.5], 2) == [3, 1]


def test_without_ranks_the_first_stay():
    assert taken_rows([0.25, 0.5, 0.25, 0.75], 3, ranked=False) == [0, 1, 2]
    assert taken_rows([0.25, 0.5, 0.25, 0.75], ranked=False, min_score=0.25) == [1, 3]


def test_score_must_be_above_the_limit_and_a_number():
    scores = [0.5, NAN, 0.51, -INF, INF]
    assert taken_rows(scores, min_score=0.5) == [4, 2]
    assert taken_rows(scores) == [4, 2, 0]


def test_of_equal_scores_the_earlier_candidate_comes_first_not_the_earlier_row():
    rows = np.int32([3, 2, -1, 0, 7, 1])[:4]
    assert taken_rows([0.5, 0.5, 0.5, 0.5], rows=rows) == [3, 2, 0]
    assert taken_rows([0.5, 0.5, 0.75, 0.5], rows=rows) == [2, 3, 0]
    assert taken_rows([0.5, 0.5, 0.75, 0.5], rows=rows, ranked=False) == [3, 2, 0]


def test_count_is_of_candidates():
    rows, count = np.int32([3, 2, 1, 0]), np.int32(2)
    assert taken_rows([0.5, 0.9, 0.5, 0.5], rows=rows, counts=np.asarray(count)) == [3, 2]


def test_all_that_belongs_to_a_pose_comes_along_and_the_rest_is_zero():
    taken = kernels.select_poses(**numbered([0.25, 0.75, 0]), max_poses=4, min_score=0)
    assert (taken.rows.tolist(), int(taken.counts)) == ([1, 0, -1, -1], 2)
    np.testing.assert_array_equal(taken.scores, np.float32([0.75, 0.25, 0, 0]))
    for array in (taken.keypoints, taken.keypoint_scores, taken.boxes):
        expected = np.float32([1, 0, 0, 0]).reshape(-1, *[1] * (array.ndim - 1))
        np.testing.assert_array_equal(array, np.broadcast_to(expected, array.shape))


def test_without_boxes_there_are_none():
    arrays = numbered([0.5, 0.75, 0.25])
    del arrays["boxes"]
    taken = kernels.select_poses(**arrays, max_poses=2)
    np.testing.assert_array_equal(taken.boxes, np.zeros((2, 4), np.float32), strict=True)
    assert taken.keypoints[:, 0, 0].tolist() == [1, 0]


def test_thousands_are_ranked_as_a_stable_sort_does():
    scores = np.random.default_rng(0).integers(0, 50, 5000) / 50
    expected = np.argsort(-scores, kind="stable")[:300]
    assert taken_rows(scores, 300) == expected.tolist()


# ---- pose_scores

VALUES = np.float32([[0.5, 0.25, 0.75], [0.125, 0.125, 0.25]])


def test_score_is_the_mean_of_all_keypoints_or_of_the_found_ones():
    np.testing.assert_array_equal(kernels.pose_scores(VALUES), np.float32([0.5, 0.5 / 3]))
    np.testing.assert_array_equal(kernels.pose_scores(VALUES, found=0.25), [0.625, 0])


def test_factor_multiplies_the_mean():
    factors = np.float32([0.5, 4])
    np.testing.assert_array_equal(kernels.pose_scores(VALUES, factors, found=0.125), [0.25, 1])


def test_what_is_no_finite_number_is_not_found():
    values = np.float32([[NAN, 0.5, np.inf, -np.inf]])
    assert kernels.pose_scores(values, found=0.1).tolist() == [0.5]
    assert kernels.pose_scores(values).tolist() == [0.5]


def test_values_are_added_up_in_their_order_in_float32():
    values = np.float32([[2**24, 1, 1, 0]])
    assert kernels.pose_scores(values).tolist() == [2**22]
    assert kernels.pose_scores(values[:, ::-1].copy()).tolist() == [(2**24 + 2) / 4]


# ---- transform_points

POINTS = np.float32([[[1, 2], [-3, 0.5]]])


def test_points_are_zoomed_turned_and_moved():
    matrix = np.float64([[0, 2, 10], [-1, 0, 0.5]])
    moved = kernels.transform_points(POINTS, matrix)
    np.testing.assert_array_equal(moved, np.float32([[[14, -0.5], [11, 3.5]]]), strict=True)


def test_points_are_limited_to_the_image():
    matrix, limits = np.float64([[1, 0, 0], [0, 1, 0]]), np.float32([0.5, 1])
    moved = kernels.transform_points(POINTS, matrix, limits)
    np.testing.assert_array_equal(moved, [[[0.5, 1], [0, 0.5]]])


def test_sums_are_rounded_to_float32_once():
    point, matrix = np.float32([[[1, 1]]]), np.float64([[2**30 + 1, 2**-30, -(2**30)], [0, 0, 0.1]])
    moved = kernels.transform_points(point, matrix)
    np.testing.assert_array_equal(moved, np.float32([[[1 + 2**-30, 0.1]]]))


def test_every_image_has_its_own_map():
    matrices = np.float64([[[1, 0, 0], [0, 1, 0]], [[2, 0, 1], [0, 2, 1]]])
    moved = kernels.transform_points(np.stack((POINTS, POINTS)), matrices)
    np.testing.assert_array_equal(moved, np.stack((POINTS, 2 * POINTS + 1)))


# ---- keypoint_extents


def test_box_holds_the_found_keypoints():
    keypoints = np.float32([[[1, 8], [5, 2], [90, 90]]])
    scores = np.float32([[0.5, 0.25, 0.2]])
    assert kernels.keypoint_extents(keypoints, scores, found=0.2).tolist() == [[1, 2, 5, 8]]
    assert kernels.keypoint_extents(keypoints).tolist() == [[1, 2, 90, 90]]


def test_box_around_nothing_is_inverted():
    box = kernels.keypoint_extents(POINTS, np.zeros((1, 2), np.float32))
    assert box.tolist() == [[np.inf, np.inf, -np.inf, -np.inf]]


def test_box_around_nan_is_nan_where_it_is():
    keypoints = np.float32([[[1, 2], [NAN, 3], [0, 9]]])
    np.testing.assert_array_equal(kernels.keypoint_extents(keypoints), [[NAN, 2, NAN, 9]])
    scores = np.float32([[1, 0, 1]])
    assert kernels.keypoint_extents(keypoints, scores).tolist() == [[0, 2, 1, 9]]


# ---- level_scores

FALLING, REFERENCE = np.float32([0.8, 0.4, 0.2]), np.float32([0.5, 0.1])


def levelled(values, *arrays, **options):
    scores, count = kernels.level_scores(np.float32(values), REFERENCE, *arrays, **options)
    return scores.tolist(), int(count)


def test_values_are_brought_to_the_level_of_the_reference():
    assert levelled(FALLING, factor=0.5) == ([0.25, 0.125, 0.0625], 3)
    assert levelled(FALLING, factor=0.5, min_value=0.125) == ([0.25, 0.125, 0.0625], 1)


@pytest.mark.parametrize("values", [[0, 0, 0], [-1, -2, -3], [NAN, 1, 0.5]])
def test_map_without_a_value_above_zero_has_no_levels(values):
    assert levelled(values, min_value=0) == ([0, 0, 0], 0)


def test_counts_leave_values_and_the_reference_out():
    two, none = np.asarray(np.int32(2)), np.asarray(np.int32(0))
    assert levelled(FALLING, two, factor=0.5) == ([0.25, 0.125, 0], 2)
    assert levelled(FALLING, None, none) == ([1, 0.5, 0.25], 3)  # the reference is 1 then
    assert levelled(FALLING, none) == ([0, 0, 0], 0)


# ---- all of them


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("select_poses", {**numbered([1]), "max_poses": -1}, "max_poses must be at least 0"),
        (
            "select_poses",
            {**numbered([1]), "max_poses": 1, "min_score": NAN},
            "min_score must be a number",
        ),
        (
            "select_poses",
            {**numbered([1]), "max_poses": 1, "rows": np.zeros(2, np.int32)},
            r"rows must have shape \(1\), got \(2,\)",
        ),
        ("pose_scores", {"values": VALUES, "found": NAN}, "found must be a number, got nan"),
        (
            "transform_points",
            {"points": POINTS, "matrices": np.zeros((3, 3))},
            r"matrices must have shape \(2, 3\), got \(3, 3\)",
        ),
        ("keypoint_extents", {"keypoints": POINTS, "found": NAN}, "found must be a number"),
        (
            "level_scores",
            {"values": FALLING, "reference": REFERENCE, "factor": NAN},
            "factor must be a number, got nan",
        ),
        (
            "level_scores",
            {"values": FALLING, "reference": REFERENCE, "min_value": NAN},
            "min_value must be a number, got nan",
        ),
    ],
)
def test_wrong_arguments_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(kernels, name)(**arguments)
