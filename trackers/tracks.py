"""The state of all tracks, as parallel arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple

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
from .camera import CameraMotion, moved_points, zoom_of
from .motion import BoxMotion, MotionNoise

_SLOWING_S = 0.3  # in which a velocity that fades falls to 37 %
_MEMORY = "memory_"  # begins the names of the cues' arrays in a state


class Memory(NamedTuple):
    """How long what a track was like counts."""

    score_s: float  # scores older than this count little in a mean
    keypoint_s: float  # a keypoint not found for longer is forgotten


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
        keypoints: (T, K, 2) float32, each where it was last found, moved along with the box.
        keypoint_scores: (T, K) float32, likewise; 0 = not found for too long.
        keypoint_seen_s: (T, K) float64, time at which each was last found.
        sigmas: (K,) float32, unit-less, from the skeleton.
        memory: arrays (T, ...) by name, what the cues in use remember of each track.
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
    keypoint_seen_s: Float64Array
    sigmas: Float32Array
    memory: dict[str, AnyArray] = field(default_factory=dict)

    @staticmethod
    def start(
        poses: Poses, ids: Int64Array, time_s: float, skeleton: Skeleton, noise: MotionNoise
    ) -> Tracks:
        """One new tentative track for every pose, with the given (N,) ids."""
        n = len(poses)
        return Tracks(
            ids=ids.copy(),
            confirmed=np.zeros(n, np.bool_),
            born_s=np.full(n, time_s, np.float64),
            seen_s=np.full(n, time_s, np.float64),
            matches=np.ones(n, np.int64),
            scores=poses.scores.astype(np.float64),
            mean_keypoint_scores=poses.keypoint_scores.mean(axis=1, dtype=np.float64),
            birth_centers=(poses.boxes[:, :2] + poses.boxes[:, 2:]).astype(np.float64) / 2,
            motion=box_motion.start(poses.boxes, noise),
            keypoints=poses.keypoints.copy(),
            keypoint_scores=poses.keypoint_scores.copy(),
            keypoint_seen_s=np.full(poses.keypoint_scores.shape, time_s, np.float64),
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
            self.memory = {name: array[rows] for name, array in self.memory.items()}

    def append(self, others: Tracks) -> None:
        """Add other tracks behind these, which remember things of the same names."""
        for name in _PER_TRACK:
            setattr(self, name, np.concatenate((getattr(self, name), getattr(others, name))))
        pairs = zip(self.motion, others.motion, strict=True)
        self.motion = BoxMotion(*(np.concatenate(pair) for pair in pairs))
        self.memory = {
            name: _joined(array, others.memory[name]) for name, array in self.memory.items()
        }

    def slow_down(self, rows: BoolArray, step_s: float) -> None:
        """Let the velocities of these (T,) fade: nobody knows any more where they went."""
        self.motion.velocity[rows] *= np.exp(-step_s / _SLOWING_S)

    def predict(self, step_s: float, noise: MotionNoise) -> None:
        """Move boxes, and keypoints along with them, `step_s` seconds ahead."""
        before = self.motion.position[:, None]
        self.motion = box_motion.predict(self.motion, step_s, noise)
        after = self.motion.position[:, None]
        zoom = after[..., 2:] / before[..., 2:]
        moved = (self.keypoints - before[..., :2]) * zoom + after[..., :2]
        self.keypoints = moved.astype(np.float32)

    def move_with_camera(self, motion: CameraMotion) -> None:
        """Carry everything to where the camera has moved it since the frame before."""
        zoom, turn = zoom_of(motion), motion[:, :2]
        position, velocity, *variances = (array.copy() for array in self.motion)
        position[:, :2] = moved_points(motion, position[:, :2])
        position[:, 2:] *= zoom
        velocity[:, :2] = velocity[:, :2] @ turn.T
        velocity[:, 2:] *= zoom
        self.motion = BoxMotion(position, velocity, *(zoom**2 * array for array in variances))
        self.keypoints = moved_points(motion, self.keypoints).astype(np.float32)
        self.birth_centers = moved_points(motion, self.birth_centers)

    def correct(
        self, rows: Int64Array, poses: Poses, time_s: float, memory: Memory, noise: MotionNoise
    ) -> None:
        """Take one pose into each of the named tracks.

        Args:
            rows: (N,) the track of each pose; none twice.
            poses: N poses.
            time_s: when they were seen.
            memory: how long scores and keypoints count.
            noise: of the given boxes.
        """
        corrected = box_motion.correct(self.motion.rows(rows), poses.boxes, noise)
        for array, values in zip(self.motion, corrected, strict=True):
            array[rows] = values
        self.matches[rows] += 1
        # A plain mean at first; later an exponential one, by time and not by number of poses.
        forgotten = -np.expm1((self.seen_s[rows] - time_s) / memory.score_s)
        share = np.maximum(1 / self.matches[rows], forgotten)
        self.scores[rows] += share * (poses.scores - self.scores[rows])
        means = poses.keypoint_scores.mean(axis=1, dtype=np.float64)
        self.mean_keypoint_scores[rows] += share * (means - self.mean_keypoint_scores[rows])
        self.seen_s[rows] = time_s
        self._correct_keypoints(rows, poses, time_s, memory.keypoint_s)

    def _correct_keypoints(
        self, rows: Int64Array, poses: Poses, time_s: float, memory_s: float
    ) -> None:
        """Take those that were found; the others stay where they should be for a while."""
        found = poses.keypoint_scores > 0
        seen_s = np.where(found, time_s, self.keypoint_seen_s[rows])
        old_scores = np.where(time_s - seen_s <= memory_s, self.keypoint_scores[rows], 0)
        self.keypoint_seen_s[rows] = seen_s
        self.keypoints[rows] = np.where(found[..., None], poses.keypoints, self.keypoints[rows])
        self.keypoint_scores[rows] = np.where(found, poses.keypoint_scores, old_scores)

    def arrays(self) -> dict[str, AnyArray]:
        """A copy of the state as named arrays; the sigmas are the skeleton's and left out."""
        named = {name: getattr(self, name) for name in _PER_TRACK}
        moving = {f"motion_{name}": array for name, array in self.motion._asdict().items()}
        memory = {_MEMORY + name: array for name, array in self.memory.items()}
        return {name: array.copy() for name, array in {**named, **moving, **memory}.items()}

    @staticmethod
    def from_arrays(arrays: Mapping[str, AnyArray], skeleton: Skeleton) -> Tracks:
        """The tracks whose `arrays` these are; other entries are passed over.

        Raises:
            KeyError: an array is missing.
        """
        own = {name: arrays[name].copy() for name in _PER_TRACK}
        moving = (arrays[f"motion_{name}"].copy() for name in BoxMotion._fields)
        memory = {
            name.removeprefix(_MEMORY): array.copy()
            for name, array in arrays.items()
            if name.startswith(_MEMORY)
        }
        return Tracks(**own, motion=BoxMotion(*moving), sigmas=skeleton.sigma_array, memory=memory)

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


def _joined(array: AnyArray, others: AnyArray) -> AnyArray:
    """Rows of both; tracks that began before there were values (T, 0) get zeros."""
    wide = max(array.shape[1], others.shape[1])
    return np.concatenate([np.pad(a, ((0, 0), (0, wide - a.shape[1]))) for a in (array, others)])


_NOT_ROWS = ("motion", "sigmas", "memory")
_PER_TRACK = tuple(f.name for f in fields(Tracks) if f.name not in _NOT_ROWS)
