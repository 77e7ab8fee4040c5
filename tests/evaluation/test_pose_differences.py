"""Poses of two models: who is whom, how far keypoints lie apart, who is lost or gained."""

from dataclasses import replace

import numpy as np
import pytest
from factories import make_poses, people
from posetrack.evaluation.pose_differences import TIES, Counted, pose_differences, same_people


def moved(poses, by, rows=slice(None)):
    keypoints = poses.keypoints.copy()
    keypoints[rows] += np.float32(by)
    return replace(poses, keypoints=keypoints)


def test_the_same_poses_lie_at_one_place():
    poses = [make_poses(n, seed=n) for n in (0, 1, 4)]
    found = pose_differences(poses, poses, 17)
    assert (found.images, found.found, found.lost, found.gained) == (3, 5, 0, 0)
    assert found.counted.tolist() == [0.0] * 5 * 17
    assert not found.ties.any()


def test_distances_are_pixels_and_order_does_not_matter():
    one = people([100.0, 400.0, 700.0])
    other = moved(one, (3.0, 4.0))[np.array([2, 0, 1])]
    rows, columns = same_people(one, other)
    assert dict(zip(rows.tolist(), columns.tolist(), strict=True)) == {0: 1, 1: 2, 2: 0}
    scored = replace(other, keypoint_scores=other.keypoint_scores + np.float32(0.01))
    found = pose_differences([one], [scored], 17)
    np.testing.assert_allclose(found.counted, 5.0, rtol=1e-5)


def test_who_is_far_away_is_somebody_else():
    one, other = people([100.0, 400.0]), people([100.0, 900.0, 1200.0])
    found = pose_differences([one], [other], 17)
    assert (len(found.pixels), found.lost, found.gained) == (1, 1, 2)


def test_equally_good_places_are_a_tie():
    one = people([100.0])
    other = one.keypoints.copy()
    other[0, 3] += 40
    found = pose_differences([one], [replace(one, keypoints=other)], 17)
    assert found.ties.sum() == 1
    assert found.counted.max() == 0
    better = one.keypoint_scores + np.float32(0.001)
    found = pose_differences([one], [replace(one, keypoints=other, keypoint_scores=better)], 17)
    assert found.ties.sum() == 0
    assert found.counted.max() == pytest.approx(40 * 2**0.5, rel=1e-5)


def test_rounding_chooses_among_more_places():
    one = people([100.0], keypoint_scores=0.5)
    other = one.keypoints.copy()
    other[0, 3] += 40
    near = replace(one, keypoints=other, keypoint_scores=one.keypoint_scores + np.float32(0.001))
    assert pose_differences([one], [near], 17).ties.sum() == 0
    assert pose_differences([one], [near], 17, Counted(tie=TIES["fp16"])).ties.sum() == 1


def test_weak_poses_and_keypoints_do_not_count():
    one = people([100.0, 400.0, 700.0], scores=[0.5, 0.1, 0.05], keypoint_scores=0.3)
    other = one[np.array([0])]
    counted = Counted(score=0.08)
    found = pose_differences([one], [other], 17, counted)
    assert (len(found.pixels), found.lost, found.gained) == (1, 1, 0)
    # whom the other model finds too, though weakly, is not lost
    weak = replace(one, scores=np.float32([0.5, 0.07, 0.01]))
    found = pose_differences([one], [weak], 17, counted)
    assert (len(found.pixels), found.lost, found.gained) == (2, 0, 0)
    assert len(pose_differences([one], [one], 17, Counted(0.0, 0.31)).counted) == 0


def test_keypoints_that_one_does_not_find_are_left_out():
    one = people([100.0])
    scores = one.keypoint_scores.copy()
    scores[0, :5] = 0
    found = pose_differences([one], [replace(one, keypoint_scores=scores)], 17)
    assert len(found.counted) == 12
