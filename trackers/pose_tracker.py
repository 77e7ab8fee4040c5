"""Poses over time -> the same poses with track ids."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..structures import Observation, Poses, Skeleton, TrackerState, TrackState
from ..structures.arrays import BoolArray, Int64Array
from .association import assign, assign_in_stages
from .camera import Camera
from .cues import CUES, combined_cost, memories
from .doubles import doubles
from .score_scale import ScoreScale
from .tracker_config import ROUNDING_S, TrackerConfig
from .tracks import Tracks


class ScoreLimits(NamedTuple):
    """From which pose scores on ..."""

    birth: float  # ... an unmatched pose starts a track,
    confident: float  # ... a pose chooses among all tracks


class PoseTracker:
    """Gives every person of a video one id, frame after frame.

    One tracker per video: the state lasts until the object goes. Any frame rate will do, and it may
    vary: all limits are in seconds. Below about one frame in two seconds people who move get new
    ids. `PeopleTracker` says in the
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
        self._scale, self._camera = ScoreScale(), Camera()
        self._tracks = self._started(Observation(Poses.empty(len(skeleton)), 0.0))

    def update(self, observation: Observation) -> Poses:
        """Take in the next frame.

        Args:
            observation: all poses of the frame, in any order; a frame without people counts too.
                Its time is later than that of every frame before.

        Returns:
            The same rows in the same order, with `track_ids` (-1: too weak to start a track) and
            `track_states`; the other arrays are those of the poses, not copies.

        Raises:
            ValueError: time does not increase, a box or an embedding is not finite, the poses have
                another number of keypoints than the skeleton, or embeddings another length than
                before. The tracker is unchanged then.
        """
        poses, time_s = observation.poses, observation.time_s
        self._check(poses, time_s)
        self._check_looks(observation)
        self._follow_camera(observation)
        self._predict(time_s)
        self._scale.add(poses.scores)
        once = ~doubles(poses, self._tracks.sigmas, self.config.double_oks)
        rows = self._match(observation, once)
        self._correct(rows, observation)
        self._birth(rows, observation, once)
        tracked = self._label(rows, poses)
        self._death(time_s)
        return tracked

    @property
    def limits(self) -> ScoreLimits:
        """From which scores on poses start and continue tracks: the model's, or learned so far."""
        config = self.config
        if config.birth_score is not None and config.confident_score is not None:
            return ScoreLimits(config.birth_score, config.confident_score)
        typical = self._scale.typical
        return ScoreLimits(config.birth_share * typical, config.confident_share * typical)

    def state(self) -> TrackerState:
        """A copy of all that later results depend on, as named arrays."""
        own = {
            "time_s": np.array(self._time_s),
            "next_id": np.array(self._next_id),
            "seen_scores": self._scale.scores.copy(),
            "camera_image": self._camera.small.copy(),
        }
        return {**own, **self._tracks.arrays()}

    def restore(self, state: TrackerState) -> None:
        """Go on exactly as the tracker whose `state` this is would have.

        Raises:
            ValueError: an array is missing, or the tracks have another number of keypoints. The
                tracker is unchanged then.
        """
        try:
            tracks = Tracks.from_arrays(state, self.skeleton)
            time_s, next_id = float(state["time_s"]), int(state["next_id"])
            scale, camera = ScoreScale(state["seen_scores"]), Camera(state["camera_image"])
        except KeyError as error:
            raise ValueError(f"the tracker's state lacks {error}") from None
        if tracks.keypoints.shape[1] != len(self.skeleton):
            raise ValueError(
                f"the tracker's state must be of the {len(self.skeleton)} keypoints of skeleton "
                f"{self.skeleton.name!r}, got {tracks.keypoints.shape[1]}"
            )
        self._tracks, self._time_s, self._next_id = tracks, time_s, next_id
        self._scale, self._camera = scale, camera

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

    def _check_looks(self, observation: Observation) -> None:
        seen = observation.embeddings
        if seen is None:
            return
        if not np.isfinite(seen).all():
            raise ValueError("embeddings must be finite numbers, got NaN or infinity")
        sizes = {array.shape[1] for array in self._tracks.memory.values()} - {0}
        if sizes and seen.shape[1] not in sizes:
            raise ValueError(
                f"embeddings must have {sizes.pop()} numbers each as before, got {seen.shape[1]}"
            )

    def _follow_camera(self, observation: Observation) -> None:
        if observation.image is not None and self.config.camera:
            motion = self._camera.move(observation.image, self._tracks.motion.boxes)
            if motion is not None:
                self._tracks.move_with_camera(motion)

    def _predict(self, time_s: float) -> None:
        """Forget tracks that a long pause has ended; move the others to the present."""
        tracks, step_s = self._tracks, time_s - self._time_s
        self._time_s = time_s
        if self.config.frame_to_frame:
            return
        tracks.keep(tracks.unseen_s(time_s) <= self._patience_s(tracks) + ROUNDING_S)
        if len(tracks):
            tracks.slow_down(tracks.unseen_s(time_s) > self.config.coast_s, step_s)
            tracks.predict(step_s, self.config.noise)

    def _match(self, observation: Observation, once: BoolArray) -> Int64Array:
        """(N,) row of each pose's track, -1 for none; `once` (N,) names the poses to match."""
        rows = np.full(len(once), -1, np.int64)
        wanted = np.flatnonzero(once)
        if not (len(self._tracks) and len(wanted)):
            return rows
        config = self.config
        seen = observation if len(wanted) == len(once) else observation.rows(once)
        cost = combined_cost(self._tracks, seen, self._weights)
        cost[self._tracks.unseen_s(seen.time_s) > config.lost_s + ROUNDING_S] = np.inf
        looks = config.appearance and seen.embeddings is not None
        found = assign_in_stages(
            cost,
            seen.poses.scores >= self.limits.confident,
            gate=config.appearance_gate if looks else config.gate,
            weak_gate=config.weak_gate,
        )
        if looks:
            self._match_returns(found, seen)
        rows[wanted] = found
        return rows

    def _match_returns(self, rows: Int64Array, seen: Observation) -> None:
        """Give poses that look like somebody who was lost that track, wherever they are."""
        tracks = self._tracks
        lost = tracks.confirmed & (tracks.unseen_s(seen.time_s) > self.config.confirm_s)
        lost[rows[rows >= 0]] = False
        poses = np.flatnonzero((rows < 0) & (seen.poses.scores >= self.limits.birth))
        cost = CUES[self.config.appearance].cost(tracks, seen)
        if cost is not None and lost.any() and len(poses):
            who = np.flatnonzero(lost)
            mine, back = assign(cost[who[:, None], poses], self.config.return_gate)
            rows[poses[back]] = who[mine]

    def _correct(self, rows: Int64Array, observation: Observation) -> None:
        """Take the matched poses into their tracks; confirm those that have earned it."""
        tracks, config = self._tracks, self.config
        matched = np.flatnonzero(rows >= 0)
        if not len(matched):
            return
        mine, seen = rows[matched], observation.rows(matched)
        tracks.correct(mine, seen.poses, seen.time_s, config.memory, config.noise)
        for name in self._weights:
            CUES[name].remember(tracks, mine, seen)
        if tracks.confirmed.all():
            return
        tracks.confirmed |= (
            (tracks.seen_s - tracks.born_s >= config.confirm_s - ROUNDING_S)
            & (tracks.matches >= config.confirm_matches)
            & (
                config.clear_people(tracks.scores, tracks.mean_keypoint_scores)
                | (tracks.scores >= config.moving_score) & (tracks.moved() >= config.moving_way)
            )
        )

    def _birth(self, rows: Int64Array, observation: Observation, once: BoolArray) -> None:
        """Start a track for each unmatched pose that is good enough; best first, into `rows`."""
        scores = observation.poses.scores
        born = np.flatnonzero((rows < 0) & (scores >= self.limits.birth) & once)
        if not len(born):
            return
        born = born[np.argsort(-scores[born], kind="stable")]
        rows[born] = len(self._tracks) + np.arange(len(born))
        self._tracks.append(self._started(observation.rows(born)))

    def _started(self, observation: Observation) -> Tracks:
        """A new track for every pose."""
        poses, n = observation.poses, len(observation.poses)
        ids = self._next_id + np.arange(n)
        self._next_id += n
        tracks = Tracks.start(poses, ids, observation.time_s, self.skeleton, self.config.noise)
        tracks.memory = memories(self._weights, observation)
        return tracks

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
        tracks = self._tracks
        patience_s = np.where(
            tracks.confirmed, self._patience_s(tracks), self.config.tentative_gap_s
        )
        if self.config.frame_to_frame:
            patience_s[:] = 0
        tracks.keep(tracks.unseen_s(time_s) <= patience_s + ROUNDING_S)

    def _patience_s(self, tracks: Tracks) -> float:
        """How long a confirmed track may be lost: longer where looks can bring it back."""
        config = self.config
        looks = any(array.shape[1] for array in tracks.memory.values())
        return max(config.lost_s, config.return_s) if looks else config.lost_s
