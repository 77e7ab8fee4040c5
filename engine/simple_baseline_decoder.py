"""SimpleBaseline: heatmaps of one person's crop -> keypoints in the image, scores, suppression.

Source: github.com/microsoft/human-pose-estimation.pytorch, MIT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..structures import Poses, Skeleton
from ..structures.arrays import AnyArray, Float32Array
from .crop import People
from .person_nms import oks_nms


@dataclass(frozen=True, slots=True)
class SimpleBaselineDecoding:
    """Constants of the published decoding."""

    quarter: float = 0.25  # cells by which a peak moves towards its higher neighbour
    found_score: float = 0.2  # keypoints at or below do not count in the pose's score
    oks_threshold: float = 0.9  # of suppression


PUBLISHED = SimpleBaselineDecoding()


def merge_mirrored(heatmaps: AnyArray, mirrored: AnyArray, mirror_order: AnyArray) -> Float32Array:
    """Flip test: the mean of the heatmaps and those of the mirrored crops.

    The mirrored maps, turned back, lie about one cell to the left and are moved to the right by
    one; their first column stays where it is.

    Args:
        heatmaps: (B, K, h, w).
        mirrored: (B, K, h, w), as the network gave them for the mirrored crops.
        mirror_order: (K,), of the skeleton.

    Returns:
        (B, K, h, w) float32.
    """
    return np.asarray((heatmaps + turn_back(mirrored, mirror_order)) * np.float32(0.5), np.float32)


def turn_back(mirrored: AnyArray, mirror_order: AnyArray) -> Float32Array:
    """(B, K, h, w) heatmaps of mirrored crops -> those of the crops, moved right by one cell."""
    turned = np.array(mirrored[:, mirror_order, :, ::-1], np.float32)
    turned[..., 1:] = turned[..., :-1].copy()
    return turned


def heatmap_peaks(heatmaps: AnyArray) -> tuple[Float32Array, Float32Array]:
    """The highest cell of each map, the first of equal ones.

    Args:
        heatmaps: (B, K, h, w).

    Returns:
        (B, K, 2) float32 x, y in cells, 0 where nothing is above 0; (B, K) float32 values.
    """
    flat = heatmaps.reshape(*heatmaps.shape[:2], heatmaps.shape[2] * heatmaps.shape[3])
    cells = flat.argmax(axis=2)
    values = np.take_along_axis(flat, cells[..., None], axis=2)[..., 0]
    y, x = np.divmod(cells, heatmaps.shape[3])
    places = np.stack((x, y), axis=2) * (values > 0)[..., None]
    return places.astype(np.float32), values.astype(np.float32)


def refined_peaks(
    heatmaps: AnyArray, constants: SimpleBaselineDecoding = PUBLISHED
) -> tuple[Float32Array, Float32Array]:
    """The highest cell of each map, moved a quarter of a cell towards its higher neighbours.

    As published, peaks stay where they are on the first *two* and the last rows and columns.

    Args:
        heatmaps: (B, K, h, w).
        constants: of the decoding.

    Returns:
        (B, K, 2) float32 x, y in cells; (B, K) float32 values at the peaks.
    """
    places, values = heatmap_peaks(heatmaps)
    height, width = heatmaps.shape[2:]
    x, y = places.astype(np.int64).transpose(2, 0, 1)
    inner = (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1)
    b, k = np.nonzero(inner)
    x, y = x[inner], y[inner]
    across = heatmaps[b, k, y, x + 1] - heatmaps[b, k, y, x - 1]
    down = heatmaps[b, k, y + 1, x] - heatmaps[b, k, y - 1, x]
    places[inner] += np.sign(np.stack((across, down), axis=1)) * np.float32(constants.quarter)
    return places, values


def keypoints_in_image(
    heatmaps: AnyArray,
    people: People,
    stride: int = 4,
    constants: SimpleBaselineDecoding = PUBLISHED,
) -> tuple[Float32Array, Float32Array]:
    """Keypoints of every person.

    Args:
        heatmaps: (N, K, h, w), one row per person, averaged with the mirrored ones if asked.
        people: whose crops the network saw.
        stride: input pixels per cell; cell j lies at j * stride.
        constants: of the decoding.

    Returns:
        (N, K, 2) float32 image pixels; (N, K) float32 heatmap values, not clamped.
    """
    places, values = refined_peaks(heatmaps, constants)
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
    heatmaps: AnyArray,
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
    threshold = constants.oks_threshold
    rows = oks_nms(keypoints, scores, people.areas, skeleton.sigma_array, threshold=threshold)
    return Poses(keypoints[rows], values[rows], scores[rows], people.boxes[rows])
