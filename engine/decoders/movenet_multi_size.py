"""Several input sizes: each person is taken from the size that shows it best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ... import kernels
from ...kernels.transfer import Constant
from ...structures import ModelSpec, Session
from ...structures.arrays import AnyArray, BoolArray
from ..heads import View
from ..padded_poses import PaddedPoses
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

    def keeps(self, boxes: AnyArray) -> BoolArray:
        """(..., 4) boxes in input pixels -> (...): those in range, by sqrt(width * height)."""
        sides = (boxes[..., 2:] - boxes[..., :2]).clip(0)
        size = (sides[..., 0] * sides[..., 1]) ** 0.5
        inside: BoolArray = (size >= self.smallest) & (size < self.largest)
        return inside


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
        self._sigmas = Constant(spec.skeleton.sigma_array)

    def __call__(self, views: Sequence[View]) -> PaddedPoses:
        """Poses in image pixels, best score first, from heads at ascending input sizes."""
        stride = self._decode.stride
        sizes = [min(view.transform.input_size) for view in views]
        levels = pyramid_levels(sizes, [view.transform.scale for view in views])
        parts, kept = [], []
        for view, level in zip(views, levels, strict=True):
            poses = self._decode(view.heads)
            assert poses.boxes is not None  # of a MoveNet
            kept.append(level.keeps(poses.boxes * float(stride)))
            parts.append(poses.moved(view.transform.matrix_to_image(stride)))
        poses = PaddedPoses.concatenate(parts, kept, ranked=True)
        return self._without_repetitions(poses)

    def _without_repetitions(self, poses: PaddedPoses) -> PaddedPoses:
        """Each person once, by the best of its poses; they come best first."""
        assert poses.boxes is not None  # of a MoveNet
        constants = self._decode.constants
        sides: AnyArray = poses.boxes[..., 2:] - poses.boxes[..., :2]
        areas: AnyArray = sides[..., 0] * sides[..., 1] * constants.nms_area
        found = poses.keypoint_scores > constants.found_score
        few = found.sum(axis=-1, keepdims=True) < _MIN_FOUND
        rows, count = kernels.nms_oks_visible(
            poses.keypoints,
            poses.keypoint_scores * (found | few),
            areas,
            self._sigmas.beside(poses.scores),
            poses.counts,
            threshold=constants.nms_oks,
        )
        return poses.selected(rows, count)
