import numpy as np
from factories import people
from posetrack.kernels.tracking import PoseArrays, follow_poses
from posetrack.structures import COCO_17
from posetrack.trackers import TrackerConfig
from posetrack.trackers.tracks import Tracks


def follow(tracks, xs, time_s):
    """What became of people standing there, who remember where they stand."""
    poses, config = people(xs), TrackerConfig(lost_s=1.0, tentative_gap_s=1.0).native()
    found = follow_poses(tracks.table, PoseArrays(poses), config, time_s=time_s, gate=0.9)
    tracks.remember(found.sources, {"place": np.array(xs)[:, None]})
    return found


def test_what_is_remembered_stays_with_its_track():
    tracks = Tracks(COCO_17, {"place": np.zeros((0, 1))})
    follow(tracks, [100.0, 300.0, 500.0], 0.0)
    follow(tracks, [500.0, 900.0, 100.0], 0.8)
    assert tracks.ids.tolist() == [1, 2, 3, 4]
    assert tracks.memory["place"].ravel().tolist() == [100, 300, 500, 900]
    follow(tracks, [700.0], 1.5)  # the one at 300 was not seen for too long
    assert tracks.ids.tolist() == [1, 3, 4, 5]
    assert tracks.memory["place"].ravel().tolist() == [100, 500, 900, 700]
    assert tracks.table.keypoints[:, 0, 0].tolist() == [100, 500, 900, 700]
    np.testing.assert_allclose(2.5 - tracks.table.rows["seen_s"], [1.7, 1.7, 1.7, 1.0])
    assert (tracks.boxes[:, 2] > tracks.boxes[:, 0]).all()
