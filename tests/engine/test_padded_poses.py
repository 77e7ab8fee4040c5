"""Rows of poses that are taken, cut and brought to the host."""

from dataclasses import replace

import numpy as np
import pytest
from posetrack.engine.padded_poses import PaddedPoses

RANDOM = np.random.default_rng(0)
POSES = PaddedPoses(
    keypoints=RANDOM.random((2, 4, 3, 2), np.float32),
    keypoint_scores=RANDOM.random((2, 4, 3), np.float32),
    scores=np.float32([[0.2, 0.9, 0.5, 0.8], [0.3, 0.1, 0.7, 0.6]]),
    boxes=RANDOM.random((2, 4, 4), np.float32),
    counts=np.int32([3, 1]),
    depth_mm=RANDOM.random((2, 4, 3), np.float32),
)
COLUMNS = ("keypoints", "keypoint_scores", "scores", "boxes", "depth_mm")


def assert_rows(poses, b, rows):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(poses, name), getattr(POSES, name)[b, rows])


def test_rows_that_count_come_to_the_host():
    first, second = POSES.to_host()
    assert_rows(first, 0, [0, 1, 2])
    assert_rows(second, 1, [0])
    first, second = replace(POSES, counts=None).to_host()
    assert_rows(second, 1, [0, 1, 2, 3])
    (flat, _) = replace(POSES, depth_mm=None).to_host()
    assert flat.depth_mm is None


def test_selected_rows_keep_their_depth():
    first, second = POSES.selected(ranked=True, limit=2).to_host()
    assert_rows(first, 0, [1, 2])
    assert_rows(second, 1, [0])


def test_rows_behind_every_count_are_cut():
    trimmed = POSES.trimmed()
    assert trimmed.scores.shape == (2, 3)
    first, _ = trimmed.to_host()
    assert_rows(first, 0, [0, 1, 2])


def test_all_images_are_moved_by_one_map():
    moved = POSES.moved(np.float64([[[2, 0, 1], [0, 3, -1]]]))
    np.testing.assert_allclose(moved.keypoints, POSES.keypoints * [2, 3] + [1, -1], rtol=1e-6)
    np.testing.assert_allclose(moved.boxes, POSES.boxes * [2, 3, 2, 3] + [1, -1] * 2, rtol=1e-6)
    limited = POSES.moved(np.float64([[[2, 0, 1], [0, 3, -1]]]), np.float32([[1.5, 0.5]]))
    np.testing.assert_array_equal(limited.keypoints, moved.keypoints.clip(0, [1.5, 0.5]))


def test_poses_without_boxes_stay_on_the_device():
    with pytest.raises(ValueError, match="poses must have boxes"):
        replace(POSES, boxes=None).to_host()
