"""Second detections of one person."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..structures import Poses
from ..structures.arrays import BoolArray, Float32Array
from ..structures.skeleton import AREA_SHARE
from .cues.oks import MIN_COMMON


def doubles(poses: Poses, sigmas: Float32Array, threshold: float) -> BoolArray:
    """(N,): which poses resemble a better one of the same frame.

    Args:
        poses: N.
        sigmas: (K,) of the skeleton.
        threshold: object keypoint similarity, over the keypoints that both have, from which on
            two poses are one person.
    """
    if len(poses) < 2:
        return np.zeros(len(poses), np.bool_)
    found = poses.keypoint_scores > 0
    sides = poses.boxes[:, 2:] - poses.boxes[:, :2]
    given = np.ascontiguousarray(poses.keypoints)
    keypoints = np.where(found[..., None], given, np.float32(np.nan))
    area = (AREA_SHARE * sides[:, 0] * sides[:, 1]).astype(np.float32)
    similarity = kernels.oks_matrix(
        keypoints, given, np.ascontiguousarray(poses.keypoint_scores), area, sigmas
    )
    counts = found.astype(np.float32)
    common = np.maximum(counts @ counts.T, MIN_COMMON)
    better = poses.scores > poses.scores[:, None]
    alike = similarity * (counts.sum(axis=1) / common) >= threshold
    return np.asarray((better & alike).any(axis=1))
