"""What a good score is where nobody has calibrated the model: learned from the scores seen."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, Float64Array

_MEMORY = 400  # scores that count, the newest ones


class ScoreScale:
    """The score of a typical person among the poses so far; causal, a state of its own.

    It is the median weighted by the scores themselves, so that any number of poor poses, which
    decoders without a limit give, moves it little.

    Attributes:
        scores: up to 400, oldest frame first, ascending in each frame.
    """

    def __init__(self, scores: AnyArray | None = None) -> None:
        self.scores: Float64Array = np.zeros(0) if scores is None else scores.astype(np.float64)
        self._typical: float | None = None  # until asked for

    def add(self, scores: AnyArray) -> None:
        """Take in the scores (N,) of a frame's poses, in any order; those that are not above 0
        do not count.
        """
        self._typical = None
        newest = np.sort(scores[scores > 0].astype(np.float64))
        self.scores = np.concatenate((self.scores, newest))[-_MEMORY:]

    @property
    def typical(self) -> float:
        """The score of a typical person, -infinity as long as no score counts."""
        if self._typical is None:
            self._typical = self._weighted_median()
        return self._typical

    def _weighted_median(self) -> float:
        if not len(self.scores):
            return -np.inf
        ascending = np.sort(self.scores)
        weight = np.cumsum(ascending)
        return float(ascending[np.searchsorted(weight, weight[-1] / 2)])
