"""Boxes: their overlap, which of them stay, and pooling of the maps inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np

from ..structures.arrays import Float32Array, Float64Array, Int32Array
from ..structures.model_spec import CellOrigin
from .checks import check, check_above, check_at_least, check_head_batch, check_number
from .devices import device_of, head_dtype, scratch


@dataclass(frozen=True, slots=True)
class BoxGeneration:
    """Constants of `generate_boxes`: those of the paper, which leaves only `min_area` open."""

    # px²: smaller people are left out. COCO's keypoint evaluation ignores those below 32 x 32.
    min_area: float = 32.0**2
    reliable_score: float = 0.8  # boxes above it are reliable ("equivalent ground truth")
    min_reliable_iou: float = 0.5  # all others need this overlap with a reliable box
    group_iou: float = 0.7  # every two boxes of a group overlap at least by this
    per_group: int = 4  # N: how many boxes of a group stay, the best ones
    aspect: float = 3 / 4  # width / height to which every box is extended


def box_overlap(boxes: Float32Array, others: Float32Array, *, edge: float = 0.0) -> Float64Array:
    """Intersection over union of every pair of boxes.

    Args:
        boxes: (B, N, 4) float32 x1, y1, x2, y2.
        others: (B, M, 4) float32.
        edge: by how much a side is longer than x2 - x1: 1 for boxes given by their first and last
            pixel.

    Returns:
        (B, N, M) float64 in [0, 1]; 0 where both boxes are empty, or a coordinate is NaN.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    device = device_of(boxes, others)
    check("boxes", boxes, np.float32, (None, None, 4))
    check("others", others, np.float32, (boxes.shape[0], None, 4))
    check_number("edge", edge)
    sizes = (boxes.shape[0], boxes.shape[1], others.shape[1])
    overlap = device.empty(sizes, np.float64)
    device.call("pt_box_overlap", overlap, boxes, others, *sizes, edge)
    return overlap


def nms_boxes(
    boxes: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    threshold: float,
    edge: float = 0.0,
) -> tuple[Int32Array, Int32Array]:
    """Rows of boxes that do not overlap a better one too much.

    Args:
        boxes: (B, N, 4) float32 x1, y1, x2, y2.
        scores: (B, N) float32; of equal scores the earlier row comes first, NaN comes last.
        counts: (B,) int32, how many rows of each image count; None: all.
        threshold: a box is dropped if its overlap with a kept one is above this.
        edge: as for `box_overlap`.

    Returns:
        (B, N) int32 rows that stay, best first, -1 behind the last; (B,) int32 how many stay.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: `nms` of github.com/microsoft/human-pose-estimation.pytorch (edge 1), from Fast R-CNN.
    """
    device = device_of(boxes, scores, counts)
    check("boxes", boxes, np.float32, (None, None, 4))
    check("scores", scores, np.float32, boxes.shape[:2])
    if counts is not None:
        check("counts", counts, np.int32, boxes.shape[:1])
    sizes = boxes.shape[:2]
    check_number("threshold", threshold)
    check_number("edge", edge)
    rows, count = device.empty(sizes, np.int32), device.empty(sizes[:1], np.int32)
    working = scratch(device, "pt_nms_oks_iou", *sizes, device.cuda)
    poses = (None, None, None)
    inputs = (*poses, boxes, scores, counts, *sizes, 0)
    device.call("pt_nms_oks_iou", rows, count, working, *inputs, inf, threshold, edge, False)
    return rows, count


