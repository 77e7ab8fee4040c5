"""IDF1: how much of every true person is followed under one id, whichever.

Source: Ristani, Solera, Zou, Cucchiara and Tomasi, Performance Measures and a Data Set for
Multi-Target, Multi-Camera Tracking, 2016.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..structures.arrays import Float64Array

MIN_SIMILARITY = 0.5


@dataclass(frozen=True, slots=True)
class IdentityCounts:
    """True positives, false positives and misses under the best one-to-one choice of ids."""

    true_positives: int = 0
    false_positives: int = 0
    misses: int = 0

    def __add__(self, other: IdentityCounts) -> IdentityCounts:
        return IdentityCounts(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.misses + other.misses,
        )

    @property
    def idf1(self) -> float:
        """In [0, 1]; NaN where there is nobody on either side."""
        whole = self.true_positives + (self.false_positives + self.misses) / 2
        return self.true_positives / whole if whole else float("nan")


class Identity:
    """Counts one sequence, frame by frame."""

    def __init__(self) -> None:
        self._together: dict[tuple[int, int], int] = defaultdict(int)
        self._objects = self._hypotheses = 0

    def update(self, objects: list[int], hypotheses: list[int], similarity: Float64Array) -> None:
        """Count one frame; `similarity` is (N, M) in [0, 1]."""
        self._objects += len(objects)
        self._hypotheses += len(hypotheses)
        for row, column in np.argwhere(similarity >= MIN_SIMILARITY).tolist():
            self._together[objects[row], hypotheses[column]] += 1

    def counts(self) -> IdentityCounts:
        """What was counted so far."""
        rows = {name: row for row, name in enumerate({pair[0] for pair in self._together})}
        columns = {name: column for column, name in enumerate({p[1] for p in self._together})}
        frames = np.zeros((len(rows), len(columns)), np.int64)
        for (name, hypothesis), count in self._together.items():
            frames[rows[name], columns[hypothesis]] = count
        found = int(frames[linear_sum_assignment(frames, maximize=True)].sum())
        return IdentityCounts(found, self._hypotheses - found, self._objects - found)
