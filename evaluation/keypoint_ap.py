"""Average precision of single keypoints over all people of a video, as PoseTrack defines it.

A predicted person belongs to the true one of whom it matches the largest share of keypoints, and
of several that belong to one person the best is taken. Every keypoint of such a prediction is
right if it matches; all others are wrong, also where the truth has no such keypoint.

Source: Andriluka et al., PoseTrack: A Benchmark for Human Pose Estimation and Tracking, CVPR 2018.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np

from ..structures.arrays import BoolArray, Float64Array, Int64Array

CURVE_POINTS = 1000
_PENDING = 1 << 20  # samples until equal scores are merged


class PrecisionRecall(NamedTuple):
    """Of one keypoint.

    Attributes:
        ap: area under the interpolated curve; NaN if the keypoint is never labelled.
        precision, recall: with every prediction counted; NaN where there is nothing to divide by.
        curve: (S, 2) recall and precision at every score, the highest first; of more than
            `CURVE_POINTS` that many, evenly chosen.
    """

    ap: float
    precision: float
    recall: float
    curve: Float64Array


class KeypointAp:
    """Collects the keypoints of any number of videos.

    Args:
        num_keypoints: K.
        ties: keypoints of one score count together, so that their order does not matter. If not,
            the order is that of `numpy.argsort`, from last to first, as in the authors' code.
    """

    def __init__(self, num_keypoints: int, *, ties: bool = True) -> None:
        self._ties = ties
        self._labelled = np.zeros(num_keypoints, np.int64)
        # Per keypoint: rows of scores, right ones, all; and what is not yet in them.
        self._samples = [np.zeros((3, 0)) for _ in range(num_keypoints)]
        self._scores = [array("d") for _ in range(num_keypoints)]
        self._right = [array("b") for _ in range(num_keypoints)]

    def update(self, matched: BoolArray, labels: BoolArray, scores: Float64Array) -> None:
        """Count one frame.

        Args:
            matched: (N, M, K) whether keypoint k of the true person n and of prediction m match.
            labels: (N, K) whether the true person has the keypoint.
            scores: (M, K) of the predictions; NaN where they lack the keypoint.
        """
        self._labelled += labels.sum(axis=0)
        if not len(scores):
            return
        person = _assigned(matched, labels)
        chosen = np.flatnonzero(person >= 0)
        right = np.zeros(scores.shape, np.int8)
        right[chosen] = matched[person[chosen], chosen]
        for k, (here, rights) in enumerate(zip(self._scores, self._right, strict=True)):
            there = ~np.isnan(scores[:, k])
            here.frombytes(scores[there, k].tobytes())
            rights.frombytes(right[there, k].tobytes())
        if sum(map(len, self._scores)) > _PENDING:
            self._merge()

    def add(self, other: KeypointAp) -> None:
        """Count what another one counted, after what was counted here; it is empty afterwards."""
        self._merge()
        other._merge()
        self._labelled += other._labelled
        for k, samples in enumerate(self._samples):
            self._samples[k] = self._joined(samples, other._samples[k])
            other._samples[k] = np.zeros((3, 0))

    def _merge(self) -> None:
        """Move everything that is not yet there into `_samples`."""
        for k, (scores, right) in enumerate(zip(self._scores, self._right, strict=True)):
            fresh = np.stack((np.array(scores), np.array(right, np.float64), np.ones(len(scores))))
            self._samples[k] = self._joined(self._samples[k], fresh)
            del scores[:], right[:]

    def _joined(self, *samples: Float64Array) -> Float64Array:
        """(3, S) samples as one array; equal scores become one where ties count together."""
        joined = np.concatenate(samples, axis=1)
        if not self._ties:
            return joined
        scores, where = np.unique(joined[0], return_inverse=True)
        sums = [np.bincount(where, weights=row, minlength=len(scores)) for row in joined[1:]]
        return np.stack((scores, *sums))

    def result(self) -> list[PrecisionRecall]:
        """One for each keypoint."""
        self._merge()
        return [
            _precision_recall(samples, int(labelled))
            for samples, labelled in zip(self._samples, self._labelled, strict=True)
        ]


def _assigned(matched: BoolArray, labels: BoolArray) -> Int64Array:
    """(M,) row of the true person that a prediction is; -1 for nobody."""
    assigned = np.full(matched.shape[1], -1)
    if not len(labels):
        return assigned
    share = matched.sum(axis=2) / np.maximum(labels.sum(axis=1), 1)[:, None]
    vote = share.argmax(axis=0)
    votes = np.where(vote == np.arange(len(labels))[:, None], share, 0)
    best = votes.argmax(axis=1)
    persons = np.flatnonzero(votes.max(axis=1) > 0)
    assigned[best[persons]] = persons
    return assigned


def _precision_recall(samples: Float64Array, labelled: int) -> PrecisionRecall:
    order = samples[0].argsort()[::-1]
    right, seen = samples[1:, order].cumsum(axis=1)
    nothing = 0.0 if labelled else np.nan
    if not len(order):
        return PrecisionRecall(nothing, np.nan, nothing, np.zeros((0, 2)))
    precision = right / seen
    if not labelled:
        return PrecisionRecall(np.nan, precision[-1], np.nan, np.zeros((0, 2)))
    recall = right / labelled
    steps = np.diff(recall, prepend=0)
    best_after = np.maximum.accumulate(precision[::-1])[::-1]
    ap = float((steps * best_after).sum())
    shown = np.linspace(0, len(order) - 1, min(len(order), CURVE_POINTS)).round().astype(np.intp)
    curve = np.column_stack((recall[shown], precision[shown]))
    return PrecisionRecall(ap, float(precision[-1]), float(recall[-1]), curve)
