"""Integral regression: maps or coordinates of one person's crop -> keypoints, flat or in space.

Source: Sun et al., "Integral Human Pose Regression", ECCV 2018, and
github.com/JimmySuen/integral-human-pose, MIT.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ... import kernels
from ...kernels.transfer import like
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array, HeadArray
from ..decoder_constants import decoder_constants
from ..heads import Heads
from ..padded_poses import PaddedPoses
from .crop import People
from .decoder import crop_size, poses_in_crops


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
        found, depth = people.poses(*self.keypoints(heads)), self.depth(heads)
        if depth is not None:
            found = replace(found, depth_mm=depth[None, :, 0])
        (poses,) = found.to_host()
        return poses[np.argsort(-poses.scores, kind="stable")]

    def crop_poses(self, heads: Heads) -> PaddedPoses:
        """See `TopDownDecoder`."""
        return replace(poses_in_crops(*self.keypoints(heads)), depth_mm=self.depth(heads))

    def keypoints(self, heads: Heads) -> tuple[Float32Array, Float32Array]:
        """(N, 1, K, 2) float32 input pixels and (N, 1, K) float32 scores of each crop."""
        if "keypoints" in heads:  # of a model in graph form
            return heads["keypoints"], heads["keypoint_scores"]
        if "heatmap" in heads:
            coordinates = read_heatmaps(heads["heatmap"], self.constants.method)
            values = keypoint_scores(heads["heatmap"], self.constants.method)
        else:  # the released code takes 1: a regression has no score
            coordinates = heads["coordinates"]
            values = coordinates[..., 0] * 0.0 + 1.0
        return to_patch(coordinates, self._size)[:, None], values[:, None]

    def depth(self, heads: Heads) -> Float32Array | None:
        """(N, 1, K) float32 millimetres from each person's pelvis; None in two dimensions."""
        if not self.constants.depth_mm:
            return None
        if "depth_mm" in heads:
            return heads["depth_mm"]
        z: Float32Array = heads["coordinates"][:, None, :, 2]
        return z * self.constants.depth_mm


def read_heatmaps(heatmaps: HeadArray, method: str) -> Float32Array:
    """Coordinates (N, K, 2) of (N, K, h, w) maps: their expectation, of h1 to h3 their maximum."""
    return hard_argmax(heatmaps) if method.startswith("h") else kernels.soft_argmax(heatmaps)[0]


def hard_argmax(heatmaps: HeadArray) -> Float32Array:
    """The highest cell of (B, K, h, w) maps as `soft_argmax` counts: (B, K, 2) float32 x, y.

    How the paper's methods H1 to H3 are read (equation 1). A map of NaN gives its first cell.
    """
    cells, _ = kernels.fuse_offsets(heatmaps, None, radius=0.0, smoothing=0.0)
    height, width = heatmaps.shape[2:]
    matrix = np.array([[[1 / width, 0.0, -0.5], [0.0, 1 / height, -0.5]]])
    places: Float32Array = kernels.transform_points(cells[None], like(cells, matrix))[0]
    return places


def to_patch(coordinates: Float32Array, size: tuple[int, int]) -> Float32Array:
    """Network coordinates -> input pixels, without the half-pixel shift: -0.5 is pixel 0.

    Args:
        coordinates: (N, K, 2 or more) float32; what follows x and y is left out.
        size: (h, w) of the input.

    Returns:
        (N, K, 2) float32 input pixels.
    """
    height, width = size
    places = coordinates
    if coordinates.shape[-1] > 2:
        places = coordinates[..., :2] * 1.0  # without gaps, as kernels want it
    matrix = np.array([[[width, 0.0, width / 2], [0.0, height, height / 2]]])
    patch: Float32Array = kernels.transform_points(places[None], like(places, matrix))[0]
    return patch


def keypoint_scores(heatmaps: HeadArray, method: str) -> Float32Array:
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
        return kernels.heatmap_argmax(heatmaps)[1]
    if method in ("h2", "i2", "i*"):
        return kernels.soft_argmax(heatmaps)[1]
    if method not in ("h3", "i3"):
        raise ValueError(
            f"method must be one with heatmaps: h1 to h3, i1 to i3, i*, got {method!r}"
        )
    highest = kernels.heatmap_argmax(heatmaps)[1]
    scores: Float32Array = kernels.sigmoid(highest[None, None])[0, 0]
    return scores
