"""OGN: the heatmap's best cell, moved by the offset found there; then scores and suppression.

Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
Workshops 2019, sections 3.1.3 and 4.1. The paper was published without code; what it leaves open
is decided in `OgnDecoding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...kernels import fuse_offsets, nms_oks_iou
from ...structures import Poses, Skeleton
from ...structures.arrays import AnyArray, Float32Array, Int32Array
from .crop import People


@dataclass(frozen=True, slots=True)
class OgnDecoding:
    """Constants of the decoding.

    Attributes:
        radius: R, the unit of the offsets, in cells; the model's spec says it.
        stride: input pixels per cell; cell j lies at (j + 0.5) * stride - 0.5.
        smoothing: standard deviation of the Gaussian filter, cells; 0 for none. The paper gives no
            number. Labels are disks of about 2 to 3 cells, whose middle 1 cell already makes the
            highest; a wider filter would blur the neighbour's keypoint in, and the exact place
            comes from the offset anyway.
        iou_threshold, oks_threshold: of suppression, the paper's.
        suppress: the paper names two thresholds and not whether a pose must pass both. `either`
            drops a pose that is like a kept one by box or by pose, as two usual suppressions one
            after the other would; `both` drops it only if it is like one by box and by pose.
    """

    radius: float
    stride: int = 8
    smoothing: float = 1.0
    iou_threshold: float = 0.6
    oks_threshold: float = 0.75
    suppress: Literal["either", "both"] = "either"

    def __post_init__(self) -> None:
        if self.suppress not in ("either", "both"):
            raise ValueError(f"suppress must be 'either' or 'both', got {self.suppress!r}")


def cells_to_boxes(cells: AnyArray, boxes: AnyArray, map_size: tuple[int, int]) -> Float32Array:
    """Places on maps that were pooled from boxes -> places in the boxes' own coordinates.

    Args:
        cells: (N, K, 2) x, y; the middle of cell 0 is 0.
        boxes: (N, 4) x1, y1, x2, y2 that the maps cover from edge to edge.
        map_size: (h, w).

    Returns:
        (N, K, 2) float32.
    """
    size = np.array(map_size[::-1], np.float64)
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    return np.asarray(low + (cells + 0.5) / size * (high - low), np.float32)


def decode_people(
    heatmaps: Float32Array,
    offsets: Float32Array,
    people: People,
    skeleton: Skeleton,
    constants: OgnDecoding,
) -> Poses:
    """Poses of the people of one image: fusion, scores, suppression.

    Args:
        heatmaps: (N, K, h, w), one row per person.
        offsets: (N, 2K, h, w) in units of R.
        people: whose crops the network saw.
        skeleton: says the sigmas.
        constants: of the decoding.

    Returns:
        Poses in image pixels, best score first, with the detector's boxes.
    """
    cells, values = fuse_offsets(heatmaps, offsets, constants.radius, constants.smoothing)
    stride = constants.stride
    keypoints = people.to_image((cells + 0.5) * stride - 0.5)
    return suppressed_poses(keypoints, values, people, skeleton, constants)


def suppressed_poses(
    keypoints: Float32Array,
    keypoint_scores: Float32Array,
    people: People,
    skeleton: Skeleton,
    constants: OgnDecoding,
) -> Poses:
    """The best of alike poses; a pose's score is its box's times the mean of its keypoints'.

    Args:
        keypoints: (N, K, 2) image pixels.
        keypoint_scores: (N, K).
        people: their boxes.
        skeleton: says the sigmas.
        constants: of the decoding.

    Returns:
        Poses in image pixels, best score first.
    """
    scores = np.asarray(keypoint_scores.mean(axis=1) * people.scores, np.float32)
    rows = pose_and_box_nms(keypoints, scores, people, skeleton, constants)
    return Poses(keypoints[rows], keypoint_scores[rows], scores[rows], people.boxes[rows])


def pose_and_box_nms(
    keypoints: AnyArray,
    scores: AnyArray,
    people: People,
    skeleton: Skeleton,
    constants: OgnDecoding,
) -> Int32Array:
    """Rows that are not too similar to a better one by the overlap of boxes and by OKS.

    Args:
        keypoints: (N, K, 2) image pixels.
        scores: (N,) of the poses.
        people: their boxes and areas.
        skeleton: says the sigmas.
        constants: thresholds, and how they are joined.

    Returns:
        (M,) int32 rows, best score first.
    """
    kept, count = nms_oks_iou(
        np.ascontiguousarray(keypoints, np.float32)[None],
        people.areas[None],
        skeleton.sigma_array,
        np.ascontiguousarray(scores, np.float32)[None],
        np.ascontiguousarray(people.boxes)[None],
        oks_threshold=constants.oks_threshold,
        iou_threshold=constants.iou_threshold,
        suppress=constants.suppress,
    )
    return kept[0, : count[0]]
