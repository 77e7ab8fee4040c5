"""Regions of an image in which nothing is labelled, so nothing counts."""

from __future__ import annotations

import numpy as np

from ..structures import Annotations
from ..structures.arrays import BoolArray, Float64Array


def inside(points: Float64Array, polygon: Float64Array) -> BoolArray:
    """(N,) which of (N, 2) points lie strictly inside a (P, 2) polygon, by the even-odd rule."""
    x, y = points[:, :1], points[:, 1:]
    start, end = polygon, np.roll(polygon, -1, axis=0)
    along = end - start
    cross = along[:, 0] * (y - start[:, 1]) - along[:, 1] * (x - start[:, 0])
    dot = along[:, 0] * (x - start[:, 0]) + along[:, 1] * (y - start[:, 1])
    on_edge = (np.abs(cross) < 1e-12) & (dot >= 0) & (dot <= (along**2).sum(axis=1))
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    # Which side of an edge that goes up or down the point lies on, without a division.
    left = (cross > 0) == (along[:, 1] > 0)
    odd = (crosses & left).sum(axis=1) % 2 == 1
    result: BoolArray = odd & ~on_edge.any(axis=1)
    return result


def without_ignored(people: Annotations, regions: tuple[Float64Array, ...]) -> Annotations:
    """The people without the keypoints inside a region, and without whoever then has none.

    People who had no keypoint before are left out too.
    """
    labels = people.labels
    here = np.nonzero(labels)
    if regions and len(here[0]):
        labels = labels.copy()
        ignored = np.zeros(len(here[0]), np.bool_)
        for polygon in regions:
            ignored |= inside(people.keypoints[here], polygon)
        labels[here[0][ignored], here[1][ignored]] = 0
    return people.with_labels(labels)[np.flatnonzero((labels > 0).any(axis=1))]


def kept_by_poseval(people: Annotations, regions: tuple[Float64Array, ...]) -> Annotations:
    """As `without_ignored`, but where no region is ignored people without keypoints stay.

    Only those whom the file gives no place for keypoints, `ignored` here, are left out everywhere.
    """
    return without_ignored(people, regions) if regions else people[~people.ignored]
