"""Several input sizes: each person is taken from the size that shows it best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ... import kernels
from ...structures import ImageTransform, ModelSpec, Poses, Session
from ...structures.arrays import BoolArray, Float32Array
from ..heads import View
from .movenet import MoveNetDecoder

# A pose with fewer found keypoints is compared by all of them.
_MIN_FOUND = 3


@dataclass(frozen=True, slots=True)
class PyramidLevel:
    """What one input size contributes.

    Attributes:
        smallest: persons below this size are left to a larger input, in pixels of this input.
        largest: persons of this size and above are left to a smaller input, likewise.
    """

    smallest: float
    largest: float

    def keeps(self, boxes: Float32Array) -> BoolArray:
        """(N, 4) boxes in input pixels -> (N,): those in range, by sqrt(width * height)."""
        sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
        size = np.sqrt(sides[:, 0] * sides[:, 1])
        return np.asarray((size >= self.smallest) & (size < self.largest), np.bool_)


def pyramid_levels(sizes: Sequence[int], scales: Sequence[float]) -> list[PyramidLevel]:
    """Ranges of person sizes for each input of an image, without gap or overlap.

    Between two sizes the boundary lies where a person measures `112 + size / 8` pixels of the
    larger input: measured with MoveNet MultiPose on COCO as 44 cells of stride 4 for 512 pixels
    and 40 for 384.

    Args:
        sizes: short sides of the inputs, ascending.
        scales: input pixels per image pixel at each; as both sides of an input are rounded, they
            do not grow exactly as the sizes do.
    """
    boundaries = [np.inf]  # in image pixels, falling: inputs rounded to one size share theirs
    for size, scale in zip(sizes[1:], scales[1:], strict=True):
        boundaries.append(min(boundaries[-1], (112 + size / 8) / scale))
    boundaries.append(0.0)
    return [
        PyramidLevel(smallest=boundaries[i + 1] * scale, largest=boundaries[i] * scale)
        for i, scale in enumerate(scales)
    ]


class MoveNetMultiSizeDecoder:
    """MoveNet at one or more input sizes: decodes each, joins them, keeps each person once.

    Args:
        spec: the model's; see `MoveNetDecoding` for its decoder options.
        companions: none are needed.

    Raises:
        ValueError: an unknown option or rule.
    """

    def __init__(self, spec: ModelSpec, companions: Mapping[str, Session]) -> None:
        self._decode = MoveNetDecoder(spec)
        self._sigmas = spec.skeleton.sigma_array

    def __call__(self, views: Sequence[View]) -> Poses:
        """Poses in image pixels, best score first, from heads at ascending input sizes."""
        sizes = [min(view.transform.input_size) for view in views]
        levels = pyramid_levels(sizes, [view.transform.scale for view in views])
        parts = []
        for view, level in zip(views, levels, strict=True):
            poses = self._decode(view.heads)[0]
            parts.append(_to_image(poses[level.keeps(poses.boxes)], view.transform))
        return self._merge(parts)

    def _merge(self, parts: list[Poses]) -> Poses:
        """One list, best first, each person once."""
        poses = parts[0] if len(parts) == 1 else Poses.concatenate(parts)
        if len(parts) > 1:
            poses = poses[np.argsort(-poses.scores, kind="stable")]
        constants = self._decode.constants
        sides = poses.boxes[:, 2:] - poses.boxes[:, :2]
        areas = sides[:, 0] * sides[:, 1] * np.float32(constants.nms_area)
        found = poses.keypoint_scores > constants.found_score
        counts = found | (found.sum(axis=1, keepdims=True) < _MIN_FOUND)
        scores = np.where(counts, poses.keypoint_scores, np.float32(0))
        arrays = (poses.keypoints, scores, areas, self._sigmas)
        rows, count = kernels.nms_oks_visible(*arrays, threshold=constants.nms_oks)
        return poses[rows[:count]]


def _to_image(poses: Poses, transform: ImageTransform) -> Poses:
    corners = poses.boxes.reshape(-1, 2, 2)
    return replace(
        poses,
        keypoints=transform.to_image(poses.keypoints),
        boxes=transform.to_image(corners).reshape(-1, 4),
    )
