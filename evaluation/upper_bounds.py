"""What the predicted poses would score if people were found and ranked without a mistake.

Every true person is given the predicted pose that fits her box, or her center, best; all others are
dropped, and the given ones are ranked by how good they are. What is left to lose is lost by the
keypoints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..structures import Annotations, Skeleton
from ..structures.arrays import Float64Array
from .boxes import person_boxes
from .matching import box_similarity
from .oks import oks

MIN_OVERLAP = 0.5  # of a predicted and a true box


def with_true_boxes(
    truth: Sequence[Annotations], results: Sequence[Annotations], skeleton: Skeleton
) -> list[Annotations]:
    """The poses whose boxes overlap the true ones most, at least `MIN_OVERLAP`."""
    return _chosen(truth, results, skeleton, _overlap)


def with_true_centers(
    truth: Sequence[Annotations], results: Sequence[Annotations], skeleton: Skeleton
) -> list[Annotations]:
    """The poses whose centers are nearest to the true ones, within half the true box's diagonal."""
    return _chosen(truth, results, skeleton, _nearness)


def _chosen(
    truth: Sequence[Annotations],
    results: Sequence[Annotations],
    skeleton: Skeleton,
    fit: Callable[[Annotations, Annotations], Float64Array],
) -> list[Annotations]:
    by_id = {image.image_id: image for image in truth}
    chosen = []
    for image in results:
        people = by_id[image.image_id]
        people = people[np.flatnonzero(~(people.crowd | people.ignored))]
        fits = fit(image, people)
        rows, persons = linear_sum_assignment(fits, maximize=True)
        allowed = fits[rows, persons] > 0
        rows, persons = rows[allowed], persons[allowed]
        kept = image[rows]
        scores = oks(kept, people, skeleton)[np.arange(len(rows)), persons]
        chosen.append(replace(kept, scores=scores))
    return chosen


def _overlap(image: Annotations, people: Annotations) -> Float64Array:
    overlap = box_similarity(person_boxes(image), people.boxes)
    return np.where(overlap >= MIN_OVERLAP, overlap, 0)


def _nearness(image: Annotations, people: Annotations) -> Float64Array:
    centers, true_centers = (
        (boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (person_boxes(image), people.boxes)
    )
    apart = np.sqrt(((centers[:, None] - true_centers[None]) ** 2).sum(axis=2))
    half = np.sqrt(((people.boxes[:, 2:] - people.boxes[:, :2]) ** 2).sum(axis=1)) / 2
    nearness: Float64Array = np.maximum(1 - apart / np.maximum(half, 1e-9), 0)
    return nearness
