"""Poses: what is refused and with which words, and that rows stay together."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest
from factories import make_poses
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack.structures import COCO_17, CROWDPOSE_14, Poses, TrackState

COLUMNS = [field.name for field in fields(Poses)]


def assert_rows(poses, whole, rows):
    """`poses` are the rows of `whole`, in every array."""
    assert len(poses) == len(rows)
    for name in COLUMNS:
        column = getattr(whole, name)
        if column is None:
            assert getattr(poses, name) is None
        else:
            np.testing.assert_array_equal(getattr(poses, name), column[rows], err_msg=name)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (
            "keypoints",
            (5, 17, 3),
            "keypoints must have shape (N, K, 2), got (5, 17, 3): "
            "pass scores separately as keypoint_scores",
        ),
        ("keypoints", (5, 17), "keypoints must have shape (N, K, 2), got (5, 17)"),
        ("keypoints", (5, 34, 1), "keypoints must have shape (N, K, 2), got (5, 34, 1)"),
        ("keypoint_scores", (5, 14), "keypoint_scores must have shape (5, 17), got (5, 14)"),
        ("scores", (5, 1), "scores must have shape (5,), got (5, 1)"),
        ("boxes", (4, 4), "boxes must have shape (5, 4), got (4, 4)"),
    ],
)
def test_wrong_shape_is_named_with_what_is_wanted(name, shape, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(make_poses(5), **{name: np.zeros(shape, np.float32)})


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("track_ids", np.ones(4, np.int64), "track_ids must have shape (5,), got (4,)"),
        ("track_states", np.ones(6, np.uint8), "track_states must have shape (5,), got (6,)"),
    ],
)
def test_track_columns_have_a_row_per_pose(name, array, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(make_poses(5, tracked=True), **{name: array})


@pytest.mark.parametrize(
    ("name", "dtype", "message"),
    [
        ("keypoints", np.float64, "keypoints must be float32, got float64"),
        ("keypoint_scores", np.float64, "keypoint_scores must be float32, got float64"),
        ("scores", np.float16, "scores must be float32, got float16"),
        ("boxes", np.int64, "boxes must be float32, got int64"),
        ("track_ids", np.int32, "track_ids must be int64, got int32"),
        ("track_states", np.int64, "track_states must be uint8, got int64"),
    ],
)
def test_wrong_dtype_is_named_with_what_is_wanted(name, dtype, message):
    poses = make_poses(5, tracked=True)
    with pytest.raises(TypeError, match=re.escape(message)):
        replace(poses, **{name: getattr(poses, name).astype(dtype)})


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (np.array([True, False, False, True]), [0, 3]),
        (np.zeros(4, np.bool_), []),
        ([True, False, False, True], [0, 3]),
        (np.array([2, 0]), [2, 0]),
        ([3, 3, 1], [3, 3, 1]),
        ([], []),
        (slice(1, 3), [1, 2]),
        (slice(0), []),
        (slice(None, None, -1), [3, 2, 1, 0]),
        ([-1], [3]),
    ],
)
def test_indexing_takes_the_same_rows_of_every_array(rows, expected, tracked):
    poses = make_poses(4, tracked=tracked)
    assert_rows(poses[rows], poses, expected)


@pytest.mark.parametrize("row", [1, np.int64(1)])
def test_one_number_is_refused_because_one_person_is_still_poses(row):
    message = "one row of Poses is taken as poses[[1]], got poses[1]"
    with pytest.raises(TypeError, match=re.escape(message)):
        make_poses(3)[row]


def test_row_that_is_not_there_is_an_error():
    with pytest.raises(IndexError):
        make_poses(3)[[3]]


@pytest.mark.parametrize("skeleton", [COCO_17, CROWDPOSE_14])
def test_empty_has_no_rows_and_the_keypoints_of_its_skeleton(skeleton):
    empty = Poses.empty(len(skeleton))
    assert len(empty) == 0
    assert empty.keypoints.shape == (0, len(skeleton), 2)
    assert empty.keypoint_scores.shape == (0, len(skeleton))
    assert empty.scores.shape == (0,)
    assert empty.boxes.shape == (0, 4)
    assert empty.track_ids is None
    assert empty.track_states is None


@settings(deadline=None)
@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=4), tracked=st.booleans())
def test_concatenated_poses_come_apart_again(counts, tracked):
    parts = [make_poses(n, seed=i, tracked=tracked) for i, n in enumerate(counts)]
    whole = Poses.concatenate(parts)
    assert len(whole) == sum(counts)
    ends = np.cumsum(counts)
    for part, start, end in zip(parts, ends - counts, ends, strict=True):
        assert_rows(whole[start:end], part, range(len(part)))


def test_concatenate_refuses_nothing_at_all():
    message = "concatenate needs at least one Poses: use Poses.empty(K) for no people"
    with pytest.raises(ValueError, match=re.escape(message)):
        Poses.concatenate([])


def test_concatenate_refuses_tracked_beside_untracked():
    with pytest.raises(ValueError, match="some of the poses have track_ids and some do not"):
        Poses.concatenate([make_poses(2, tracked=True), make_poses(1)])


def test_concatenate_refuses_other_skeletons():
    with pytest.raises(ValueError, match="must match"):
        Poses.concatenate([make_poses(1), make_poses(1, CROWDPOSE_14)])


def test_poses_cannot_be_changed():
    with pytest.raises(AttributeError):
        make_poses(1).scores = np.zeros(1, np.float32)


def test_track_states_have_the_numbers_that_files_store():
    assert [(state.name, state.value) for state in TrackState] == [
        ("UNTRACKED", 0),
        ("TENTATIVE", 1),
        ("CONFIRMED", 2),
    ]
