"""Object keypoint similarity as COCO's evaluation computes it, in double precision.

Source: https://cocodataset.org/#keypoints-eval
"""

from __future__ import annotations

import numpy as np

from ..structures import Annotations, Skeleton
from ..structures.arrays import Float64Array
from ..structures.skeleton import AREA_SHARE

_TINY = np.spacing(1.0)


def areas_of(truth: Annotations) -> Float64Array:
    """(N,) px² that set the scale of each person: the file's, or a share of the box in CrowdPose.

    Raises:
        ValueError: there is neither an area nor a box.
    """
    sides = truth.boxes[:, 2:] - truth.boxes[:, :2]
    areas: Float64Array = np.where(
        np.isnan(truth.areas), sides.prod(axis=1) * AREA_SHARE, truth.areas
    )
    if np.isnan(areas).any():
        raise ValueError(
            f"image {truth.image_id}: a person has neither area nor box, which set the scale"
        )
    return areas


def keypoint_similarity(
    points: Float64Array, truth: Annotations, skeleton: Skeleton
) -> Float64Array:
    """exp(-d² / (2 area (2 sigma)²)) of points to true keypoints.

    Args:
        points: (M, K, 2), each for its own keypoint.
        truth: N people.
        skeleton: of both.

    Returns:
        (M, N, K) in [0, 1]; NaN where the true keypoint is not labelled.
    """
    squared = ((points[:, None] - truth.keypoints[None]) ** 2).sum(axis=3)
    similarity: Float64Array = np.exp(-_scaled(squared, truth, skeleton))
    return np.where(truth.labels[None] > 0, similarity, np.nan)


def oks(people: Annotations, truth: Annotations, skeleton: Skeleton) -> Float64Array:
    """(M, N) of M predictions and N true people.

    A true person without keypoints, such as a crowd, has as distance that of a keypoint to the box,
    made twice as large on each side.
    """
    if not (len(people) and len(truth)):
        return np.zeros((len(people), len(truth)))
    similarity = keypoint_similarity(people.keypoints, truth, skeleton)
    labelled = (truth.labels > 0).sum(axis=1)
    result: Float64Array = np.nansum(similarity, axis=2) / np.maximum(labelled, 1)
    for column in np.flatnonzero(labelled == 0):
        result[:, column] = _to_box(people, truth[np.array([column])], skeleton)
    return result


def _to_box(people: Annotations, person: Annotations, skeleton: Skeleton) -> Float64Array:
    (x1, y1, x2, y2) = person.boxes[0]
    low = np.array([2 * x1 - x2, 2 * y1 - y2])
    high = np.array([2 * x2 - x1, 2 * y2 - y1])
    outside = np.maximum(low - people.keypoints, 0) + np.maximum(people.keypoints - high, 0)
    squared = (outside**2).sum(axis=2)[:, None]
    result: Float64Array = np.exp(-_scaled(squared, person, skeleton)).mean(axis=2)[:, 0]
    return result


def _scaled(squared: Float64Array, truth: Annotations, skeleton: Skeleton) -> Float64Array:
    variances = (2 * np.array(skeleton.sigmas)) ** 2
    result: Float64Array = squared / variances / (areas_of(truth)[:, None] + _TINY) / 2
    return result
