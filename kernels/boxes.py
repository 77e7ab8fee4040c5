"""Boxes: their overlap, which of them stay, and pooling of the maps inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf

import numpy as np
import numpy.typing as npt

from ..structures.arrays import Float32Array, Float64Array, HeadArray, Int32Array
from ..structures.model_spec import CellOrigin
from .call import run

__all__ = ["box_overlap", "generate_boxes", "nms_boxes", "roi_align"]


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


def box_overlap(
    boxes: Float32Array,
    others: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
    *,
    edge: float = 0.0,
) -> Float64Array:
    """Intersection over union of every pair of boxes.

    Args:
        boxes: (B, N, 4) float32 x1, y1, x2, y2.
        others: (B, M, 4) float32.
        counts: (B,) int32, how many rows of each image count; None: all.
        other_counts: (B,) int32, likewise of others.
        edge: by how much a side is longer than x2 - x1: 1 for boxes given by their first and last
            pixel.

    Returns:
        (B, N, M) float64 in [0, 1]; 0 where both boxes are empty, or a coordinate is NaN, and
        behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    arrays = {"boxes": boxes, "others": others, "counts": counts, "other_counts": other_counts}
    overlap: Float64Array = run("pt_box_overlap", **arrays, edge=edge)
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
    arrays = {"boxes": boxes, "scores": scores, "counts": counts}
    limits = {"oks_threshold": inf, "iou_threshold": threshold, "edge": edge, "both": False}
    kept: tuple[Int32Array, Int32Array] = run("pt_nms_oks_iou", **arrays, K=0, **limits)
    return kept


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
    arrays = {"boxes": boxes, "scores": scores, "counts": counts}
    generated: tuple[Float32Array, Int32Array, Int32Array] = run(
        "pt_generate_boxes", **arrays, **asdict(constants)
    )
    return generated


def roi_align(  # noqa: PLR0913 - what is pooled, where and how
    maps: Sequence[HeadArray],
    strides: Sequence[int],
    rois: Float32Array,
    counts: Int32Array | None = None,
    *,
    size: tuple[int, int],
    samples: int = 2,
    cell_origin: CellOrigin = "half-pixel",
    dtype: npt.DTypeLike = np.float32,
) -> HeadArray:
    """Pool every RoI to a grid of `size` cells, each the mean of bilinear samples inside it.

    A sample outside its map takes the nearest cell's value; one that lies more than a cell
    outside, as happens to RoIs extended beyond the image, counts as 0 (Detectron's rule). Of
    several maps, each RoI reads the one whose stride suits its size: stride 16 suits 224 x 224.

    Args:
        maps: (B, C, h, w) heads, finest first; one map or several levels of a pyramid. Each may be
            some channels of a larger array.
        strides: input pixels per cell of each map, each twice the one before.
        rois: (B, N, 4) float32 x1, y1, x2, y2 in input pixels; an empty one gives the value at its
            place, one with NaN gives zeros.
        counts: (B,) int32, how many RoIs of each image count; None: all.
        size: (rows, columns) of the grid; need not be square.
        samples: samples per cell and axis.
        cell_origin: `half-pixel`: cell j lies at (j + 0.5) * stride - 0.5; `corner`: at j * stride.
        dtype: of the result, NumPy's float32 or float16.

    Returns:
        (B, N, C, rows, columns) of `dtype`, 0 behind a count.

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
    rows, columns = size
    shift = 0.5 if cell_origin == "half-pixel" else 0.0
    grid = {"rows": rows, "columns": columns, "samples": samples, "shift": shift}
    pooled: HeadArray | None = None
    for one, stride, limit in zip(maps, strides, (*strides[1:], inf), strict=True):
        pooled = run(
            "pt_roi_align",
            pooled=pooled,
            map=one,
            rois=rois,
            counts=counts,
            pooled_dtype=dtype,
            stride=stride,
            from_stride=0.0 if pooled is None else stride,
            to_stride=limit,
            **grid,
        )
    assert pooled is not None  # there is a map
    return pooled
