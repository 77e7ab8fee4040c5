"""Suppression of people found twice, against small stories and the authors' code."""

import numpy as np
import parity
import pytest
from posetrack.engine.person_nms import box_nms, box_overlap, greedy_nms, oks_between, oks_nms
from posetrack.structures import COCO_17

SIGMAS = COCO_17.sigma_array


def person(x):
    return np.stack((np.full(17, x, np.float64), np.arange(17.0) * 10), axis=1)


def test_moved_person_is_as_similar_as_the_formula_says():
    keypoints = np.stack((person(0), person(8)))
    areas = np.array([4000.0, 6000.0])
    oks = oks_between(keypoints, areas, SIGMAS, (keypoints, areas))
    expected = np.exp(-64 / (2 * 5000 * (2 * np.array(COCO_17.sigmas)) ** 2)).mean()
    np.testing.assert_allclose(oks, [[1, expected], [expected, 1]], rtol=1e-6)


def test_overlap_of_boxes():
    boxes = [[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [4, 4, 4, 4]]
    overlap = box_overlap(boxes, boxes)
    assert overlap[0, 1] == pytest.approx(1 / 3)
    assert overlap[0, 2] == 0
    assert overlap[3].tolist() == [0, 0, 0, 0]
    # by their last pixel they are 11 wide and share 6 columns
    assert box_overlap(boxes[:1], boxes[1:2], edge=1)[0, 0] == pytest.approx(6 / 16)


def test_dropped_row_drops_nobody():
    # 1 is like 0 and 2, which are not alike: 1 goes, 2 stays
    similarity = np.array([[1, 0.9, 0], [0.9, 1, 0.9], [0, 0.9, 1]])
    assert greedy_nms(similarity, np.array([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]
    assert greedy_nms(similarity, np.array([0.7, 0.8, 0.9]), 0.5).tolist() == [2, 0]


def test_similarity_at_the_threshold_is_not_too_much():
    similarity = np.array([[1, 0.5], [0.5, 1]])
    assert greedy_nms(similarity, np.array([0.1, 0.2]), 0.5).tolist() == [1, 0]


def test_earlier_row_wins_a_tie():
    similarity = np.ones((3, 3))
    assert greedy_nms(similarity, np.array([0.5, 0.5, 0.5]), 0.9).tolist() == [0]


def test_nobody_stays_nobody():
    assert box_nms(np.zeros((0, 4)), np.zeros(0), threshold=0.5).tolist() == []
    empty = np.zeros((0, 17, 2))
    assert oks_nms(empty, np.zeros(0), np.zeros(0), SIGMAS, threshold=0.5).tolist() == []


# ---- against the authors' code


@pytest.mark.data
@pytest.mark.parametrize("count", [1, 5, 30])
def test_poses_are_suppressed_as_by_the_authors_code(shared, count):
    published = parity.load(shared, "simplebaseline_decode")
    keypoints, area, scores = (published[f"oks{count}_{n}"] for n in ("kpts", "area", "score"))
    keypoints, sigmas = keypoints[..., :2], np.array(COCO_17.sigmas)
    oks = oks_between(keypoints, area, sigmas, (keypoints, area))
    np.testing.assert_allclose(oks, published[f"oks{count}_matrix"], rtol=1e-9, atol=1e-12)
    for threshold in (0.5, 0.75, 0.9):
        kept = oks_nms(keypoints, scores, area, SIGMAS, threshold=threshold)
        np.testing.assert_array_equal(kept, published[f"oks{count}_keep_thr{threshold}"])


@pytest.mark.data
@pytest.mark.parametrize("threshold", [0.3, 0.6])
def test_boxes_are_suppressed_as_by_the_authors_code(shared, threshold):
    published = parity.load(shared, "simplebaseline_decode")
    boxes, scores = published["boxnms_dets"][:, :4], published["boxnms_dets"][:, 4]
    kept = box_nms(boxes, scores, threshold=threshold)
    np.testing.assert_array_equal(kept, published[f"boxnms_keep_thr{threshold}"])
