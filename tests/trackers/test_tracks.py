import numpy as np
import pytest
from factories import people, person_keypoints
from posetrack.structures import COCO_17
from posetrack.trackers.motion import MotionNoise
from posetrack.trackers.tracks import Memory, Tracks

NOISE = MotionNoise()
MEMORY = Memory(2.0, 1.0)


def tracks_of(poses, time_s=0.0):
    return Tracks.start(poses, np.arange(1, len(poses) + 1), time_s, COCO_17, NOISE)


def test_keypoints_move_and_grow_with_the_predicted_box():
    tracks = tracks_of(people([100.0]))
    tracks.motion.velocity[0] = (50, 10, 8, 20)  # px/s: the box becomes a tenth larger
    tracks.predict(1.0, NOISE)
    expected = person_keypoints(150.0, 310.0, height=220.0)
    np.testing.assert_allclose(tracks.keypoints[0], expected, atol=1e-3)


def test_score_is_a_plain_mean_at_first():
    tracks = tracks_of(people([100.0], scores=0.2))
    for i, score in enumerate((0.3, 0.7)):
        pose = people([100.0], scores=score)
        tracks.correct(np.array([0]), pose, 0.01 * (i + 1), MEMORY, NOISE)
    assert tracks.scores[0] == pytest.approx((0.2 + 0.3 + 0.7) / 3)
    assert tracks.matches[0] == 3


@pytest.mark.parametrize("fps", [5, 50])
def test_old_scores_are_forgotten_by_time_at_any_frame_rate(fps):
    tracks, memory_s = tracks_of(people([100.0], scores=0.1)), 1.0
    for i in range(1, 20 * fps):
        score = 0.1 if i < 10 * fps else 0.5
        tracks.correct(
            np.array([0]), people([100.0], scores=score), i / fps, Memory(memory_s, 1.0), NOISE
        )
        if i == 11 * fps - 1:  # one second of better scores
            assert tracks.scores[0] == pytest.approx(0.5 - 0.4 * np.exp(-1), abs=1e-6)
    assert tracks.scores[0] == pytest.approx(0.5, abs=1e-4)


def test_only_the_named_rows_are_corrected():
    tracks = tracks_of(people([100.0, 300.0, 500.0]))
    now = people([510.0, 110.0])
    now.keypoint_scores[0] = 0.9
    tracks.correct(np.array([2, 0]), now, 0.1, MEMORY, NOISE)
    np.testing.assert_array_equal(tracks.seen_s, [0.1, 0.0, 0.1])
    np.testing.assert_array_equal(tracks.matches, [2, 1, 2])
    assert tracks.keypoints[:, 0, 0].tolist() == [110.0, 300.0, 510.0]
    np.testing.assert_allclose(tracks.keypoint_scores[:, 4], [0.5, 0.5, 0.9])
    assert tracks.motion.position[1, 0] == 300.0
    assert 500 < tracks.motion.position[2, 0] < 510


def test_keep_and_append_hold_the_rows_together():
    tracks = tracks_of(people([100.0, 300.0, 500.0]))
    tracks.keep(np.array([True, False, True]))
    tracks.append(Tracks.start(people([700.0]), np.array([9]), 2.0, COCO_17, NOISE))
    assert tracks.ids.tolist() == [1, 3, 9]
    assert tracks.motion.position[:, 0].tolist() == [100, 500, 700]
    assert tracks.keypoints[:, 0, 0].tolist() == [100, 500, 700]
    assert tracks.unseen_s(2.5).tolist() == [2.5, 2.5, 0.5]
    assert len(tracks) == 3


def test_tracks_do_not_share_memory_with_the_poses_that_started_them():
    poses = people([100.0])
    tracks = tracks_of(poses)
    poses.keypoints[:] = poses.keypoint_scores[:] = poses.scores[:] = poses.boxes[:] = 0
    assert tracks.keypoints[0, 0, 0] == 100
    assert tracks.keypoint_scores[0, 0] == 0.5
    assert tracks.motion.position[0, 0] == 100
