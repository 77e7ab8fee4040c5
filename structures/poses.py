"""All people of one frame, as parallel arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import AnyArray, Float32Array, Int64Array, UInt8Array


class TrackState(IntEnum):
    """What the tracker knows of a pose: never tracked, perhaps a person, a person."""

    UNTRACKED = 0
    TENTATIVE = 1
    CONFIRMED = 2


@dataclass(frozen=True, slots=True)
class Poses:
    """All poses found in one frame, one row per person, best score first.

    Attributes:
        keypoints: (N, K, 2) float32, x and y in image pixels; meaningless where the score is 0.
        keypoint_scores: (N, K) float32 in [0, 1]; 0 = not found.
        scores: (N,) float32, the whole pose; [0, 1] for our models, published ones unclamped.
        boxes: (N, 4) float32, x1, y1, x2, y2 in image pixels.
        track_ids: (N,) int64, >= 1 or -1 for none; None before tracking.
        track_states: (N,) uint8 of `TrackState`; None before tracking.
        depth_mm: (N, K) float32, how much further away than the pelvis, millimetres; None where the
            model works in two dimensions.

    Raises:
        ValueError: two arrays disagree on N or K, or a shape is wrong.
        TypeError: an array has another dtype than stated.
    """

    keypoints: Float32Array
    keypoint_scores: Float32Array
    scores: Float32Array
    boxes: Float32Array
    track_ids: Int64Array | None = None
    track_states: UInt8Array | None = None
    depth_mm: Float32Array | None = None

    def __post_init__(self) -> None:
        if self.keypoints.ndim != 3 or self.keypoints.shape[2] != 2:
            hint = (
                ": pass scores separately as keypoint_scores"
                if self.keypoints.ndim == 3 and self.keypoints.shape[2] == 3
                else ""
            )
            raise ValueError(
                f"keypoints must have shape (N, K, 2), got {self.keypoints.shape}{hint}"
            )
        n, k = self.keypoints.shape[:2]
        _check("keypoints", self.keypoints, (n, k, 2), np.float32)
        _check("keypoint_scores", self.keypoint_scores, (n, k), np.float32)
        _check("scores", self.scores, (n,), np.float32)
        _check("boxes", self.boxes, (n, 4), np.float32)
        if self.track_ids is not None:
            _check("track_ids", self.track_ids, (n,), np.int64)
        if self.track_states is not None:
            _check("track_states", self.track_states, (n,), np.uint8)
        if self.depth_mm is not None:
            _check("depth_mm", self.depth_mm, (n, k), np.float32)

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, rows: AnyArray | slice | Sequence[int]) -> Poses:
        """The rows named by a mask, by indices or by a slice, in that order.

        Raises:
            TypeError: `rows` is one number; a single person is still `Poses`: write `[[i]]`.
        """
        if isinstance(rows, (int, np.integer)):
            raise TypeError(f"one row of Poses is taken as poses[[{rows}]], got poses[{rows}]")
        if isinstance(rows, (slice, np.ndarray)):
            index = rows
        else:
            index = np.asarray(rows, dtype=None if len(rows) else np.intp)
        chosen: dict[str, Any] = {}
        for field in fields(self):
            array = getattr(self, field.name)
            chosen[field.name] = None if array is None else array[index]
        return Poses(**chosen)

    @staticmethod
    def empty(num_keypoints: int) -> Poses:
        """A frame without people."""
        return Poses(
            keypoints=np.zeros((0, num_keypoints, 2), np.float32),
            keypoint_scores=np.zeros((0, num_keypoints), np.float32),
            scores=np.zeros(0, np.float32),
            boxes=np.zeros((0, 4), np.float32),
        )

    @staticmethod
    def concatenate(parts: Sequence[Poses]) -> Poses:
        """All rows of `parts`, in order; every part must be tracked, or none.

        Raises:
            ValueError: no parts, other K, or some tracked and some not.
        """
        if not parts:
            raise ValueError(
                "concatenate needs at least one Poses: use Poses.empty(K) for no people"
            )
        joined: dict[str, Any] = {}
        for field in fields(Poses):
            columns = [getattr(part, field.name) for part in parts]
            missing = [column is None for column in columns]
            if any(missing) and not all(missing):
                raise ValueError(f"some of the poses have {field.name} and some do not")
            joined[field.name] = None if all(missing) else np.concatenate(columns)
        return Poses(**joined)


def _check(name: str, array: AnyArray, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    if array.dtype != dtype:
        raise TypeError(f"{name} must be {np.dtype(dtype)}, got {array.dtype}")
