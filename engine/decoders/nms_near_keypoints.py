"""Suppression of poses that say the same, as the published bottom-up networks do it."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...structures.arrays import AnyArray, Int64Array


def nms_near_keypoints(
    keypoints: AnyArray,
    scores: AnyArray,
    *,
    distance: float,
    min_keypoints: int,
    relative: bool,
) -> Int64Array:
    """The poses of one image that stay, in the order in which their groups are met.

    Args:
        keypoints: (N, K, 2), any unit.
        scores: (N,) by which the best of a group is chosen; the first of equal ones.
        distance: two keypoints are near if they lie closer than this: see the kernel.
        min_keypoints: poses are similar if *more* than this many keypoints are near.
        relative: whether `distance` is a fraction of a pose's extent.

    Returns:
        (M,) int64 rows of `keypoints`.
    """
    rows, count = kernels.nms_near_keypoints(
        np.ascontiguousarray(keypoints, np.float32),
        np.ascontiguousarray(scores, np.float32),
        distance=distance,
        min_keypoints=min_keypoints,
        relative=relative,
    )
    return rows[:count].astype(np.int64)
