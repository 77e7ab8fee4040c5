"""Where optical flow carries people: likeness to the poses of before, moved as the picture did."""

from __future__ import annotations

import numpy as np

from ...structures import FlowField, Observation, Poses
from ...structures.arrays import AnyArray, Float64Array, Int32Array
from ...structures.skeleton import AREA_SHARE
from ..tracks import Tracks
from .cue import Cue

_MEMORY = "flow"
_FEWEST = 3  # keypoints that a likeness is a mean of, at least; those that lack are unlike


class FlowCue(Cue):
    """1 - object keypoint similarity to each track's last pose, carried here by the flow.

    `Tracks.memory` has a row for each track: x and y of every keypoint, their scores (0 where
    nobody knows), the box, and when the pose was found.

    Source: Xiao, Wu and Wei, "Simple Baselines for Human Pose Estimation and Tracking", ECCV 2018,
    https://arxiv.org/abs/1804.06208, section 3: the similarity of flow-propagated poses of several
    frames.
    """

    def look(self, observation: Observation) -> AnyArray | None:
        """(N, 3 K + 5) as `Tracks.memory` has them; None where there is no flow."""
        return None if observation.flow is None else _rows_of(observation)

    def length(self, tracks: Tracks) -> int:
        """0: these are no looks."""
        del tracks
        return 0

    def cost(self, tracks: Tracks, seen: AnyArray) -> Float64Array:
        """(T, N) in [0, 1]."""
        places, scores, boxes = _split(tracks.memory[_MEMORY])
        others, other_scores, _ = _split(seen)
        both = (scores > 0)[:, None] & (other_scores > 0)[None]
        square = ((places[:, None] - others[None]) ** 2).sum(axis=-1)
        area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-6)[:, None, None]
        spread = 2 * AREA_SHARE * area * (2 * self.skeleton.sigma_array.astype(np.float64)) ** 2
        alike = np.where(both, np.exp(-square / spread), 0).sum(axis=-1)
        return np.asarray(1 - alike / np.maximum(both.sum(axis=-1), _FEWEST))

    def memory(self, observation: Observation, seen: AnyArray | None) -> dict[str, AnyArray]:
        """The poses themselves."""
        return {_MEMORY: _rows_of(observation) if seen is None else seen}

    def remember(self, tracks: Tracks, rows: Int32Array, time_s: float, seen: AnyArray) -> None:
        """The newest pose."""
        del time_s
        tracks.memory[_MEMORY][rows] = seen

    @staticmethod
    def move(tracks: Tracks, flow: FlowField | None) -> None:
        """Carry what all tracks remember to the next frame; without a flow nobody knows where."""
        places, scores, boxes = _split(tracks.memory[_MEMORY])
        if flow is None:
            scores[:] = 0
        else:
            places[:], boxes[:] = _moved(flow, places, scores, boxes)

    @staticmethod
    def carried(tracks: Tracks, flow: FlowField) -> tuple[Poses, Float64Array]:
        """The poses (T) of all tracks in the next frame, and when each was found (T,).

        Their scores are as they were, and those of whom nobody knows are 0.
        """
        memory = tracks.memory[_MEMORY]
        places, scores, boxes = _split(memory)
        places, boxes = _moved(flow, places, scores, boxes)
        known = (scores > 0).any(axis=1)
        poses = Poses(
            places.astype(np.float32),
            scores.astype(np.float32),
            np.where(known, tracks.scores, 0).astype(np.float32),
            boxes.astype(np.float32),
        )
        return poses, memory[:, -1].copy()


def _moved(
    flow: FlowField, places: AnyArray, scores: AnyArray, boxes: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """Keypoints where the flow carries them, and boxes that go where most of their keypoints do."""
    moved = flow.moved(places)
    way = np.where(scores[..., None] > 0, moved - places, np.nan)
    way[~(scores > 0).any(axis=1)] = 0
    return moved, boxes + np.tile(np.nanmedian(way, axis=1), 2)


def _rows_of(observation: Observation) -> Float64Array:
    """(N, 3 K + 5) what is remembered of poses."""
    poses = observation.poses
    flat = poses.keypoints.reshape(len(poses), 2 * poses.keypoints.shape[1])
    parts = (flat, poses.keypoint_scores, poses.boxes, observation.times_found[:, None])
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _split(rows: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Views (M, K, 2) of the keypoints, (M, K) of their scores, (M, 4) of the boxes."""
    k = (rows.shape[1] - 5) // 3
    return rows[:, : 2 * k].reshape(len(rows), k, 2), rows[:, 2 * k : 3 * k], rows[:, 3 * k : -1]
