"""Integral regression: maps or coordinates of one person's crop -> keypoints, flat or in space.

Source: Sun et al., "Integral Human Pose Regression", ECCV 2018, and
github.com/JimmySuen/integral-human-pose, MIT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...kernels import heatmap_argmax, soft_argmax
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array
from ..decoder_constants import decoder_constants
from ..heads import Heads
from .crop import People
from .decoder import crop_size


@dataclass(frozen=True, slots=True)
class IntegralDecoding:
    """What the network was trained for; the spec always says it."""

    method: str  # the paper's name: h1 to h3, i1 to i3, i*, r1
    depth_mm: float = 0.0  # that the volume spans around the pelvis; 0 in two dimensions


class IntegralDecoder:
    """Coordinates of the crop -> the image; nobody is suppressed.

    The released code looks at one person an image. So a pose's score is its box's times the mean
    of its keypoints', and detections of one person twice stay two. Where there are heatmaps, they
    are what a flip test has averaged and what is read, as heatmap methods do (section 6.1 of the
    paper, with reference to them); the released code, of networks in three dimensions, averages
    coordinates.

    Args:
        spec: the model's; its decoder options are fields of `IntegralDecoding`.

    Raises:
        ValueError: an unknown or missing option, or the spec does not say the size of the crops.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.constants = decoder_constants(IntegralDecoding, spec)
        self._size = crop_size(spec)

    def people(self, boxes: AnyArray, scores: AnyArray) -> People:
        """See `TopDownDecoder`."""
        return People.stretched(boxes, scores, self._size)

    def __call__(self, heads: Heads, people: People) -> Poses:
        """See `TopDownDecoder`.

        Args:
            heads: `heatmap` (N, K, h, w), or without heatmaps `coordinates` (N, K, 2), in space
                (N, K, 3).
            people: whose crops the network saw.
        """
        if "heatmap" in heads:
            coordinates = read_heatmaps(heads["heatmap"], self.constants.method)
            values = keypoint_scores(heads["heatmap"], self.constants.method)
        else:  # the released code takes 1: a regression has no score
            coordinates = heads["coordinates"]
            values = np.ones(coordinates.shape[:2], np.float32)
        places = people.to_image(to_patch(coordinates, self._size))
        depth = None
        if self.constants.depth_mm:
            depth = np.asarray(coordinates[..., 2] * self.constants.depth_mm, np.float32)
        scores = np.asarray(values.mean(axis=1) * people.scores, np.float32)
        poses = Poses(places, values, scores, people.boxes, depth_mm=depth)
        return poses[np.argsort(-scores, kind="stable")]


def read_heatmaps(heatmaps: AnyArray, method: str) -> Float32Array:
    """Coordinates (N, K, 2) of (N, K, h, w) maps: their expectation, of h1 to h3 their maximum."""
    if method.startswith("h"):
        return hard_argmax(heatmaps)
    coordinates: Float32Array = soft_argmax(np.ascontiguousarray(heatmaps, np.float32))[0]
    return coordinates


def hard_argmax(heatmaps: AnyArray) -> Float32Array:
    """The highest cell of (B, K, h, w) maps as `soft_argmax` counts: (B, K, 2) float32 x, y.

    How the paper's methods H1 to H3 are read (equation 1). A map of NaN gives its first cell.
    """
    height, width = heatmaps.shape[2:]
    cells, _ = heatmap_argmax(np.ascontiguousarray(heatmaps, np.float32))
    y, x = np.divmod(np.maximum(cells, 0), width)
    return (np.stack((x / width, y / height), axis=2) - 0.5).astype(np.float32)


def to_patch(coordinates: AnyArray, size: tuple[int, int]) -> Float32Array:
    """Network coordinates -> input pixels, without the half-pixel shift: -0.5 is pixel 0.

    Args:
        coordinates: (N, K, 2 or more); what follows x and y is left out.
        size: (h, w) of the input.

    Returns:
        (N, K, 2) float32 input pixels.
    """
    sides = np.array(size[::-1], np.float64)
    return np.asarray((coordinates[..., :2] + 0.5) * sides, np.float32)


def keypoint_scores(heatmaps: AnyArray, method: str) -> Float32Array:
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
    maps = np.ascontiguousarray(heatmaps, np.float32)
    if method in ("h1", "i1"):
        return heatmap_argmax(maps)[1]
    if method in ("h2", "i2", "i*"):
        return soft_argmax(maps)[1]
    if method not in ("h3", "i3"):
        raise ValueError(
            f"method must be one with heatmaps: h1 to h3, i1 to i3, i*, got {method!r}"
        )
    with np.errstate(over="ignore"):  # a very low logit: 1 / inf is 0
        scores = 1 / (1 + np.exp(-heatmap_argmax(maps)[1]))
    return np.asarray(scores, np.float32)
