"""Suppression of poses that say the same, as the published bottom-up networks do it."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, BoolArray, Int64Array


def pose_nms(
    keypoints: AnyArray,
    scores: AnyArray,
    *,
    distance: float,
    min_keypoints: int,
    relative: bool,
) -> Int64Array:
    """The poses that stay, in the order in which their groups are met.

    The list is walked in its own order, not by score: a pose that is in no group yet forms one
    with all poses similar to it, and the best of the group stays unless an earlier group has it.

    Args:
        keypoints: (N, K, 2), any unit.
        scores: (N,) by which the best of a group is chosen; the first of equal ones.
        distance: two keypoints are near if they lie closer than this: absolute in the unit of
            `keypoints`, or a fraction of the diagonal of the first pose's extent.
        min_keypoints: poses are similar if *more* than this many keypoints are near.
        relative: whether `distance` is that fraction. Similarity is then not symmetric, and a
            pose without extent is similar to nothing, not even to itself, and goes.

    Returns:
        (M,) int64 rows of `keypoints`.

    Source: `nms_core` of github.com/HRNet/DEKR (relative) and of
    github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation (absolute).
    """
    similar = _similar(keypoints, distance, min_keypoints, relative)
    kept: list[int] = []
    grouped = np.zeros(len(keypoints), bool)
    for row in range(len(keypoints)):
        if grouped[row]:
            continue
        group = np.flatnonzero(similar[row])
        if len(group) == 0:
            continue
        best = int(group[np.argmax(scores[group])])
        if not grouped[best]:
            kept.append(best)
        grouped[group] = True
    return np.array(kept, np.int64)


def _similar(keypoints: AnyArray, distance: float, min_keypoints: int, relative: bool) -> BoolArray:
    """(N, N): whether the pose of the column has enough keypoints near those of the row."""
    steps = keypoints[:, None] - keypoints[None]
    apart = np.sqrt((steps * steps).sum(axis=3))
    limits = np.full(len(keypoints), distance)
    if relative:
        extents = keypoints.max(axis=1) - keypoints.min(axis=1)
        limits = distance * np.sqrt((extents * extents).sum(axis=1))
    near = (apart < limits[:, None, None]).sum(axis=2)
    return np.asarray(near > min_keypoints)
