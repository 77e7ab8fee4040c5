"""Greedy box generation: OGN's alternative to suppressing a detector's boxes.

Redundant boxes are kept on purpose; the poses found in them are suppressed afterwards.

Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
Workshops 2019, section 3.1.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..structures.arrays import AnyArray, BoolArray, Float32Array, Int64Array
from .crop import extend_boxes
from .person_nms import box_overlap

# All boxes are extended to this width over height before they are cut out.
BOX_ASPECT = 3 / 4


@dataclass(frozen=True, slots=True)
class BoxGeneration:
    """Constants of the strategy; the paper's, but for `min_area`, which it leaves open."""

    # px²: smaller people are left out. COCO's keypoint evaluation ignores those below 32 x 32.
    min_area: float = 32.0**2
    reliable_score: float = 0.8  # boxes above are taken for true ("equivalent ground truth")
    min_reliable_iou: float = 0.5  # others need this overlap with one of them
    group_iou: float = 0.7  # that every two boxes of a group have
    per_group: int = 4  # N: the best boxes of a group that stay


def generate_boxes(
    boxes: AnyArray, scores: AnyArray, constants: BoxGeneration | None = None
) -> tuple[Float32Array, Float32Array]:
    """The boxes in which to look for poses, extended to 3:4.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in image pixels, all that the detector gives, unsuppressed.
        scores: (N,) of the boxes.
        constants: None takes the paper's.

    Returns:
        (M, 4) float32 boxes and (M,) float32 scores, best first.
    """
    rows = chosen_boxes(boxes, scores, constants)
    return extend_boxes(boxes[rows], BOX_ASPECT), np.asarray(scores[rows], np.float32)


def chosen_boxes(
    boxes: AnyArray, scores: AnyArray, constants: BoxGeneration | None = None
) -> Int64Array:
    """Rows of the boxes that stay, best score first; arguments as of `generate_boxes`."""
    constants = constants or BoxGeneration()
    sides = np.asarray(boxes, np.float64)[:, 2:] - np.asarray(boxes, np.float64)[:, :2]
    large = (sides > 0).all(axis=1) & (sides.prod(axis=1) >= constants.min_area)
    order = np.argsort(-np.asarray(scores), kind="stable")
    order = order[large[order]]
    overlap = box_overlap(boxes[order], boxes[order])
    reliable = np.asarray(scores)[order] > constants.reliable_score
    near = reliable | (overlap[:, reliable] >= constants.min_reliable_iou).any(axis=1)
    order, overlap = order[near], overlap[near][:, near]
    groups = greedy_groups(overlap >= constants.group_iou)
    return np.asarray(order[_rank_within(groups) < constants.per_group], np.int64)


def greedy_groups(alike: BoolArray) -> Int64Array:
    """Groups whose members are all alike.

    The paper asks for groups in which every two boxes overlap, and not for which of the many such
    divisions. Here each row in turn, best first, joins the first group that it fits, or starts one.

    Args:
        alike: (N, N), symmetric, true on the diagonal; best row first.

    Returns:
        (N,) int64 group of each row, counted from 0.
    """
    groups = np.zeros(len(alike), np.int64)
    # row g: who is like every member of group g
    fits = np.zeros((0, len(alike)), np.bool_)
    for row in range(len(alike)):
        open_groups = np.flatnonzero(fits[:, row])
        if len(open_groups):
            groups[row] = open_groups[0]
            fits[open_groups[0]] &= alike[row]
        else:
            groups[row] = len(fits)
            fits = np.concatenate((fits, alike[row : row + 1]))
    return groups


def _rank_within(groups: Int64Array) -> Int64Array:
    """(N,): how many earlier rows are of the same group."""
    ranks = np.zeros(len(groups), np.int64)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        ranks[members] = np.arange(len(members))
    return ranks
