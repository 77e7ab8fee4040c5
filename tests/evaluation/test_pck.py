"""PCK by hand: MPII's head sizes, Leeds' torso, and who is compared with whom."""

import numpy as np
import pytest
from posetrack.evaluation.pck import pck_of_torso, pckh, torso_lengths
from posetrack.structures import CROWDPOSE_14, MPII_16, Annotations

HEAD = 0.6 * 50  # of a head box of 30 by 40: 30 pixels


def person(offsets=None, *, labels=None, image_id=1, x=0.0):
    """MPII keypoints along a line, moved by some pixels downwards."""
    points = np.stack((x + 40.0 * np.arange(16), np.full(16, 50.0)), axis=1)
    if offsets is not None:
        points[:, 1] += offsets
    return Annotations.of(
        points[None],
        np.full((1, 16), 2) if labels is None else labels[None],
        head_boxes=[[0, 0, 30, 40]],
        scores=[1.0],
        image_id=image_id,
    )


def test_pckh_by_hand():
    """Ankle at 0.5 head sizes, knee just beyond, hip at 0.1, pelvis far away, the rest exact."""
    offsets = np.zeros(16)
    offsets[[0, 1, 2, 6]] = 0.5 * HEAD, 0.5 * HEAD + 0.01, 0.1 * HEAD, 9 * HEAD
    got = pckh([person()], [person(offsets)], MPII_16)
    at = {name: got.per_keypoint[name]["PCKh@0.5"] for name in MPII_16.keypoints}
    assert [name for name, value in at.items() if value == 0] == ["right_knee", "pelvis"]
    assert got.per_keypoint["right_hip"]["PCKh@0.1"] == 100
    assert got.per_keypoint["right_ankle"]["PCKh@0.1"] == 0
    # without pelvis and thorax there are 14 keypoints
    assert got.total["PCKh@0.5"] == pytest.approx(100 * 13 / 14)
    assert got.total["PCKh@0.1"] == pytest.approx(100 * 12 / 14)
    # exact ones fill the curve, the hip from 0.1 on, the ankle its very end
    assert got.per_keypoint["head_top"]["AUC"] == 100
    assert got.per_keypoint["right_hip"]["AUC"] == pytest.approx(100 * (0.4 + 0.005) / 0.5)
    assert got.per_keypoint["right_ankle"]["AUC"] == pytest.approx(100 * 0.005 / 0.5)


def test_keypoints_that_are_not_labelled_do_not_count():
    labels = np.full(16, 2)
    labels[3:] = 0
    got = pckh([person(labels=labels)], [person()], MPII_16)
    assert got.total["PCKh@0.5"] == 100
    assert np.isnan(got.per_keypoint["left_ankle"]["PCKh@0.5"])


def test_the_total_weighs_by_labels_not_by_keypoints():
    few = np.zeros(16, int)
    few[0] = 2
    truth = [person(image_id=1), person(labels=few, image_id=2)]
    far = np.full(16, 99.0)
    got = pckh(truth, [person(image_id=1), person(far, image_id=2)], MPII_16)
    assert got.total["PCKh@0.5"] == pytest.approx(100 * 14 / 15)


def test_people_without_predictions_are_missed():
    got = pckh([person(image_id=1), person(image_id=2)], [person(image_id=1)], MPII_16)
    assert got.total["PCKh@0.5"] == 50
    assert got.total["people"] == 2


def join(a, b):
    both = {
        name: np.concatenate((getattr(a, name), getattr(b, name)))
        for name in ("keypoints", "labels", "head_boxes", "scores")
    }
    return Annotations.of(both.pop("keypoints"), both.pop("labels"), image_id=1, **both)


def test_each_pose_is_given_to_one_person():
    truth = join(person(), person(x=1000.0))
    assert pckh([truth], [join(person(x=1000.0), person())], MPII_16).total["PCKh@0.5"] == 100
    assert pckh([truth], [join(person(), person())], MPII_16).total["PCKh@0.5"] == 50


def test_people_without_a_head_box_are_left_out():
    headless = Annotations.of(person().keypoints, person().labels, image_id=1)
    got = pckh([headless, person(image_id=2)], [person(image_id=2)], MPII_16)
    assert (got.total["people"], got.total["people_left_out"]) == (1, 1)
    assert got.total["PCKh@0.5"] == 100


def leeds(labels=None):
    names = CROWDPOSE_14.keypoints
    points = np.zeros((1, 14, 2))
    points[0, names.index("left_shoulder")] = 30, 0
    points[0, names.index("right_hip")] = 0, 40
    points[0, names.index("right_shoulder")] = 0, 0
    points[0, names.index("left_hip")] = 60, 80
    return Annotations.of(points, np.full((1, 14), 2) if labels is None else labels, image_id=1)


def test_the_torso_is_from_a_shoulder_to_the_opposite_hip():
    assert torso_lengths(leeds(), CROWDPOSE_14).tolist() == [50]
    labels = np.full((1, 14), 2)
    labels[0, CROWDPOSE_14.keypoints.index("left_shoulder")] = 0
    assert torso_lengths(leeds(labels), CROWDPOSE_14).tolist() == [100]
    assert np.isnan(torso_lengths(leeds(np.zeros((1, 14))), CROWDPOSE_14)).all()


def test_pck_is_within_a_fifth_of_the_torso():
    moved = leeds().keypoints.copy()
    moved[0, 2, 1] += 10.0
    moved[0, 3, 1] += 10.01
    got = pck_of_torso(
        [leeds()], [Annotations.of(moved, np.full((1, 14), 2), image_id=1)], CROWDPOSE_14
    )
    assert got.per_keypoint["left_elbow"]["PCK@0.2"] == 100
    assert got.per_keypoint["right_elbow"]["PCK@0.2"] == 0
    assert got.total["PCK@0.2"] == pytest.approx(100 * 13 / 14)


def test_nobody_gives_no_number():
    assert np.isnan(pckh([], [], MPII_16).total["PCKh@0.5"])
