"""Boxes: overlap, which of them stay, pooling of maps inside them: the definition of right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...structures.arrays import (
    AnyArray,
    BoolArray,
    Float32Array,
    Float64Array,
    Int32Array,
    Int64Array,
)
from ..boxes import BoxGeneration
from .batches import counted, takes_one_image

__all__ = ["box_overlap", "generate_boxes", "nms_boxes", "roi_align"]


@takes_one_image(2)
def box_overlap(
    boxes: Float32Array,
    others: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
    *,
    edge: float = 0.0,
) -> Float64Array:
    """See `kernels.box_overlap`."""
    a, b = (np.asarray(array, np.float64) for array in (boxes, others))
    low = np.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = np.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    common = np.maximum(high - low + edge, 0).prod(axis=3)
    area_a, area_b = ((x[..., 2:] - x[..., :2] + edge).prod(axis=2) for x in (a, b))
    union = area_a[:, :, None] + area_b[:, None] - common
    pairs = counted(counts, boxes)[:, :, None] & counted(other_counts, others)[:, None]
    return np.asarray(np.where(pairs & (union > 0), common / np.where(union > 0, union, 1), 0))


@takes_one_image(2)
def nms_boxes(
    boxes: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    threshold: float,
    edge: float = 0.0,
) -> tuple[Int32Array, Int32Array]:
    """See `kernels.nms_boxes`."""
    return greedy_nms(box_overlap(boxes, boxes, edge=edge) > threshold, scores, counts)


@takes_one_image(2)
def generate_boxes(
    boxes: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    constants: BoxGeneration,
) -> tuple[Float32Array, Int32Array, Int32Array]:
    """See `kernels.generate_boxes`."""
    chosen = [
        chosen_boxes(boxes[b, :valid], scores[b, :valid], constants)
        for b, valid in enumerate(valid_rows(scores, counts))
    ]
    rows, count = padded(chosen, boxes.shape[1])
    generated = np.zeros(boxes.shape, np.float32)
    for b, image_rows in enumerate(chosen):
        corners = boxes[b, image_rows].astype(np.float64)
        sides = corners[:, 2:] - corners[:, :2]
        centers = (corners[:, :2] + corners[:, 2:]) / 2
        width = np.maximum(sides[:, 0], sides[:, 1] * constants.aspect)
        half = np.stack((width, width / constants.aspect), axis=1) / 2
        generated[b, : len(image_rows)] = np.hstack((centers - half, centers + half))
    return generated, rows, count


def chosen_boxes(boxes: Float32Array, scores: Float32Array, constants: BoxGeneration) -> Int64Array:
    """Rows of the (N, 4) boxes of one image that stay, best first."""
    sides = boxes[:, 2:].astype(np.float64) - boxes[:, :2]
    large = (sides > 0).all(axis=1) & (sides.prod(axis=1) >= constants.min_area)
    order = np.argsort(-scores, kind="stable")
    order = order[large[order]]
    overlap = box_overlap(boxes[None, order], boxes[None, order])[0]
    reliable = scores[order] > constants.reliable_score
    near = reliable | (overlap[:, reliable] >= constants.min_reliable_iou).any(axis=1)
    order, overlap = order[near], overlap[near][:, near]
    groups = greedy_groups(overlap >= constants.group_iou)
    earlier = [(groups[:i] == group).sum() for i, group in enumerate(groups)]
    return np.asarray(order[np.array(earlier, np.int64) < constants.per_group])


def greedy_groups(alike: BoolArray) -> Int64Array:
    """Groups whose members are all alike: each row joins the first that it fits, or starts one.

    Args:
        alike: (N, N), symmetric, true on the diagonal; best row first.

    Returns:
        (N,) int64 group of each row, counted from 0.
    """
    groups: list[list[int]] = []
    joined = np.zeros(len(alike), np.int64)
    for row in range(len(alike)):
        fitting = (g for g, members in enumerate(groups) if alike[row, members].all())
        joined[row] = next(fitting, len(groups))
        if joined[row] == len(groups):
            groups.append([])
        groups[joined[row]].append(row)
    return joined


def greedy_nms(
    alike: BoolArray, scores: Float32Array, counts: Int32Array | None
) -> tuple[Int32Array, Int32Array]:
    """From the best score down, a row stays unless it is like one that stays.

    Args:
        alike: (B, N, N) bool.
        scores: (B, N).
        counts: (B,) rows that count, or None.

    Returns:
        (B, N) rows and (B,) counts, as `kernels.nms_boxes`.
    """
    kept: list[AnyArray] = []
    for b, valid in enumerate(valid_rows(scores, counts)):
        stays: list[int] = []
        for row in np.argsort(-scores[b, :valid], kind="stable"):
            if not alike[b, row, stays].any():
                stays.append(int(row))
        kept.append(np.array(stays, np.int64))
    return padded(kept, scores.shape[1])


def valid_rows(scores: Float32Array, counts: Int32Array | None) -> list[int]:
    """How many rows of each image count."""
    limit = scores.shape[1]
    if counts is None:
        return [limit] * len(scores)
    return [min(max(int(count), 0), limit) for count in counts]


def padded(kept: Sequence[AnyArray], size: int) -> tuple[Int32Array, Int32Array]:
    """Rows of each image, -1 behind the last, and how many there are."""
    rows = np.full((len(kept), size), -1, np.int32)
    for b, image_rows in enumerate(kept):
        rows[b, : len(image_rows)] = image_rows
    return rows, np.array([len(image_rows) for image_rows in kept], np.int32)


@takes_one_image(3)
def roi_align(  # noqa: PLR0913 - as the kernel
    maps: Sequence[AnyArray],
    strides: Sequence[int],
    rois: Float32Array,
    counts: Int32Array | None = None,
    *,
    size: tuple[int, int],
    samples: int = 2,
    cell_origin: str = "half-pixel",
    dtype: npt.DTypeLike = np.float32,
) -> AnyArray:
    """See `kernels.roi_align`."""
    shift = np.float32(0.5 if cell_origin == "half-pixel" else 0)
    pooled = np.zeros((*rois.shape[:2], maps[0].shape[1], *size), np.float32)
    for b, n in np.argwhere(counted(counts, rois)):
        x1, y1, x2, y2 = rois[b, n]
        area = (x2 - x1) * (y2 - y1)
        suited = (np.sqrt(area if area > 0 else 0) / np.float32(224) + np.float32(1e-6)) * 16
        level = sum(bool(suited >= stride) for stride in strides[1:])
        one, stride = maps[level][b].astype(np.float64), np.float32(strides[level])
        across = _axis_weights((x1, x2), one.shape[2], stride, shift, size[1], samples)
        down = _axis_weights((y1, y2), one.shape[1], stride, shift, size[0], samples)
        for r, q in np.ndindex(size):
            y, x = np.flatnonzero(down[r]), np.flatnonzero(across[q])  # the rest may be NaN
            pooled[b, n, :, r, q] = down[r, y] @ one[:, y[:, None], x] @ across[q, x]
    return pooled.astype(dtype)


def _axis_weights(
    ends: tuple[np.float32, np.float32],
    cells: int,
    stride: np.float32,
    shift: np.float32,
    count: int,
    samples: int,
) -> Float64Array:
    """(count, cells): the share of each cell of the map in each cell of the grid."""
    steps = (np.arange(count * samples, dtype=np.float32) + np.float32(0.5)) / np.float32(
        count * samples
    )
    # float32 as in the twins, so that they agree on which samples lie on the limit
    pixels = ends[0] + (ends[1] - ends[0]) * steps
    places = (pixels + shift) * (np.float32(1) / stride) - shift
    weights = np.zeros((count, cells))
    for i, place in enumerate(places):
        if -1 <= place <= cells and cells:
            near = np.float64(np.clip(place, 0, cells - 1))
            low = int(near)
            weights[i // samples, low] += (1 - (near - low)) / samples
            weights[i // samples, min(low + 1, cells - 1)] += (near - low) / samples
    return weights
