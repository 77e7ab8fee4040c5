"""SimpleBaseline: heatmaps of one person's crop -> keypoints in the image, scores, suppression.

Source: github.com/microsoft/human-pose-estimation.pytorch, MIT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import kernels
from ...structures import Poses, Skeleton
from ...structures.arrays import AnyArray, Float32Array
from .crop import People


@dataclass(frozen=True, slots=True)
class SimpleBaselineDecoding:
    """Constants of the published decoding."""

    quarter: float = 0.25  # cells by which a peak moves towards its higher neighbour
    found_score: float = 0.2  # keypoints at or below do not count in the pose's score
    oks_threshold: float = 0.9  # of suppression


PUBLISHED = SimpleBaselineDecoding()


def merge_flipped(heatmaps: AnyArray, flipped: AnyArray, flip_order: AnyArray) -> Float32Array:
    """Flip test: the mean of the heatmaps and those of the flipped crops.

    The flipped maps, turned back, lie about one cell to the left and are moved to the right by
    one; their first column stays where it is.

    Args:
        heatmaps: (B, K, h, w) float32.
        flipped: (B, K, h, w) float32, as the network gave them for the flipped crops.
        flip_order: (K,), of the skeleton.

    Returns:
        (B, K, h, w) float32.
    """
    order = np.asarray(flip_order, np.int32)
    straight, turned = (np.ascontiguousarray(maps, np.float32) for maps in (heatmaps, flipped))
    return kernels.merge_flipped(straight, turned, order, shift=1)


def keypoints_in_image(
    heatmaps: Float32Array,
    people: People,
    stride: int = 4,
    constants: SimpleBaselineDecoding = PUBLISHED,
) -> tuple[Float32Array, Float32Array]:
    """Keypoints of every person.

    Args:
        heatmaps: (N, K, h, w), one row per person, averaged with the flipped ones if asked.
        people: whose crops the network saw.
        stride: input pixels per cell; cell j lies at j * stride.
        constants: of the decoding.

    Returns:
        (N, K, 2) float32 image pixels; (N, K) float32 heatmap values, not clamped.
    """
    places, values = kernels.quarter_offset_argmax(heatmaps, quarter=constants.quarter)
    return people.to_image(places * np.float32(stride)), values


def pose_scores(
    keypoint_scores: AnyArray,
    box_scores: AnyArray,
    constants: SimpleBaselineDecoding = PUBLISHED,
) -> Float32Array:
    """Mean of the keypoint scores that speak of a keypoint, times the box's score.

    Args:
        keypoint_scores: (N, K).
        box_scores: (N,).
        constants: of the decoding.

    Returns:
        (N,) float32; 0 where no keypoint score is above the threshold.
    """
    found = keypoint_scores > constants.found_score
    total = np.where(found, keypoint_scores, 0).sum(axis=1)
    return np.asarray(total / np.maximum(found.sum(axis=1), 1) * box_scores, np.float32)


def decode_people(
    heatmaps: Float32Array,
    people: People,
    skeleton: Skeleton,
    stride: int = 4,
    constants: SimpleBaselineDecoding = PUBLISHED,
) -> Poses:
    """Poses of the people of one image: keypoints, scores, suppression.

    Args:
        heatmaps: (N, K, h, w), one row per person.
        people: whose crops the network saw.
        skeleton: says the sigmas.
        stride: input pixels per cell.
        constants: of the decoding.

    Returns:
        Poses in image pixels, best score first, with the detector's boxes.
    """
    keypoints, values = keypoints_in_image(heatmaps, people, stride, constants)
    scores = pose_scores(values, people.scores, constants)
    areas, sigmas = people.areas[None], skeleton.sigma_array
    kept, count = kernels.nms_oks_iou(
        keypoints[None], areas, sigmas, scores[None], oks_threshold=constants.oks_threshold
    )
    rows = kept[0, : count[0]]
    return Poses(keypoints[rows], values[rows], scores[rows], people.boxes[rows])
