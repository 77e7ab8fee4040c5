"""Similarity of poses, and suppression of those too similar: the definition of right."""

from __future__ import annotations

from math import inf

import numpy as np

from ...structures.arrays import BoolArray, Float32Array, Float64Array, Int32Array
from .batches import counted, takes_one_image
from .boxes import box_overlap, greedy_nms, padded, valid_rows

__all__ = ["nms_near_keypoints", "nms_oks_iou", "nms_oks_visible", "oks_between", "oks_matrix"]


@takes_one_image(3, "sigmas")
def oks_matrix(  # noqa: PLR0913 - as the kernel
    a: Float32Array,
    b: Float32Array,
    b_scores: Float32Array,
    b_area: Float32Array,
    sigmas: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float32Array:
    """See `kernels.oks_matrix`."""
    oks = np.zeros((*a.shape[:2], b.shape[1]), np.float32)
    pairs = counted(counts, a)[:, :, None] & counted(other_counts, b)[:, None]
    for i, n, m in np.argwhere(pairs):
        present = b_scores[i, m] > 0
        if b_area[i, m] > 0 and present.any():
            squared = ((a[i, n].astype(np.float64) - b[i, m]) ** 2).sum(1)
            exponent = squared / (2 * b_area[i, m] * (2 * sigmas) ** 2)
            similar = np.exp(-np.where(np.isnan(exponent), np.inf, exponent))
            oks[i, n, m] = similar[present].mean()
    return oks


@takes_one_image(3, "sigmas")
def nms_oks_visible(
    keypoints: Float32Array,
    scores: Float32Array,
    areas: Float32Array,
    sigmas: Float32Array,
    counts: Int32Array | None = None,
    *,
    threshold: float,
) -> tuple[Int32Array, Int32Array]:
    """See `kernels.nms_oks_visible`."""
    alike = oks_matrix(keypoints, keypoints, scores, areas, sigmas) > threshold
    all_equal = np.zeros(areas.shape, np.float32)  # so the earlier row comes first
    return greedy_nms(alike, all_equal, counts)


@takes_one_image(3, "sigmas")
def oks_between(  # noqa: PLR0913 - as the kernel
    keypoints: Float32Array,
    areas: Float32Array,
    others: Float32Array,
    other_areas: Float32Array,
    sigmas: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float64Array:
    """See `kernels.oks_between`."""
    steps = keypoints.astype(np.float64)[:, :, None] - others.astype(np.float64)[:, None]
    squared = (steps * steps).sum(axis=4)
    variance = (2 * sigmas.astype(np.float64)) ** 2
    mean_area = (areas.astype(np.float64)[:, :, None] + other_areas[:, None]) / 2
    mean_area = np.maximum(mean_area, np.spacing(1.0))[..., None]
    exponent = squared / (2 * variance * mean_area)
    similar = np.exp(-np.where(np.isnan(exponent), np.inf, exponent))
    pairs = counted(counts, areas)[:, :, None] & counted(other_counts, other_areas)[:, None]
    return np.asarray(np.where(pairs, similar.sum(axis=3) / max(1, len(sigmas)), 0))


@takes_one_image(3, "sigmas")
def nms_oks_iou(  # noqa: PLR0913 - as the kernel
    keypoints: Float32Array,
    areas: Float32Array,
    sigmas: Float32Array,
    scores: Float32Array,
    boxes: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    oks_threshold: float,
    iou_threshold: float = inf,
    suppress: str = "either",
) -> tuple[Int32Array, Int32Array]:
    """See `kernels.nms_oks_iou`."""
    alike = oks_between(keypoints, areas, keypoints, areas, sigmas) > oks_threshold
    if boxes is not None:
        join = np.logical_or if suppress == "either" else np.logical_and
        alike = join(alike, box_overlap(boxes, boxes) > iou_threshold)
    return greedy_nms(alike, scores, counts)


@takes_one_image(3)
def nms_near_keypoints(
    keypoints: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    distance: float,
    min_keypoints: int,
    relative: bool,
) -> tuple[Int32Array, Int32Array]:
    """See `kernels.nms_near_keypoints`."""
    kept = []
    for b, valid in enumerate(valid_rows(scores, counts)):
        similar = _similar(keypoints[b, :valid], distance, min_keypoints, relative)
        values = np.where(np.isnan(scores[b]), np.float32(-np.inf), scores[b])
        stays: list[int] = []
        grouped = np.zeros(valid, np.bool_)
        for row in range(valid):
            group = np.flatnonzero(similar[row])
            if grouped[row] or len(group) == 0:
                continue
            best = int(group[np.argmax(values[group])])
            if not grouped[best]:
                stays.append(best)
            grouped[group] = True
        kept.append(np.array(stays, np.int64))
    return padded(kept, scores.shape[1])


def _similar(
    keypoints: Float32Array, distance: float, min_keypoints: int, relative: bool
) -> BoolArray:
    """(N, N): whether the pose of the column has enough keypoints near those of the row."""
    steps = keypoints[:, None] - keypoints[None]
    apart = np.sqrt((steps * steps).sum(axis=3))
    limits = np.full(len(keypoints), distance)
    if relative and keypoints.shape[1]:
        extents = keypoints.max(axis=1) - keypoints.min(axis=1)
        limits = distance * np.sqrt((extents * extents).sum(axis=1))
    near = (apart < limits[:, None, None]).sum(axis=2)
    return np.asarray(near > min_keypoints)
