"""Made-up crowds that wander, and what a tracker makes of them."""

import numpy as np
from posetrack.kernels.tracking import PoseArrays, TrackTable, follow_poses, predict_tracks
from posetrack.structures import Poses
from posetrack.trackers import TrackerConfig


def crowd_of(rng, people):
    """(N, 3) x, y, height of people."""
    place, height = rng.uniform(50, 700, (people, 2)), rng.uniform(80, 250, (people, 1))
    return np.concatenate((place, height), axis=1)


def frame(rng, people, k=17):
    """Poses of wandering people (x, y, height): some missing, some twice, false ones, NaN, 0."""
    people[:, :2] += rng.normal(0, 6, (len(people), 2))
    seen = people[rng.random(len(people)) < 0.85]
    seen = np.concatenate((seen, seen[rng.random(len(seen)) < 0.1], rng.uniform(20, 900, (1, 3))))
    seen = seen[rng.permutation(len(seen))]
    shape = np.random.default_rng(1).uniform(-0.5, 0.5, (k, 2)) * (0.4, 1)
    keypoints = seen[:, None, :2] + shape * seen[:, None, 2:] + rng.normal(0, 3, (len(seen), k, 2))
    scores = rng.uniform(0.1, 1, (len(seen), k)) * (rng.random((len(seen), k)) < 0.8)
    keypoints[scores == 0] = np.nan
    half = seen[:, 2:] * (0.2, 0.5)
    boxes = np.concatenate((seen[:, :2] - half, seen[:, :2] + half), axis=1)
    whole = scores.mean(axis=1) * rng.uniform(0.7, 1.3, len(seen))
    return Poses(*(array.astype(np.float32) for array in (keypoints, scores, whole, boxes)))


def tracks_of_a_crowd(k, frames):
    """The tracker's arrays after a while, and the last ids."""
    rng, config = np.random.default_rng(0), TrackerConfig(motion_weight=0.2).native()
    table, crowd = TrackTable(np.full(k, 0.07, np.float32)), crowd_of(rng, 9)
    for i in range(frames):
        predict_tracks(table, config, time_s=i * 0.1, step_s=0.1)
        poses = PoseArrays(frame(rng, crowd, k))
        found = follow_poses(table, poses, config, time_s=i * 0.1, gate=0.9)
    arrays = (table.rows, table.keypoints, table.keypoint_scores, table.keypoint_seen_s)
    return (table.tracker, *arrays, found.track_ids)
