"""Where a pixel of the image lies in the network's input, and back: the only resizing formulas.

(0, 0) is the centre of the top-left pixel, so resizing by `s` maps x to (x + 0.5) * s - 0.5. The
networks that were published with another convention keep theirs (`hrnet_affine`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import zoom_affine
from .arrays import Float32Array, Float64Array

# The published bottom-up networks on HRNet size their inputs to multiples of this.
HRNET_MULTIPLE = 64


@dataclass(frozen=True, slots=True)
class ImageTransform:
    """A uniform zoom of an image into the network's input: p * scale + shift.

    Attributes:
        image_size: (H, W) of the image.
        input_size: (h, w) of the network's input; what the image does not cover is border.
        scale: input pixels per image pixel.
        shift: where the centre of the image's top-left pixel comes to lie, x and y, input pixels.
    """

    image_size: tuple[int, int]
    input_size: tuple[int, int]
    scale: float
    shift: tuple[float, float]

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
        _check(image_size, short_side)
        height, width = image_size
        short = -(-short_side // multiple_of) * multiple_of
        aspect = min(max(height, width) / min(height, width), max_aspect)
        long = max(short, round(short * aspect / multiple_of) * multiple_of)
        input_size = (long, short) if height > width else (short, long)
        scale = min(input_size[0] / height, input_size[1] / width)
        return ImageTransform(image_size, input_size, scale, (0.5 * scale - 0.5,) * 2)

    @staticmethod
    def hrnet_affine(
        image_size: tuple[int, int],
        short_side: int,
        test_scale: float = 1.0,
        *,
        multiple_of: int = HRNET_MULTIPLE,
    ) -> ImageTransform:
        """The input of the published bottom-up networks (LOGO-CAP, heatmap-guided, DEKR).

        The short side is `short_side` rounded up to a multiple of `multiple_of`, the long side the
        next multiple that holds the image, both times `test_scale`; the image lies in the middle.
        The published code leaves out the half-pixel shift: it maps the image's width / 2 to the
        input's.

        Raises:
            ValueError: a side of the image is zero, or a size is not positive.

        Source: `get_multi_scale_size` and `resize_align_multi_scale` of github.com/HRNet/DEKR.
        """
        _check(image_size, short_side)
        if not test_scale > 0:
            raise ValueError(f"test_scale must be above 0, got {test_scale}")
        height, width = image_size
        low, high = min(image_size), max(image_size)
        short = (short_side + multiple_of - 1) // multiple_of * multiple_of
        held = int((short / low * high + multiple_of - 1) // multiple_of * multiple_of)
        long = int(held * test_scale)
        short = int(short * test_scale)
        if short < 1:
            raise ValueError(f"an input of {short_side} pixels times {test_scale} has none")
        input_size = (long, short) if width < height else (short, long)
        source_width = (low / 200 if width < height else long / short * low / 200) * 200
        center = (int(width / 2 + 0.5), int(height / 2 + 0.5))
        matrix = zoom_affine(center, source_width, input_size)
        shift = (float(matrix[0, 2]), float(matrix[1, 2]))
        return ImageTransform(image_size, input_size, float(matrix[0, 0]), shift)

    def to_input(self, points: Float32Array) -> Float32Array:
        """(..., 2) image pixels -> (..., 2) input pixels."""
        return np.asarray(points * self.scale + self.shift, np.float32)

    def matrix_to_image(self, pixels_per_unit: float = 1.0) -> Float64Array:
        """(1, 2, 3) float64 affine map to image pixels.

        Args:
            pixels_per_unit: input pixels in the unit of what is mapped, such as a stride.
        """
        (x, y), scale = self.shift, self.scale
        zoom = pixels_per_unit / scale
        return np.array([[[zoom, 0.0, -x / scale], [0.0, zoom, -y / scale]]])

    def to_image(self, points: Float32Array) -> Float32Array:
        """(..., 2) input pixels -> (..., 2) image pixels."""
        return np.asarray((points - self.shift) / self.scale, np.float32)


def _check(image_size: tuple[int, int], short_side: int) -> None:
    height, width = image_size
    if height < 1 or width < 1:
        raise ValueError(f"image must have at least one pixel, got {width}x{height}")
    if short_side < 1:
        raise ValueError(f"size must be a positive number of pixels, got {short_side}")
