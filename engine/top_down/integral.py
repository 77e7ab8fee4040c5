"""Integral regression: maps or coordinates of one person's crop -> keypoints, flat or in space.

Source: Sun et al., "Integral Human Pose Regression", ECCV 2018, and
github.com/JimmySuen/integral-human-pose, MIT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...kernels import heatmap_argmax, soft_argmax
from ...structures.arrays import AnyArray, Float32Array
from .crop import Crop


@dataclass(frozen=True, slots=True)
class SpatialPoses:
    """People with the depth of their keypoints, one row per person.

    Attributes:
        keypoints: (N, K, 2) float32 x, y in image pixels.
        depth_mm: (N, K) float32, how much further away than the pelvis, millimetres.
        keypoint_scores: (N, K) float32; 1 as published: the network says nothing of certainty.
    """

    keypoints: Float32Array
    depth_mm: Float32Array
    keypoint_scores: Float32Array


def hard_argmax(heatmaps: Float32Array) -> Float32Array:
    """The highest cell of (B, K, h, w) maps as `soft_argmax` counts: (B, K, 2) float32 x, y.

    How the paper's methods H1 to H3 are read (equation 1). A map of NaN gives its first cell.
    """
    height, width = heatmaps.shape[2:]
    y, x = np.divmod(np.maximum(heatmap_argmax(heatmaps)[0], 0), width)
    return (np.stack((x / width, y / height), axis=2) - 0.5).astype(np.float32)


def to_patch(coordinates: AnyArray, size: tuple[int, int]) -> Float32Array:
    """Network coordinates -> input pixels; the first pixel is -0.5 there, half pixels unminded.

    Args:
        coordinates: (N, K, 2 or more); what follows x and y is left out.
        size: (h, w) of the input.

    Returns:
        (N, K, 2) float32 input pixels.
    """
    sides = np.array(size[::-1], np.float64)
    return np.asarray((coordinates[..., :2] + 0.5) * sides, np.float32)


def merge_flipped(
    coordinates: AnyArray, flipped: AnyArray, width: int, flip_order: AnyArray
) -> Float32Array:
    """Flip test: the mean of the coordinates and those of the flipped crops, not of the maps.

    Args:
        coordinates: (N, K, 2 or 3), as the network or `soft_argmax` gives them.
        flipped: (N, K, 2 or 3) of the flipped crops.
        width: w of the input, pixels: pixel x is w - 1 - x in the flip.
        flip_order: (K,), of the skeleton.

    Returns:
        (N, K, 2 or 3) float32; depth is the same in the flip.
    """
    turned = np.array(flipped[:, flip_order], np.float64)
    turned[..., 0] = -1 / width - turned[..., 0]
    return np.asarray((coordinates + turned) / 2, np.float32)


def keypoints_in_image(coordinates: AnyArray, crops: Sequence[Crop]) -> Float32Array:
    """Keypoints of every person.

    Args:
        coordinates: (N, K, 2 or 3), one row per person.
        crops: of the people.

    Returns:
        (N, K, 2) float32 image pixels.
    """
    rows = [
        crop.to_image(to_patch(row, crop.size))
        for crop, row in zip(crops, coordinates, strict=True)
    ]
    return np.array(rows, np.float32).reshape(*coordinates.shape[:2], 2)


def spatial_poses(coordinates: AnyArray, crops: Sequence[Crop], depth_mm: float) -> SpatialPoses:
    """Keypoints of every person with their depth.

    Args:
        coordinates: (N, K, 3), one row per person.
        crops: of the people, by `Crop.stretched`.
        depth_mm: what the volume spans from front to back, with the pelvis in the middle; the
            model's spec says it.

    Returns:
        One row per person, in the order of the crops.
    """
    depth = np.asarray(coordinates[..., 2] * depth_mm, np.float32)
    keypoints = keypoints_in_image(coordinates, crops)
    return SpatialPoses(keypoints, depth, np.ones_like(depth))


def keypoint_scores(heatmaps: Float32Array, method: str) -> Float32Array:
    """How sure the heatmaps of the flat networks are: their highest value as a probability.

    The paper takes the heatmaps into account when it scores a pose and leaves open how.

    Args:
        heatmaps: (N, K, h, w) as the network gives them.
        method: the paper's name, of which the number says what the heatmaps were trained for:
            h1, i1 Gaussians of height 1; h2, i2, i* a softmax over the cells; h3, i3 a sigmoid.

    Returns:
        (N, K) float32, not clamped.

    Raises:
        ValueError: the method has no heatmaps.
    """
    if method in ("h1", "i1"):
        return heatmap_argmax(heatmaps)[1]
    if method in ("h2", "i2", "i*"):
        return soft_argmax(heatmaps)[1]
    if method not in ("h3", "i3"):
        raise ValueError(
            f"method must be one with heatmaps: h1 to h3, i1 to i3, i*, got {method!r}"
        )
    with np.errstate(over="ignore"):  # a very low logit: 1 / inf is 0
        scores = 1 / (1 + np.exp(-heatmap_argmax(heatmaps)[1]))
    return np.asarray(scores, np.float32)
