"""Where a pixel of the image lies in the network's input, and back: the only resizing formula.

(0, 0) is the centre of the top-left pixel, so resizing by `s` maps x to (x + 0.5) * s - 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Float32Array


@dataclass(frozen=True, slots=True)
class ImageTransform:
    """A uniform zoom of an image into the top-left corner of the network's input.

    Attributes:
        image_size: (H, W) of the image.
        input_size: (h, w) of the network's input; what the image does not cover is border.
        scale: input pixels per image pixel.
    """

    image_size: tuple[int, int]
    input_size: tuple[int, int]
    scale: float

    @staticmethod
    def fit_short_side(
        image_size: tuple[int, int], short_side: int, multiple_of: int, max_aspect: float
    ) -> ImageTransform:
        """The input whose short side is `short_side` and whose long side suits the image best.

        Both sides are multiples of `multiple_of`: the short one rounded up, the long one to the
        nearest, so the image may shrink by a few per cent more rather than pay for a border.
        Beyond `max_aspect` (long side over short side) the image is fitted by its long side.

        Raises:
            ValueError: a side of the image is zero, or `short_side` is not positive.
        """
        height, width = image_size
        if height < 1 or width < 1:
            raise ValueError(f"image must have at least one pixel, got {width}x{height}")
        if short_side < 1:
            raise ValueError(f"size must be a positive number of pixels, got {short_side}")
        short = -(-short_side // multiple_of) * multiple_of
        aspect = min(max(height, width) / min(height, width), max_aspect)
        long = max(short, round(short * aspect / multiple_of) * multiple_of)
        input_size = (long, short) if height > width else (short, long)
        scale = min(input_size[0] / height, input_size[1] / width)
        return ImageTransform(image_size, input_size, scale)

    def to_input(self, points: Float32Array) -> Float32Array:
        """(..., 2) image pixels -> (..., 2) input pixels."""
        return np.asarray((points + 0.5) * self.scale - 0.5, np.float32)

    def to_image(self, points: Float32Array) -> Float32Array:
        """(..., 2) input pixels -> (..., 2) image pixels."""
        return np.asarray((points + 0.5) / self.scale - 0.5, np.float32)
