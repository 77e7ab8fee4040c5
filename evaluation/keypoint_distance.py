"""How far predicted keypoints are from true ones, in sizes of the true person's head."""

from __future__ import annotations

import numpy as np

from ..structures import Annotations
from ..structures.arrays import Float64Array

HEAD_SHARE = 0.6  # of the head box's diagonal: MPII's head size, http://human-pose.mpi-inf.mpg.de
MAX_DISTANCE = 0.5  # head sizes, inclusive: PCKh@0.5


def head_sizes(truth: Annotations) -> Float64Array:
    """(N,) px; NaN where there is no head box."""
    sides = truth.head_boxes[:, 2:] - truth.head_boxes[:, :2]
    result: Float64Array = HEAD_SHARE * np.sqrt((sides**2).sum(axis=1))
    return result


def head_distance(truth: Annotations, people: Annotations) -> Float64Array:
    """(N, M, K) head sizes; NaN where either lacks the keypoint, or beyond `MAX_DISTANCE`."""
    apart = truth.keypoints[:, None] - people.keypoints[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.sqrt((apart**2).sum(axis=3)) / head_sizes(truth)[:, None, None]
    both = (truth.labels[:, None] > 0) & (people.labels[None] > 0)
    result: Float64Array = np.where(both & (distance <= MAX_DISTANCE), distance, np.nan)
    return result
