"""From images to a network's input."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

import numpy as np

from ..structures.arrays import AnyArray, Float64Array, UInt8Array
from .checks import batch_of, check, check_at_least, check_out
from .devices import FLOAT16, FLOAT32, device_of, scratch

ImageLayout = Literal["rgb", "bgr", "nv12-bt601", "nv12-bt709"]
_LAYOUTS = get_args(ImageLayout)  # in the order of the header's PT_RGB, ...


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """The input that a network expects.

    Attributes:
        size: (h, w).
        mean: of red, green, blue in 0..255; it is subtracted.
        std: of red, green, blue, positive; what remains is divided by it.
        half: float16 instead of float32.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    half: bool = False


def size_image(
    image: UInt8Array,
    size: tuple[int, int],
    scale: float,
    border: tuple[int, int, int] = (0, 0, 0),
    *,
    out: UInt8Array | None = None,
) -> UInt8Array:
    """Zoom an image uniformly into the top-left corner of the network's input.

    Output pixel i is the mean of the image around (i + 0.5) / scale - 0.5, weighted by a triangle
    filter of radius max(1, 0.5 / scale). Down to half size that is bilinear interpolation; below
    half size every pixel of the image still counts.

    Args:
        image: (H, W, 3) uint8, or (B, H, W, 3) for several.
        size: (h, w) of the result.
        scale: result pixels per image pixel, 1 / 4096 to 16384.
        border: colour of result pixels whose centre lies outside the image.
        out: uint8 to write to, of the result's shape.

    Returns:
        (h, w, 3) or (B, h, w, 3) uint8, `out` if given.

    Raises:
        ValueError: a wrong shape or memory order, a negative size, a border that is no colour,
            `scale` out of range.
        TypeError: a wrong dtype.
    """
    device = device_of(image, out)
    batch = batch_of(image, 3)
    check("image", image, np.uint8, (*batch, None, None, 3))
    check_at_least("size", size, 0)
    if not 1 / 4096 <= scale <= 16384:
        raise ValueError(f"scale must be from 1 / 4096 to 16384, got {scale}")
    colour = _border_colour(border)
    if out is None:
        out = device.empty((*batch, *size, 3), np.uint8)
    check_out("out", out, np.uint8, (*batch, *size, 3))
    sizes = (*image.shape[-3:-1], *size)
    working = scratch(device, "pt_size_image", *sizes, scale)
    device.call("pt_size_image", out, working, image, prod(batch), *sizes, scale, colour)
    return out


def preprocess(
    images: UInt8Array,
    matrix: Float64Array,
    wanted: NetworkInput,
    *,
    layout: ImageLayout = "rgb",
    border: tuple[int, int, int] = (0, 0, 0),
    out: AnyArray | None = None,
) -> AnyArray:
    """Parts of images as network input: moved, scaled, rotated, normalised, one plane a channel.

    Output pixel (x, y) is the image at matrix @ (x, y, 1), interpolated bilinearly between four
    pixels; each of the four that lies outside the image has the border colour. A scale below a half
    leaves pixels of the image out, which `size_image` does not.

    Args:
        images: (B, H, W, 3) uint8; NV12: (B, H * 3 / 2, W), H and W even, range 16 to 235.
        matrix: (B, 2, 3) float64, from output pixels to image pixels: the inverse of a crop's map.
        wanted: size and type of the result, and how colours are normalised.
        layout: of `images`; for NV12 also the standard of its colours.
        border: red, green, blue, 0..255, whatever the layout.
        out: (B, 3, h, w) float32 or float16 to write to.

    Returns:
        (B, 3, h, w) float32 or float16, (colour - mean) / std, red first; `out` if given.

    Raises:
        ValueError: a wrong shape or memory order, an option out of range.
        TypeError: a wrong dtype.
    """
    device = device_of(images, matrix, out)
    height, width = _image_size(images, layout)
    batch = images.shape[0]
    check("matrix", matrix, np.float64, (batch, 2, 3))
    check_at_least("size", wanted.size, 0)
    if not all(deviation > 0 for deviation in wanted.std):
        raise ValueError(f"std must be positive, got {wanted.std}")
    colour = _border_colour(border)
    shape, dtype = (batch, 3, *wanted.size), np.float16 if wanted.half else np.float32
    if out is None:
        out = device.empty(shape, dtype)
    check_out("out", out, dtype, shape)
    working = scratch(device, "pt_preprocess", width, wanted.size[1])
    options = (FLOAT16 if wanted.half else FLOAT32, _LAYOUTS.index(layout))
    sizes = (batch, height, width, *wanted.size)
    colours = (*wanted.mean, *wanted.std, colour)
    device.call("pt_preprocess", out, working, images, matrix, *options, *sizes, *colours)
    return out


def _image_size(images: UInt8Array, layout: ImageLayout) -> tuple[int, int]:
    """H, W of a batch of images, once they are checked to have their layout's shape."""
    if layout not in _LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(_LAYOUTS)}, got {layout!r}")
    if layout in ("rgb", "bgr"):
        check("images", images, np.uint8, (None, None, None, 3))
        return images.shape[1], images.shape[2]
    check("images", images, np.uint8, (None, None, None))
    rows, width = images.shape[1:]
    if rows % 3 or width % 2:
        raise ValueError(
            f"NV12 images must have H * 3 / 2 rows with an even H and an even width, got "
            f"{rows} rows of {width}"
        )
    return rows * 2 // 3, width


def _border_colour(border: tuple[int, int, int]) -> int:
    """Red, green, blue as 0xRRGGBB."""
    if len(border) != 3 or not all(0 <= value <= 255 for value in border):
        raise ValueError(f"border must be three values from 0 to 255, got {border}")
    red, green, blue = border
    return red << 16 | green << 8 | blue
