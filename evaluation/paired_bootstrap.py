"""Is one model better than another, or were the images kind to it? A paired bootstrap over images.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, percentile intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..structures import Annotations, Skeleton
from ..structures.arrays import BoolArray, Float64Array, Int64Array
from .oks_matching import match_image

RESAMPLES = 1000
_SEED = 20_171_027  # any number: the interval must be the same at every run
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class Comparison:
    """AP of the first minus AP of the second, in [-1, 1].

    Attributes:
        difference: on all images.
        low, high: between which 95 % of the resampled differences lie.
        better: share of resamples in which the first is better.
        images: how many were drawn from.
    """

    difference: float
    low: float
    high: float
    better: float
    images: int


class RankedMatches:
    """All predictions on a data set, best first; their AP for any weights of the images."""

    def __init__(
        self, truth: Sequence[Annotations], results: Sequence[Annotations], skeleton: Skeleton
    ) -> None:
        by_id = {image.image_id: image for image in results}
        nobody = _nobody(skeleton)
        scores, images, right, counted, people = [], [], [], [], []
        for number, image in enumerate(truth):
            found = by_id.get(image.image_id, nobody)
            match = match_image(image, found, skeleton)
            ignored = np.append(match.ignored, False)[match.persons]  # -1: the False at the end
            scores.append(found.scores[match.rows])
            images.append(np.full(len(match.rows), number))
            right.append((match.persons >= 0) & ~ignored)
            counted.append(~ignored)
            people.append(int((~match.ignored).sum()))
        order = np.argsort(-np.concatenate(scores), kind="stable")
        self._images: Int64Array = np.concatenate(images)[order]
        self._right: BoolArray = np.concatenate(right, axis=1)[:, order]
        self._counted: BoolArray = np.concatenate(counted, axis=1)[:, order]
        self._people = np.array(people)

    def average_precision(self, weights: Float64Array | None = None) -> float:
        """COCO's AP if every image counted this often; NaN if nobody is in them."""
        if weights is None:
            weights = np.ones(len(self._people))
        people = float(weights @ self._people)
        if not people:
            return float("nan")
        each = weights[self._images]
        right = (self._right * each).cumsum(axis=1)
        seen = (self._counted * each).cumsum(axis=1)
        precision = right / np.maximum(seen, np.spacing(1.0))
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        return float(
            np.mean([_at_recalls(p, r / people) for p, r in zip(precision, right, strict=True)])
        )


def compare(
    truth: Sequence[Annotations],
    first: Sequence[Annotations],
    second: Sequence[Annotations],
    skeleton: Skeleton,
) -> Comparison:
    """Compare two results on one data set: both are scored on the same resampled images."""
    ranked = [RankedMatches(truth, results, skeleton) for results in (first, second)]
    rng = np.random.default_rng(_SEED)
    count = len(truth)
    differences = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)
        one, other = (matches.average_precision(drawn) for matches in ranked)
        differences.append(one - other)
    low, high = np.nanpercentile(differences, (2.5, 97.5)).tolist()
    one, other = (matches.average_precision() for matches in ranked)
    better = float(np.mean(np.array(differences) > 0))
    return Comparison(one - other, low, high, better, count)


def _at_recalls(precision: Float64Array, recall: Float64Array) -> float:
    """Mean precision at 101 recalls; 0 at those that are not reached."""
    at = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(precision, 0.0)[at].mean())


def _nobody(skeleton: Skeleton) -> Annotations:
    k = len(skeleton)
    return Annotations.of(np.zeros((0, k, 2)), np.zeros((0, k)))
