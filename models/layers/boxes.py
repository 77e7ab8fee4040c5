"""Boxes as tensors: overlap, deltas, clipping, a fixed ratio, greedy suppression.

A box is x1, y1, x2, y2 in input pixels; (0, 0) is the centre of the top-left pixel, so an image
of width W reaches from -0.5 to W - 0.5. A row of zeros is no box.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

# Factors of dx, dy, dw, dh that bring all four to unit size in training.
DeltaWeights: TypeAlias = tuple[float, float, float, float]

# A box grows to 1000 / 16 times its size at most: keeps exp from overflowing (Detectron).
MAX_LOG_GROWTH = math.log(1000 / 16)


def is_box(boxes: Tensor) -> Tensor:
    """(..., 4) -> (...) bool: which rows have an area."""
    return (boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1])


def box_area(boxes: Tensor) -> Tensor:
    """(..., 4) -> (...) px²."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def box_overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection and union of every box of `a` (N, 4) with every box of `b` (M, 4).

    Returns:
        Two (N, M) arrays, px²; their ratio is the IoU, undefined for two empty boxes.
    """
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = (high - low).clamp(min=0)
    shared = sides[..., 0] * sides[..., 1]
    return shared, box_area(a)[:, None] + box_area(b)[None] - shared


def box_deltas(boxes: Tensor, targets: Tensor, weights: DeltaWeights) -> Tensor:
    """What takes `boxes` to `targets`: the training target, undone by `apply_deltas`.

    Args:
        boxes: (..., 4), not empty.
        targets: (..., 4), not empty.
        weights: factors of the four deltas.

    Returns:
        (..., 4): dx, dy in sides of the box and log growths dw, dh, each times its weight.
    """
    center, size = _center_size(boxes)
    target_center, target_size = _center_size(targets)
    deltas = torch.cat(((target_center - center) / size, torch.log(target_size / size)), -1)
    return deltas * deltas.new_tensor(weights)


def apply_deltas(boxes: Tensor, deltas: Tensor, weights: DeltaWeights) -> Tensor:
    """Move and scale boxes as a network says.

    Args:
        boxes: (..., 4).
        deltas: (..., 4) as `box_deltas` gives.
        weights: factors that the deltas carry.

    Source: Girshick et al., "Rich Feature Hierarchies for Accurate Object Detection and Semantic
    Segmentation", CVPR 2014, appendix C.
    """
    center, size = _center_size(boxes)
    deltas = deltas / deltas.new_tensor(weights)
    center = center + deltas[..., :2] * size
    half = size * torch.exp(deltas[..., 2:].clamp(max=MAX_LOG_GROWTH)) / 2
    return torch.cat((center - half, center + half), -1)


def clip_boxes(boxes: Tensor, image_size: tuple[int, int]) -> Tensor:
    """(..., 4) boxes cut at the borders of an image of (H, W) pixels."""
    height, width = image_size
    x = boxes[..., 0::2].clamp(-0.5, width - 0.5)
    y = boxes[..., 1::2].clamp(-0.5, height - 0.5)
    return torch.stack((x[..., 0], y[..., 0], x[..., 1], y[..., 1]), -1)


def extend_to_ratio(boxes: Tensor, ratio: float) -> Tensor:
    """Lengthen one side of each box (..., 4) about its middle until height / width is `ratio`."""
    center, size = _center_size(boxes)
    width, height = size[..., :1], size[..., 1:]
    half = torch.cat(
        (torch.maximum(width, height / ratio), torch.maximum(height, width * ratio)), -1
    )
    return torch.cat((center - half / 2, center + half / 2), -1)


def greedy_nms(boxes: Tensor, valid: Tensor, max_iou: float) -> Tensor:
    """Non-maximum suppression: a box stays unless a better one that stays overlaps it too much.

    Args:
        boxes: (B, N, 4), best first in each row of the batch.
        valid: (B, N) bool; other rows neither stay nor suppress.
        max_iou: a box goes if its IoU with a better one that stays is above this.

    Returns:
        (B, N) bool: which boxes stay. Exported to ONNX as NonMaxSuppression.
    """
    count = boxes.shape[1]
    # NonMaxSuppression sorts by itself: a score that falls along the row repeats our order.
    rank = torch.arange(count, 0, -1, device=boxes.device, dtype=boxes.dtype) * valid
    kept: Tensor = _GreedyNms.apply(boxes.detach(), rank, max_iou)  # type: ignore[no-untyped-call]
    return kept


class _GreedyNms(torch.autograd.Function):
    """`_keep` in PyTorch, the operator NonMaxSuppression in ONNX."""

    @staticmethod
    def forward(ctx: Any, boxes: Tensor, rank: Tensor, max_iou: float) -> Tensor:
        """(B, N, 4), (B, N) -> (B, N) bool."""
        rows = zip(boxes.unbind(), (rank > 0).unbind(), strict=True)
        return torch.stack([_keep(row, valid, max_iou) for row, valid in rows])

    @staticmethod
    def symbolic(g: Any, boxes: Any, rank: Any, max_iou: float) -> Any:
        """The same as ONNX nodes: the kept (image, class, box) indices, scattered into a mask."""

        def constant(value: list[int] | list[float], dtype: torch.dtype) -> Any:
            return g.op("Constant", value_t=torch.tensor(value, dtype=dtype))

        scores = g.op("Unsqueeze", rank, constant([1], torch.int64))
        limits = (
            constant([torch.iinfo(torch.int32).max], torch.int64),
            constant([max_iou], torch.float32),
            constant([0.5], torch.float32),  # ranks count from 1, a row that is not valid has 0
        )
        kept = g.op("NonMaxSuppression", boxes, scores, *limits)
        index = g.op("Gather", kept, constant([0, 2], torch.int64), axis_i=1)
        rows = g.op("Gather", g.op("Shape", kept), constant([0], torch.int64))
        ones = g.op("Expand", constant([1.0], torch.float32), rows)
        zeros = g.op("Mul", rank, constant([0.0], torch.float32))
        mask = g.op("ScatterND", zeros, index, ones)
        return g.op("Greater", mask, constant([0.5], torch.float32))


def _keep(boxes: Tensor, valid: Tensor, max_iou: float) -> Tensor:
    """(N, 4), (N,) -> (N,) bool.

    Whether box n stays depends on better boxes alone. So applying the rule to all boxes at once
    settles at least one more box each time, and an answer that no longer changes is the greedy
    one. Real images need about ten rounds; a loop over boxes would need a thousand.
    """
    shared, union = box_overlap(boxes, boxes)
    beats = (shared > max_iou * union).triu(1) & valid[:, None]
    kept = valid
    while True:
        now = valid & ~(beats & kept[:, None]).any(0)
        if torch.equal(now, kept):
            return kept
        kept = now


def best_rows(scores: Tensor, count: int, *arrays: Tensor) -> tuple[Tensor, ...]:
    """The `count` highest-scoring rows of each image, filled up with rows of zeros.

    Args:
        scores: (B, N).
        count: rows to return, R.
        arrays: (B, N, C) each.

    Returns:
        (B, R) scores, -inf where there is no row, best first, and (B, R, C) of each array.
    """
    # Padded even where N is enough, so that an exported graph suits every N.
    best, index = F.pad(scores, (0, count), value=-math.inf).topk(count, 1)
    taken = (
        F.pad(array, (0, 0, 0, count)).gather(1, index[..., None].expand(-1, -1, array.shape[2]))
        for array in arrays
    )
    return best, *taken


def _center_size(boxes: Tensor) -> tuple[Tensor, Tensor]:
    low, high = boxes[..., :2], boxes[..., 2:]
    return (low + high) / 2, high - low
