"""Poses over time -> the same poses with track ids."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ..structures import Poses, Skeleton, TrackState
from ..structures.arrays import AnyArray, BoolArray, Int64Array
from .association import assign_in_stages
from .cues import CUES, combined_cost
from .motion import MotionNoise
from .tracks import Tracks

_ROUNDING_S = 1e-6  # times that should be equal may differ by this after floating point


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """When a track begins, counts and ends, and what tells people apart; times are seconds."""

    birth_score: float = 0.08  # an unmatched pose starts a track from here, [0, 1]
    confident_score: float = 0.08  # weaker poses get the tracks that remain, <= birth_score
    confirm_s: float = 0.25  # first to latest match before a track is confirmed, s, >= 0
    confirm_matches: int = 2  # poses before a track is confirmed, >= 2
    confirm_score: float = 0.08  # mean pose score a track needs to be confirmed, [0, 1] ...
    confirm_evidence: float = 0.28  # ... with this mean keypoint score, [0, 1]: a clear person;
    moving_score: float = 0.14  # or with this mean pose score, [0, 1] ...
    moving_way: float = 0.2  # ... after moving this far from its birth, in box sides: alive
    score_memory_s: float = 2.0  # scores older than this count little in that mean, s, > 0
    tentative_gap_s: float = 0.20  # a tentative track unmatched for longer ends, s, >= 0
    lost_s: float = 1.5  # a confirmed one; must exceed the time between frames, s, > 0
    gate: float = 0.7  # a pose and a track that cost this much or more never match, (0, 1]
    weak_gate: float = 0.4  # the same for poses that are not confident, (0, 1]
    oks_weight: float = 0.6  # of 1 - keypoint similarity in the cost, >= 0
    iou_weight: float = 0.4  # of 1 - box overlap in the cost, >= 0
    noise: MotionNoise = field(default_factory=MotionNoise)  # how boxes move and how exact they are

    def __post_init__(self) -> None:
        if self.confirm_matches < 2:
            raise ValueError(
                f"confirm_matches must be at least 2, got {self.confirm_matches}: "
                "a pose that appears once is never a person"
            )
        if not self.confident_score <= self.birth_score:
            raise ValueError(
                f"confident_score must not be above birth_score ({self.birth_score}), got "
                f"{self.confident_score}: new tracks could not be continued"
            )
        for name in ("score_memory_s", "lost_s", "gate", "weak_gate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not self.cue_weights or min(self.cue_weights.values()) < 0:
            raise ValueError("cue weights must be 0 or more, and one of them above 0")

    def clear_people(self, scores: AnyArray, evidence: AnyArray) -> BoolArray:
        """Which are people by their looks alone: (N,) pose scores and mean keypoint scores.

        Things that resemble a person (the foot of a table) reach the score but not the evidence.
        """
        clear = (scores >= self.confirm_score) & (evidence >= self.confirm_evidence)
        return np.asarray(clear, np.bool_)

    @property
    def cue_weights(self) -> dict[str, float]:
        """Weight by name of every cue in use."""
        weights = {name: float(getattr(self, f"{name}_weight")) for name in CUES}
        return {name: weight for name, weight in weights.items() if weight != 0}


class PoseTracker:
    """Gives every person of a video one id, frame after frame.

    One tracker per video: the state lasts until the object goes. Any frame rate from about 3 to
    60 per second will do, and it may vary: all limits are in seconds.

    Attributes:
        skeleton: the type of the poses.
        config: the limits; see `TrackerConfig`.
    """

    def __init__(self, skeleton: Skeleton, config: TrackerConfig | None = None) -> None:
        self.skeleton = skeleton
        self.config = config or TrackerConfig()
        self._weights = self.config.cue_weights
        self._time_s = -math.inf
        self._next_id = 1
        nobody = Poses.empty(len(skeleton))
        self._tracks = Tracks.start(nobody, np.zeros(0, np.int64), 0.0, skeleton, self.config.noise)

    def update(self, poses: Poses, time_s: float) -> Poses:
        """Take in the poses of the next frame.

        Args:
            poses: all poses of one frame, in any order; an empty frame counts too.
            time_s: its time; later than that of every frame before.

        Returns:
            The same rows in the same order, with `track_ids` (-1: too weak to start a track) and
            `track_states`; the other arrays are those of `poses`, not copies.

        Raises:
            ValueError: time does not increase, a box is not finite, or the poses have another
                number of keypoints than the skeleton. The tracker is unchanged then.
        """
        self._check(poses, time_s)
        self._predict(time_s)
        rows = self._match(poses)
        self._correct(rows, poses, time_s)
        self._birth(rows, poses, time_s)
        tracked = self._label(rows, poses)
        self._death(time_s)
        return tracked

    def _check(self, poses: Poses, time_s: float) -> None:
        if not (math.isfinite(time_s) and time_s > self._time_s):
            raise ValueError(
                f"time_s must increase from frame to frame, got {time_s} after {self._time_s}: "
                "use a new PoseTracker for each video"
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
        tracks.keep(tracks.unseen_s(time_s) <= self.config.lost_s + _ROUNDING_S)
        if len(tracks):
            tracks.predict(step_s, self.config.noise)

    def _match(self, poses: Poses) -> Int64Array:
        """(N,) row of each pose's track, -1 for none."""
        if not (len(self._tracks) and len(poses)):
            return np.full(len(poses), -1, np.int64)
        return assign_in_stages(
            combined_cost(self._tracks, poses, self._weights),
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
            (tracks.seen_s - tracks.born_s >= config.confirm_s - _ROUNDING_S)
            & (tracks.matches >= config.confirm_matches)
            & (
                config.clear_people(tracks.scores, tracks.evidence)
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
        tracks.keep(tracks.unseen_s(time_s) <= patience_s + _ROUNDING_S)
