"""Which of several poses that say the same stays."""

import numpy as np
import parity
import pytest
from posetrack.kernels import nms_near_keypoints

COUNT = 17
# Ten wide and no taller than 0: the diagonal of its extent is 10.
BASE = np.stack((np.linspace(0, 10, COUNT), np.zeros(COUNT)), axis=1).astype(np.float32)


def keep(poses, scores, distance=0.1, min_keypoints=8, relative=True):
    rows, count = nms_near_keypoints(
        np.stack(poses),
        np.float32(scores),
        distance=distance,
        min_keypoints=min_keypoints,
        relative=relative,
    )
    return rows[:count].tolist()


def moved(y, count=COUNT):
    """The base pose with the first `count` keypoints moved down by y."""
    pose = BASE.copy()
    pose[:count, 1] += y
    return pose


def test_best_of_a_group_stays():
    assert keep([BASE, moved(0.5), moved(50)], [0.2, 0.9, 0.5]) == [1, 2]


def test_order_is_that_of_the_groups_not_of_the_scores():
    assert keep([BASE, moved(50), moved(100)], [0.1, 0.3, 0.2]) == [0, 1, 2]


def test_first_of_equal_scores_stays():
    assert keep([BASE, moved(0.5)], [0.5, 0.5]) == [0]


def test_as_many_keypoints_as_the_limit_are_not_enough():
    poses = [BASE, moved(5, COUNT - 8)]  # 8 keypoints in the same place
    assert keep(poses, [0.5, 0.4], min_keypoints=8) == [0, 1]
    assert keep(poses, [0.5, 0.4], min_keypoints=7) == [0]


def test_keypoint_at_the_very_distance_is_not_near():
    assert keep([BASE, moved(1)], [0.5, 0.4], distance=1.0, relative=False) == [0, 1]
    assert keep([BASE, moved(1)], [0.5, 0.4], distance=1.01, relative=False) == [0]


def test_distance_follows_the_extent_only_if_relative():
    large = [BASE * 10, moved(0.5) * 10]  # 5 apart, extent 100
    assert keep(large, [0.5, 0.4], relative=True) == [0]
    assert keep(large, [0.5, 0.4], distance=1.0, relative=False) == [0, 1]


def test_extent_is_that_of_the_pose_that_forms_the_group():
    narrow = BASE * 0.01
    wide = narrow + np.float32([0, 0.5])
    wide[-1] = (100, 0)  # seen from this pose the other is near, but not the other way round
    assert keep([wide, narrow], [0.5, 0.4]) == [0]
    assert keep([narrow, wide], [0.5, 0.6]) == [0, 1]


def test_pose_whose_better_neighbour_went_with_another_group_goes_too():
    chain = [BASE, moved(0.9), moved(1.8)]  # the middle one is near both
    assert keep(chain, [0.9, 0.5, 0.4]) == [0]


def test_better_pose_of_a_later_group_stays_beside_the_first():
    chain = [BASE, moved(0.9), moved(1.8)]
    assert keep(chain, [0.9, 0.5, 0.6]) == [0, 2]


def test_pose_without_extent_goes_if_relative():
    point = np.ones((COUNT, 2), np.float32)
    assert keep([point, BASE], [0.9, 0.5]) == [1]
    assert keep([point, BASE + 50], [0.9, 0.5], relative=False) == [0, 1]


def test_no_poses_give_no_rows():
    rows, _ = nms_near_keypoints(
        np.zeros((0, COUNT, 2), np.float32),
        np.zeros(0, np.float32),
        distance=0.05,
        min_keypoints=8,
        relative=True,
    )
    assert rows.shape == (0,)


@pytest.mark.data
def test_published_poses_are_kept_as_the_authors_code_keeps_them(shared):
    arrays = parity.load(shared, "logocap_narrow")
    poses, scores = arrays["poses_image_before_nms"], arrays["final_scores"]
    places = np.ascontiguousarray(poses[..., :2])
    assert keep(places, scores, distance=0.05) == arrays["nms_keep"].tolist()
    assert len(arrays["nms_keep"]) < len(poses)
