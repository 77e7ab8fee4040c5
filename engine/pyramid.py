"""Several input sizes: each person is taken from the size that shows it best."""

from __future__ import annotations

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


def pyramid_levels(sizes: tuple[int, ...]) -> list[PyramidLevel]:
    """Ranges of person sizes for ascending short sides, without gap or overlap.

    Between two sizes the boundary lies where a person measures `112 + size / 8` pixels of the
    larger input: measured with MoveNet MultiPose on COCO as 44 cells of stride 4 for 512 pixels
    and 40 for 384.

    Raises:
        ValueError: the sizes do not ascend.
    """
    if list(sizes) != sorted(set(sizes)):
        raise ValueError(f"sizes must ascend, got {','.join(map(str, sizes))}")
    limits = [112 + size / 8 for size in sizes]
    return [
        PyramidLevel(
            smallest=limits[i + 1] * sizes[i] / sizes[i + 1] if i + 1 < len(sizes) else 0.0,
            largest=limits[i] if i > 0 else np.inf,
        )
        for i in range(len(sizes))
    ]