def generate_boxes(
    boxes: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    constants: BoxGeneration,
) -> tuple[Float32Array, Int32Array, Int32Array]:
    """Greedy box generation: OGN's alternative to suppressing a detector's boxes.

    A box counts if it is large and the detector is sure of it, or it overlaps a large box that the
    detector is sure of. Taken best score first, each box joins the first group all of whose members
    it overlaps, or starts a new group. The best few boxes of each group stay. The paper asks for
    groups in which every two boxes overlap; there are many ways to make such groups, and it does
    not say which to take.

    Args:
        boxes: (B, N, 4) float32 x1, y1, x2, y2: all boxes of the detector, not suppressed.
        scores: (B, N) float32; of equal scores the earlier row comes first, NaN comes last.
        counts: (B,) int32, how many rows of each image count; None: all.
        constants: thresholds and sizes.

    Returns:
        (B, N, 4) float32 boxes that stay, extended about their centres, best first, 0 behind the
        last; (B, N) int32 their rows, -1 behind the last; (B,) int32 how many stay.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
    Workshops 2019, section 3.1.1.
    """
    device = device_of(boxes, scores, counts)
    check("boxes", boxes, np.float32, (None, None, 4))
    check("scores", scores, np.float32, boxes.shape[:2])
    if counts is not None:
        check("counts", counts, np.int32, boxes.shape[:1])
    sizes = boxes.shape[:2]
    check_above("aspect", constants.aspect, 0)
    check_at_least("per_group", constants.per_group, 0)
    generated = device.empty(boxes.shape, np.float32)
    rows, count = device.empty(sizes, np.int32), device.empty(sizes[:1], np.int32)
    working = scratch(device, "pt_generate_boxes", *sizes, device.cuda)
    options = (
        constants.min_area,
        constants.reliable_score,
        constants.min_reliable_iou,
        constants.group_iou,
        constants.per_group,
        constants.aspect,
    )
    inputs = (boxes, scores, counts, *sizes, *options)
    device.call("pt_generate_boxes", generated, rows, count, working, *inputs)
    return generated, rows, count


def roi_align(
    maps: Sequence[Float32Array],
    strides: Sequence[int],
    rois: Float32Array,
    *,
    size: tuple[int, int],
    samples: int = 2,
    cell_origin: CellOrigin = "half-pixel",
) -> Float32Array:
    """Pool every RoI to a grid of `size` cells, each the mean of bilinear samples inside it.

    A sample outside its map takes the nearest cell's value; one that lies more than a cell
    outside, as happens to RoIs extended beyond the image, counts as 0 (Detectron's rule). Of
    several maps, each RoI reads the one whose stride suits its size: stride 16 suits 224 x 224.

    Args:
        maps: (B, C, h, w) heads, finest first; one map or several levels of a pyramid.
        strides: input pixels per cell of each map, each twice the one before.
        rois: (B, N, 4) float32 x1, y1, x2, y2 in input pixels; an empty one gives the value at its
            place, one with NaN gives zeros.
        size: (rows, columns) of the grid; need not be square.
        samples: samples per cell and axis.
        cell_origin: `half-pixel`: cell j lies at (j + 0.5) * stride - 0.5; `corner`: at j * stride.

    Returns:
        (B, N, C, rows, columns) float32.

    Raises:
        ValueError, TypeError: as for every kernel here; there is no map, or strides do not double.

    Sources: He et al., "Mask R-CNN", ICCV 2017 (RoIAlign); Lin et al., "Feature Pyramid Networks
    for Object Detection", CVPR 2017, equation 1 (levels).
    """
    if len(maps) != len(strides) or not maps:
        raise ValueError(f"maps need a stride each, got {len(maps)} maps, {len(strides)} strides")
    if any(2 * a != b for a, b in pairwise(strides)):
        raise ValueError(f"each stride must be twice the one before, got {tuple(strides)}")
    if cell_origin not in ("half-pixel", "corner"):
        raise ValueError(f"cell_origin must be 'half-pixel' or 'corner', got {cell_origin!r}")
    check_above("the first stride", strides[0], 0)
    check_at_least("size", size, 0)
    check_at_least("samples", samples, 1)
    device = device_of(*maps, rois)
    check("rois", rois, np.float32, (None, None, 4))
    batch, people = rois.shape[:2]
    channels = maps[0].shape[1] if len(maps[0].shape) == 4 else None
    shift = 0.5 if cell_origin == "half-pixel" else 0.0
    apart = [
        check_head_batch(f"maps[{i}]", m, (batch, channels, None, None), device)
        for i, m in enumerate(maps)
    ]
    pooled = device.empty((batch, people, maps[0].shape[1], *size), np.float32)
    limits = (0.0, *strides[1:], inf)
    for level, (one, stride) in enumerate(zip(maps, strides, strict=True)):
        working = scratch(device, "pt_roi_align", one.shape[3], *size, samples)
        inputs = (one, rois, head_dtype(one), apart[level], batch, people, *one.shape[1:])
        options = (*size, samples, stride, shift, limits[level], limits[level + 1])
        device.call("pt_roi_align", pooled, working, *inputs, *options)
    return pooled
