"""CLEAR MOT of keypoints, as PoseTrack counts it."""

from __future__ import annotations

import numpy as np

from ..structures import POSETRACK_15, Annotations
from ..structures.arrays import Float64Array
from .clear_mot import ClearCounts, ClearMot

_NOBODY = np.full((1, 1), np.nan)


class PoseClear:
    """CLEAR MOT of every keypoint on its own, over the people that have it.

    Args:
        strict: count as poseval does: the last frame is left out, and a frame in which one side is
            empty is one miss and one false positive of every keypoint.
    """

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._keypoints = [ClearMot(repeated=strict) for _ in POSETRACK_15.keypoints]
        self._waiting: tuple[Annotations, Annotations, Float64Array] | None = None

    def update(self, truth: Annotations, people: Annotations, distance: Float64Array) -> None:
        """Count one frame; distance is (N, M, K) head sizes, NaN where nothing matches."""
        frame = (truth, people, distance)
        if self._strict:
            frame, self._waiting = self._waiting, frame  # type: ignore[assignment]
        if frame is not None:
            self._count(*frame)

    def _count(self, truth: Annotations, people: Annotations, distance: Float64Array) -> None:
        if self._strict and not (len(truth) and len(people)):
            for keypoint in self._keypoints:
                keypoint.update([-1], [-1], _NOBODY)
            return
        objects, hypotheses = truth.track_ids.tolist(), people.track_ids.tolist()
        distance = np.ascontiguousarray(distance.transpose(2, 0, 1))
        for k, keypoint in enumerate(self._keypoints):
            rows = truth.labels[:, k].nonzero()[0]
            columns = people.labels[:, k].nonzero()[0]
            keypoint.update(
                [objects[row] for row in rows.tolist()],
                [hypotheses[column] for column in columns.tolist()],
                distance[k][rows[:, None], columns],
            )

    def counts(self) -> tuple[ClearCounts, ...]:
        """One for each keypoint."""
        return tuple(keypoint.counts() for keypoint in self._keypoints)
