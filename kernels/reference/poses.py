"""Poses after their keypoints are found: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import Float32Array, Float64Array, Int32Array
from .batches import counted, takes_one_image

__all__ = [
    "keypoint_extents",
    "level_scores",
    "pose_scores",
    "select_poses",
    "transform_points",
]


@takes_one_image(3)
def select_poses(  # noqa: PLR0913 - as the kernel
    keypoints: Float32Array,
    keypoint_scores: Float32Array | None,
    scores: Float32Array,
    boxes: Float32Array | None = None,
    rows: Int32Array | None = None,
    counts: Int32Array | None = None,
    *,
    max_poses: int,
    min_score: float = -np.inf,
    ranked: bool = True,
) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array, Int32Array, Int32Array]:
    """See `kernels.select_poses`."""
    batch, limit = scores.shape
    if keypoint_scores is None:
        keypoint_scores = np.zeros(keypoints.shape[:3], np.float32)
    if boxes is None:
        boxes = np.zeros((batch, limit, 4), np.float32)
    arrays = (keypoints, keypoint_scores, scores, boxes)
    taken = [np.zeros((batch, max_poses, *array.shape[2:]), np.float32) for array in arrays]
    taken_rows = np.full((batch, max_poses), -1, np.int32)
    found = np.zeros(batch, np.int32)
    for b, counts_here in enumerate(counted(counts, scores)):
        candidates = np.arange(limit) if rows is None else rows[b]
        candidates = candidates[counts_here]
        candidates = candidates[(candidates >= 0) & (candidates < limit)]
        candidates = candidates[scores[b, candidates] > np.float32(min_score)]
        if ranked:
            candidates = candidates[np.argsort(-scores[b, candidates], kind="stable")]
        best = candidates[:max_poses]
        found[b] = len(best)
        taken_rows[b, : len(best)] = best
        for to, array in zip(taken, arrays, strict=True):
            to[b, : len(best)] = array[b, best]
    return taken[0], taken[1], taken[2], taken[3], taken_rows, found


@takes_one_image(2)
def pose_scores(
    values: Float32Array,
    factors: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    found: float = -np.inf,
) -> Float32Array:
    """See `kernels.pose_scores`."""
    above = np.isfinite(values) & (values > np.float32(found))
    total = np.zeros(values.shape[:2], np.float32)
    for k in range(values.shape[2]):
        total += np.where(above[..., k], values[..., k], np.float32(0))
    mean = total / np.maximum(above.sum(axis=2), 1).astype(np.float32)
    scores = mean if factors is None else factors * mean
    return np.asarray(np.where(counted(counts, values), scores, np.float32(0)), np.float32)


@takes_one_image(3)
def transform_points(
    points: Float32Array,
    matrices: Float64Array,
    limits: Float32Array | None = None,
    counts: Int32Array | None = None,
) -> Float32Array:
    """See `kernels.transform_points`."""
    x, y = points[..., 0, None].astype(np.float64), points[..., 1, None].astype(np.float64)
    rows = matrices[:, None, None]
    moved = ((rows[..., 0] * x + rows[..., 1] * y) + rows[..., 2]).astype(np.float32)
    if limits is not None:
        moved = np.clip(moved, np.float32(0), limits[:, None, None])
    return np.where(counted(counts, points)[..., None, None], moved, np.float32(0))


@takes_one_image(3)
def keypoint_extents(
    keypoints: Float32Array,
    scores: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    found: float = 0.0,
) -> Float32Array:
    """See `kernels.keypoint_extents`."""
    known = np.ones(keypoints.shape[:3], np.bool_)
    if scores is not None:
        known = scores > np.float32(found)
    infinity = np.float32(np.inf)
    low = np.where(known[..., None], keypoints, infinity).min(axis=2, initial=infinity)
    high = np.where(known[..., None], keypoints, -infinity).max(axis=2, initial=-infinity)
    boxes = np.concatenate((low, high), axis=2)
    return np.where(counted(counts, keypoints)[..., None], boxes, np.float32(0))


@takes_one_image(1)
def level_scores(
    values: Float32Array,
    reference: Float32Array,
    counts: Int32Array | None = None,
    reference_counts: Int32Array | None = None,
    *,
    factor: float = 1.0,
    min_value: float = -np.inf,
) -> tuple[Float32Array, Int32Array]:
    """See `kernels.level_scores`."""
    levelled, found = np.zeros_like(values), np.zeros(len(values), np.int32)
    valid, referred = counted(counts, values), counted(reference_counts, reference)
    for b in range(len(values)):
        own = values[b, valid[b]]
        highest = reference[b, 0] if referred[b].any() else np.float32(1)
        if len(own) and own[0] > 0:
            levelled[b, valid[b]] = own / own[0] * highest * np.float32(factor)
        above = levelled[b, valid[b]] > np.float32(min_value)
        found[b] = len(above) if above.all() else above.argmin()
    return levelled, found
