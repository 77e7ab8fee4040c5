"""Jitter: how much predicted keypoints tremble around the true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..structures import Annotations
from ..structures.arrays import Float64Array
from .keypoint_distance import head_sizes


@dataclass(frozen=True, slots=True)
class JitterCounts:
    """A sum of accelerations and how many there were."""

    acceleration: float = 0.0
    keypoints: int = 0

    def __add__(self, other: JitterCounts) -> JitterCounts:
        return JitterCounts(
            self.acceleration + other.acceleration, self.keypoints + other.keypoints
        )

    @property
    def mean(self) -> float:
        """Head sizes per frame²; NaN where nobody is seen in three frames on end."""
        return self.acceleration / self.keypoints if self.keypoints else float("nan")


class _Recent(NamedTuple):
    hypothesis: int
    errors: tuple[Float64Array, ...]  # (K, 2) each, of at most the last two frames


class Jitter:
    """Mean size of the second difference of a keypoint's error over three frames on end.

    The error is prediction minus truth in head sizes, so what moves with the person is no jitter,
    and neither is a constant offset.
    """

    def __init__(self) -> None:
        self._recent: dict[int, _Recent] = {}
        self._sum, self._count = 0.0, 0

    def update(self, truth: Annotations, people: Annotations, pairs: list[tuple[int, int]]) -> None:
        """Count one frame; `pairs` are (row of the truth, row of the predictions)."""
        found = np.array(pairs, np.int64).reshape(-1, 2)
        truth, people = truth[found[:, 0]], people[found[:, 1]]
        errors = (people.keypoints - truth.keypoints) / head_sizes(truth)[:, None, None]
        errors[(truth.labels == 0) | (people.labels == 0)] = np.nan
        now, accelerations = {}, []
        names = zip(truth.track_ids.tolist(), people.track_ids.tolist(), strict=True)
        for error, (name, hypothesis) in zip(errors, names, strict=True):
            recent = self._recent.get(name)
            before = recent.errors if recent and recent.hypothesis == hypothesis else ()
            if len(before) == 2:
                accelerations.append(error - 2 * before[1] + before[0])
            now[name] = _Recent(hypothesis, (*before[-1:], error))
        self._recent = now
        if accelerations:
            sizes = np.sqrt((np.array(accelerations) ** 2).sum(axis=2))
            self._sum += float(np.nansum(sizes))
            self._count += int((~np.isnan(sizes)).sum())

    def counts(self) -> JitterCounts:
        """What was counted so far."""
        return JitterCounts(self._sum, self._count)
