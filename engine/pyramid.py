"""Several input sizes: each person is taken from the size that shows it best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..structures.arrays import BoolArray, Float32Array


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
