"""Which predictions are which true people, image by image, by COCO's rule.

Predictions choose in the order of their scores: each takes the free person of greatest similarity,
a counted one before an ignored one. Crowds may be taken any number of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..structures import Annotations, Skeleton
from ..structures.arrays import BoolArray, Float64Array, Int64Array
from .oks import oks

MAX_PEOPLE = 20  # predictions of an image that count
THRESHOLDS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, slots=True)
class ImageMatches:
    """One image.

    Attributes:
        rows: (D,) the counted predictions, best first.
        persons: (T, D) row of the true person at each threshold; -1 for nobody.
        ignored: (N,) true people that do not count.
        oks: (D, N).
    """

    rows: Int64Array
    persons: Int64Array
    ignored: BoolArray
    oks: Float64Array


def match_image(
    truth: Annotations,
    people: Annotations,
    skeleton: Skeleton,
    thresholds: Sequence[float] | Float64Array = THRESHOLDS,
) -> ImageMatches:
    """Match one image at each threshold of similarity."""
    rows = np.argsort(-people.scores, kind="stable")[:MAX_PEOPLE]
    similarity = oks(people[rows], truth, skeleton)
    ignored = truth.crowd | truth.ignored
    order = np.argsort(ignored, kind="stable")
    persons = np.full((len(thresholds), len(rows)), -1)
    for t, threshold in enumerate(thresholds):
        free = np.ones(len(truth), np.bool_)
        for d in range(len(rows)):
            person = _best(similarity[d], order, free, ignored, min(threshold, 1 - 1e-10))
            persons[t, d] = person
            if person >= 0 and not truth.crowd[person]:
                free[person] = False
    return ImageMatches(rows, persons, ignored, similarity)


def _best(
    similarity: Float64Array,
    order: Int64Array,
    free: BoolArray,
    ignored: BoolArray,
    threshold: float,
) -> int:
    """The last of the most similar free people; ignored ones only if no other is similar enough."""
    best, found = threshold, -1
    for person in order.tolist():
        if ignored[person] and found >= 0 and not ignored[found]:
            break
        if free[person] and similarity[person] >= best:
            best, found = float(similarity[person]), person
    return found
