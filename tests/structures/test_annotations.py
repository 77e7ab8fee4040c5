"""Annotations: parallel arrays of what a file says."""

import numpy as np
import pytest
from posetrack.structures import Annotations


def two():
    return Annotations.of(np.zeros((2, 3, 2)), [[2, 0, 1], [0, 0, 0]], track_ids=[4, 5])


def test_what_is_not_known_is_nan_or_minus_one():
    people = Annotations.of(np.zeros((1, 3, 2)), [[2, 2, 2]])
    assert np.isnan(people.boxes).all()
    assert np.isnan(people.keypoint_scores).all()
    assert people.track_ids.tolist() == [-1]
    assert not people.crowd.any()
    assert people.labelled


def test_rows_and_keypoints_are_chosen():
    people = two()
    assert people[np.array([1])].track_ids.tolist() == [5]
    assert len(people[people.track_ids == 9]) == 0
    assert people.select_keypoints([2, 0]).labels.tolist() == [[1, 2], [0, 0]]


def test_nobody_is_no_special_case():
    assert len(Annotations.of(np.zeros((0, 3, 2)), np.zeros((0, 3)))) == 0


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"boxes": np.zeros((1, 4))}, r"boxes must have shape \(2, 4\), got \(1, 4\)"),
        ({"scores": np.zeros((2, 1))}, r"scores must have shape \(2,\)"),
    ],
)
def test_wrong_shapes_are_refused(known, message):
    with pytest.raises(ValueError, match=message):
        Annotations.of(np.zeros((2, 3, 2)), np.zeros((2, 3)), **known)


def test_wrong_names_and_dtypes_are_refused():
    with pytest.raises(TypeError, match="annotations have no box"):
        Annotations.of(np.zeros((2, 3, 2)), np.zeros((2, 3)), box=1)
    with pytest.raises(TypeError, match="labels must be uint8"):
        two().with_labels(np.zeros((2, 3)))
