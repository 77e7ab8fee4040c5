"""What the engine asks of a top-down family."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol, TypeAlias

from ... import kernels
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array
from ..heads import Heads
from ..padded_poses import PaddedPoses
from .crop import People


class TopDownDecoder(Protocol):
    """One family's way from detected boxes to crops, and from the heads of crops to poses."""

    def people(self, boxes: AnyArray, scores: AnyArray) -> People:
        """The crops to run the network on.

        Args:
            boxes: (N, 4) x1, y1, x2, y2 in image pixels.
            scores: (N,) of the boxes.

        Raises:
            ValueError: the boxes or scores have another shape.
        """
        ...

    def crop_poses(self, heads: Heads) -> PaddedPoses:
        """The pose in each crop, in pixels of the crop: one row (N, 1, ...), where the heads lie.

        Scores are those of people whose boxes score 1; boxes lie around all keypoints.

        Args:
            heads: (N, ...) activated, one row per crop.
        """
        ...

    def __call__(self, heads: Heads, people: People) -> Poses:
        """Poses of the people of one image, in its pixels, best score first.

        Args:
            heads: (N, ...) activated, one row per person.
            people: whose crops the network saw.
        """
        ...


TopDownMaker: TypeAlias = Callable[[ModelSpec], TopDownDecoder]


def poses_in_crops(
    keypoints: Float32Array, values: Float32Array, found: float = -inf
) -> PaddedPoses:
    """What `crop_poses` returns.

    Args:
        keypoints: (N, 1, K, 2) float32 input pixels.
        values: (N, 1, K) float32.
        found: keypoints with a value above count in the pose's score.
    """
    scores = kernels.pose_scores(values, found=found)
    return PaddedPoses(keypoints, values, scores, None, None).bounded()


def crop_size(spec: ModelSpec) -> tuple[int, int]:
    """(h, w) of the crops that a model takes, pixels.

    Raises:
        ValueError: the spec does not say it.
    """
    if spec.sizing.crop is None:
        raise ValueError(f"{spec.name} must say the size of its crops: sizing.crop is missing")
    return spec.sizing.crop
