"""The state of all tracks, as parallel arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from ..structures import Poses, Skeleton
from ..structures.arrays import (
    AnyArray,
    BoolArray,
    Float32Array,
    Float64Array,
    Int64Array,
)
from . import motion as box_motion
from .motion import BoxMotion, MotionNoise


@dataclass(slots=True)
class Tracks:
    """All living tracks, one row per identity, oldest first.

    Attributes:
        ids: (T,) int64, >= 1.
        confirmed: (T,) bool; once True, always True.
        born_s: (T,) float64, time of the first match (the pose that started it).
        seen_s: (T,) float64, time of the last match.
        matches: (T,) int64, poses so far, the first one included.
        scores: (T,) float64, mean pose score, old ones slowly forgotten.
        mean_keypoint_scores: (T,) float64, over all K keypoints; old ones slowly forgotten.
        birth_centers: (T, 2) float64, middle of the first pose's box.
        motion: box estimates at the time of the last prediction or correction.
        keypoints: (T, K, 2) float32, those of the last match, moved along with the box.
        keypoint_scores: (T, K) float32, those of the last match; 0 = not found.
        sigmas: (K,) float32, unit-less, from the skeleton.
    """

    ids: Int64Array
    confirmed: BoolArray
    born_s: Float64Array
    seen_s: Float64Array
    matches: Int64Array
    scores: Float64Array
    mean_keypoint_scores: Float64Array
    birth_centers: Float64Array
    motion: BoxMotion
    keypoints: Float32Array
    keypoint_scores: Float32Array
    sigmas: Float32Array

    @staticmethod
    def start(
        poses: Poses, ids: Int64Array, time_s: float, skeleton: Skeleton, noise: MotionNoise
    ) -> Tracks:
        """One new tentative track for every pose, with the given (N,) ids."""
        n = len(poses)
        return Tracks(
            ids=ids.copy(),
            confirmed=np.zeros(n, np.bool_),
            born_s=np.full(n, time_s),
            seen_s=np.full(n, time_s),
            matches=np.ones(n, np.int64),
            scores=poses.scores.astype(np.float64),
            mean_keypoint_scores=poses.keypoint_scores.mean(axis=1, dtype=np.float64),
            birth_centers=(poses.boxes[:, :2] + poses.boxes[:, 2:]).astype(np.float64) / 2,
            motion=box_motion.start(poses.boxes, noise),
            keypoints=poses.keypoints.copy(),
            keypoint_scores=poses.keypoint_scores.copy(),
            sigmas=skeleton.sigma_array,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def keep(self, rows: BoolArray) -> None:
        """Drop every track whose row is False."""
        if not rows.all():
            for name in _PER_TRACK:
                setattr(self, name, getattr(self, name)[rows])
            self.motion = self.motion.rows(rows)

    def append(self, others: Tracks) -> None:
        """Add other tracks behind these."""
        for name in _PER_TRACK:
            setattr(self, name, np.concatenate((getattr(self, name), getattr(others, name))))
        pairs = zip(self.motion, others.motion, strict=True)
        self.motion = BoxMotion(*(np.concatenate(pair) for pair in pairs))

    def predict(self, step_s: float, noise: MotionNoise) -> None:
        """Move boxes, and keypoints along with them, `step_s` seconds ahead."""
        before = self.motion.position[:, None]
        self.motion = box_motion.predict(self.motion, step_s, noise)
        after = self.motion.position[:, None]
        zoom = after[..., 2:] / before[..., 2:]
        moved = (self.keypoints - before[..., :2]) * zoom + after[..., :2]
        self.keypoints = moved.astype(np.float32)

    def correct(
        self, rows: Int64Array, poses: Poses, time_s: float, memory_s: float, noise: MotionNoise
    ) -> None:
        """Take one pose into each of the named tracks.

        Args:
            rows: (N,) the track of each pose; none twice.
            poses: N poses.
            time_s: when they were seen.
            memory_s: scores older than this count little in the mean.
            noise: of the given boxes.
        """
        corrected = box_motion.correct(self.motion.rows(rows), poses.boxes, noise)
        for array, values in zip(self.motion, corrected, strict=True):
            array[rows] = values
        self.matches[rows] += 1
        # A plain mean at first; later an exponential one, by time and not by number of poses.
        forgotten = -np.expm1((self.seen_s[rows] - time_s) / memory_s)
        share = np.maximum(1 / self.matches[rows], forgotten)
        self.scores[rows] += share * (poses.scores - self.scores[rows])
        means = poses.keypoint_scores.mean(axis=1, dtype=np.float64)
        self.mean_keypoint_scores[rows] += share * (means - self.mean_keypoint_scores[rows])
        self.seen_s[rows] = time_s
        self.keypoints[rows] = poses.keypoints
        self.keypoint_scores[rows] = poses.keypoint_scores

    def arrays(self) -> dict[str, AnyArray]:
        """A copy of the state as named arrays; the sigmas are the skeleton's and left out."""
        named = {name: getattr(self, name) for name in _PER_TRACK}
        moving = {f"motion_{name}": array for name, array in self.motion._asdict().items()}
        return {name: array.copy() for name, array in {**named, **moving}.items()}

    @staticmethod
    def from_arrays(arrays: Mapping[str, AnyArray], skeleton: Skeleton) -> Tracks:
        """The tracks whose `arrays` these are; other entries are passed over.

        Raises:
            KeyError: an array is missing.
        """
        own = {name: arrays[name].copy() for name in _PER_TRACK}
        moving = (arrays[f"motion_{name}"].copy() for name in BoxMotion._fields)
        return Tracks(**own, motion=BoxMotion(*moving), sigmas=skeleton.sigma_array)

    def moved(self) -> Float64Array:
        """(T,) way from the place of birth, in sides of a square as large as the box."""
        position = self.motion.position
        way = np.linalg.norm(position[:, :2] - self.birth_centers, axis=1)
        moved: Float64Array = way / np.sqrt(position[:, 2] * position[:, 3])
        return moved

    def unseen_s(self, time_s: float) -> Float64Array:
        """(T,) seconds since the last match."""
        unseen: Float64Array = time_s - self.seen_s
        return unseen


_PER_TRACK = tuple(f.name for f in fields(Tracks) if f.name not in ("motion", "sigmas"))
