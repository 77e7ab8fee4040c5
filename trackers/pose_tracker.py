"""Poses over time -> the same poses with track ids."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..structures import Observation, Poses, Skeleton, TrackerState, TrackState
from ..structures.arrays import Int64Array
from .association import assign_in_stages
from .cues import combined_cost
from .tracker_config import ROUNDING_S, TrackerConfig
from .tracks import Tracks


class PoseTracker:
    """Gives every person of a video one id, frame after frame.

    One tracker per video: the state lasts until the object goes. Any frame rate from about 3 to
    60 per second will do, and it may vary: all limits are in seconds. `PeopleTracker` says in the
    end who is a person; this one only says which pose belongs to which track.

    Attributes:
        skeleton: the type of the poses.
        config: the limits; `TrackerConfig.of(spec)` holds those of a model.
    """

    def __init__(self, skeleton: Skeleton, config: TrackerConfig | None = None) -> None:
        self.skeleton = skeleton
        self.config = config or TrackerConfig()
        self._weights = self.config.cue_weights
        self._time_s = -math.inf
        self._next_id = 1
        nobody = Poses.empty(len(skeleton))
        self._tracks = Tracks.start(nobody, np.zeros(0, np.int64), 0.0, skeleton, self.config.noise)

    def update(self, observation: Observation) -> Poses:
        """Take in the next frame.

        Args:
            observation: all poses of the frame, in any order; a frame without people counts too.
                Its time is later than that of every frame before.

        Returns:
            The same rows in the same order, with `track_ids` (-1: too weak to start a track) and
            `track_states`; the other arrays are those of the poses, not copies.

        Raises:
            ValueError: time does not increase, a box is not finite, or the poses have another
                number of keypoints than the skeleton. The tracker is unchanged then.
        """
        poses, time_s = observation.poses, observation.time_s
        self._check(poses, time_s)
        self._predict(time_s)
        rows = self._match(observation)
        self._correct(rows, poses, time_s)
        self._birth(rows, poses, time_s)
        tracked = self._label(rows, poses)
        self._death(time_s)
        return tracked

    def state(self) -> TrackerState:
        """A copy of all that later results depend on, as named arrays."""
        clock = {"time_s": np.float64(self._time_s), "next_id": np.int64(self._next_id)}
        return {**{name: np.array(value) for name, value in clock.items()}, **self._tracks.arrays()}

    def restore(self, state: TrackerState) -> None:
        """Go on exactly as the tracker whose `state` this is would have.

        Raises:
            ValueError: an array is missing, or the tracks have another number of keypoints. The
                tracker is unchanged then.
        """
        try:
            tracks = Tracks.from_arrays(state, self.skeleton)
            time_s, next_id = float(state["time_s"]), int(state["next_id"])
        except KeyError as error:
            raise ValueError(f"the tracker's state lacks {error}") from None
        if tracks.keypoints.shape[1] != len(self.skeleton):
            raise ValueError(
                f"the tracker's state must be of the {len(self.skeleton)} keypoints of skeleton "
                f"{self.skeleton.name!r}, got {tracks.keypoints.shape[1]}"
            )
        self._tracks, self._time_s, self._next_id = tracks, time_s, next_id

    def _check(self, poses: Poses, time_s: float) -> None:
        if not (math.isfinite(time_s) and time_s > self._time_s):
            raise ValueError(
                f"time_s must increase from frame to frame, got {time_s} after {self._time_s}: "
                "use a new tracker for each video"
            )
        if poses.keypoints.shape[1] != len(self.skeleton):
            raise ValueError(
                f"poses must have the {len(self.skeleton)} keypoints of skeleton "
                f"{self.skeleton.name!r}, got {poses.keypoints.shape[1]}"
            )
        if not np.isfinite(poses.boxes).all():
            raise ValueError("boxes must be finite numbers, got NaN or infinity")

    def _predict(self, time_s: float) -> None:
        """Forget tracks that a long pause has ended; move the others to the present."""
        tracks, step_s = self._tracks, time_s - self._time_s
        self._time_s = time_s
        tracks.keep(tracks.unseen_s(time_s) <= self.config.lost_s + ROUNDING_S)
        if len(tracks):
            tracks.predict(step_s, self.config.noise)

    def _match(self, observation: Observation) -> Int64Array:
        """(N,) row of each pose's track, -1 for none."""
        poses = observation.poses
        if not (len(self._tracks) and len(poses)):
            return np.full(len(poses), -1, np.int64)
        return assign_in_stages(
            combined_cost(self._tracks, observation, self._weights),
            poses.scores >= self.config.confident_score,
            gate=self.config.gate,
            weak_gate=self.config.weak_gate,
        )

    def _correct(self, rows: Int64Array, poses: Poses, time_s: float) -> None:
        """Take the matched poses into their tracks; confirm those that have earned it."""
        tracks, config = self._tracks, self.config
        matched = np.flatnonzero(rows >= 0)
        if not len(matched):
            return
        tracks.correct(rows[matched], poses[matched], time_s, config.score_memory_s, config.noise)
        tracks.confirmed |= (
            (tracks.seen_s - tracks.born_s >= config.confirm_s - ROUNDING_S)
            & (tracks.matches >= config.confirm_matches)
            & (
                config.clear_people(tracks.scores, tracks.mean_keypoint_scores)
                | (tracks.scores >= config.moving_score) & (tracks.moved() >= config.moving_way)
            )
        )

    def _birth(self, rows: Int64Array, poses: Poses, time_s: float) -> None:
        """Start a track for each unmatched pose that is good enough; best first, into `rows`."""
        born = np.flatnonzero((rows < 0) & (poses.scores >= self.config.birth_score))
        if not len(born):
            return
        born = born[np.argsort(-poses.scores[born], kind="stable")]
        ids = self._next_id + np.arange(len(born))
        self._next_id += len(born)
        rows[born] = len(self._tracks) + np.arange(len(born))
        self._tracks.append(
            Tracks.start(poses[born], ids, time_s, self.skeleton, self.config.noise)
        )

    def _label(self, rows: Int64Array, poses: Poses) -> Poses:
        track_ids = np.full(len(poses), -1, np.int64)
        track_states = np.full(len(poses), TrackState.UNTRACKED, np.uint8)
        has_track = rows >= 0
        mine = rows[has_track]
        track_ids[has_track] = self._tracks.ids[mine]
        track_states[has_track] = np.where(
            self._tracks.confirmed[mine], TrackState.CONFIRMED, TrackState.TENTATIVE
        )
        return replace(poses, track_ids=track_ids, track_states=track_states)

    def _death(self, time_s: float) -> None:
        """End the tracks that went unmatched for too long."""
        tracks, config = self._tracks, self.config
        patience_s = np.where(tracks.confirmed, config.lost_s, config.tentative_gap_s)
        tracks.keep(tracks.unseen_s(time_s) <= patience_s + ROUNDING_S)
