"""Suppression of people that were found twice, in the top-down networks' published ways."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, Float64Array, Int64Array


def oks_between(
    keypoints: AnyArray, areas: AnyArray, sigmas: AnyArray, others: tuple[AnyArray, AnyArray]
) -> Float64Array:
    """Object keypoint similarity of found poses: every keypoint counts, whatever its score.

    Args:
        keypoints: (N, K, 2), image pixels.
        areas: (N,) px² of the people; a pair takes the mean of its two.
        sigmas: (K,), unit-less, from the skeleton.
        others: (M, K, 2) keypoints and (M,) areas to compare with.

    Returns:
        (N, M) in [0, 1].

    Source: `oks_iou` of github.com/microsoft/human-pose-estimation.pytorch.
    """
    other_keypoints, other_areas = (np.asarray(array, np.float64) for array in others)
    steps = np.asarray(keypoints, np.float64)[:, None] - other_keypoints[None]
    squared = (steps * steps).sum(axis=3)
    variance = (2 * np.asarray(sigmas, np.float64)) ** 2
    mean_area = (np.asarray(areas, np.float64)[:, None] + other_areas[None]) / 2
    mean_area = np.maximum(mean_area, np.spacing(1.0))
    exponent = squared / (2 * variance * mean_area[:, :, None])
    return np.asarray(np.exp(-exponent).mean(axis=2))


def box_overlap(boxes: AnyArray, others: AnyArray, edge: float = 0.0) -> Float64Array:
    """Intersection over union of every pair of boxes.

    Args:
        boxes: (N, 4) x1, y1, x2, y2.
        others: (M, 4).
        edge: what a side is longer than x2 - x1; 1 for boxes given by their first and last pixel.

    Returns:
        (N, M) in [0, 1]; 0 where both boxes are empty.
    """
    a, b = (np.asarray(array, np.float64) for array in (boxes, others))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.maximum(high - low + edge, 0).prod(axis=2)
    area_a, area_b = ((x[:, 2:] - x[:, :2] + edge).prod(axis=1) for x in (a, b))
    union = area_a[:, None] + area_b[None] - common
    return np.asarray(np.where(union > 0, common / np.where(union > 0, union, 1), 0))


def greedy_nms(similarity: AnyArray, scores: AnyArray, threshold: float) -> Int64Array:
    """Go through the rows from the best score down; a kept one drops those too similar to it.

    Args:
        similarity: (N, N), symmetric.
        scores: (N,); of equal ones the earlier row comes first.
        threshold: rows stay that are similar to every kept one by this much or less.

    Returns:
        (M,) int64 kept rows, best score first.
    """
    alive = np.ones(len(scores), np.bool_)
    kept: list[int] = []
    for row in np.argsort(-np.asarray(scores), kind="stable"):
        if alive[row]:
            kept.append(int(row))
            alive &= similarity[row] <= threshold
    return np.array(kept, np.int64)


def oks_nms(
    keypoints: AnyArray,
    scores: AnyArray,
    areas: AnyArray,
    sigmas: AnyArray,
    *,
    threshold: float,
) -> Int64Array:
    """Rows of poses that are not too similar to a better one.

    Args:
        keypoints: (N, K, 2), image pixels.
        scores: (N,) of the poses.
        areas: (N,) px² of the people.
        sigmas: (K,) from the skeleton.
        threshold: a pose is dropped if its similarity to a kept one is above this.

    Returns:
        (M,) int64 rows, best score first.

    Source: `oks_nms` of github.com/microsoft/human-pose-estimation.pytorch.
    """
    similarity = oks_between(keypoints, areas, sigmas, (keypoints, areas))
    return greedy_nms(similarity, scores, threshold)


def box_nms(boxes: AnyArray, scores: AnyArray, *, threshold: float) -> Int64Array:
    """Rows of boxes that do not overlap a better one too much; boxes run to their last pixel.

    Args:
        boxes: (N, 4) x1, y1, x2, y2, image pixels.
        scores: (N,).
        threshold: a box is dropped if its overlap with a kept one is above this.

    Returns:
        (M,) int64 rows, best score first.

    Source: `nms` of github.com/microsoft/human-pose-estimation.pytorch, from Fast R-CNN.
    """
    return greedy_nms(box_overlap(boxes, boxes, edge=1.0), scores, threshold)
