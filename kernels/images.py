"""From images to a network's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..structures.arrays import Float64Array, HeadArray, UInt8Array
from .call import run
from .checks import choice
from .contract import CONSTANTS

__all__ = ["NetworkInput", "preprocess", "size_image"]

ImageLayout = Literal["rgb", "bgr", "nv12-bt601", "nv12-bt709"]
_LAYOUTS = {
    "rgb": CONSTANTS["PT_RGB"],
    "bgr": CONSTANTS["PT_BGR"],
    "nv12-bt601": CONSTANTS["PT_NV12_BT601"],
    "nv12-bt709": CONSTANTS["PT_NV12_BT709"],
}


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
    scale: float | None,
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
        scale: result pixels per image pixel, 1 / 4096 to 16384; None: the largest at which the
            whole image fits.
        border: colour of result pixels whose centre lies outside the image.
        out: uint8 to write to, of the result's shape.

    Returns:
        (h, w, 3) or (B, h, w, 3) uint8, `out` if given.

    Raises:
        ValueError: a wrong shape or memory order, a negative size, a border that is no colour,
            `scale` out of range.
        TypeError: a wrong dtype.
    """
    if scale == 0:
        raise ValueError("scale must be from 1 / 4096 to 16384, got 0: None makes the image fit")
    options = {"scale": 0.0 if scale is None else scale, "border": _border_colour(border)}
    sized: UInt8Array = run("pt_size_image", image=image, out=out, h=size[0], w=size[1], **options)
    return sized


def preprocess(
    images: UInt8Array,
    matrix: Float64Array,
    wanted: NetworkInput,
    *,
    layout: ImageLayout = "rgb",
    border: tuple[int, int, int] = (0, 0, 0),
    out: HeadArray | None = None,
) -> HeadArray:
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
    number = choice("layout", layout, _LAYOUTS)
    height, width = _image_size(images, layout)
    sizes = {"H": height, "W": width, "h": wanted.size[0], "w": wanted.size[1]}
    means = zip(("mean_red", "mean_green", "mean_blue"), wanted.mean, strict=True)
    stds = zip(("std_red", "std_green", "std_blue"), wanted.std, strict=True)
    options = {
        "out_dtype": CONSTANTS["PT_FLOAT16" if wanted.half else "PT_FLOAT32"],
        "layout": number,
        "border": _border_colour(border),
    }
    arrays = {"images": images, "matrix": matrix, "out": out}
    result: HeadArray = run("pt_preprocess", **arrays, **sizes, **options, **dict((*means, *stds)))
    return result


def _image_size(images: UInt8Array, layout: ImageLayout) -> tuple[int, int]:
    """H, W of one image or of a batch, once its shape is checked to be the layout's."""
    shape = tuple(images.shape)
    if layout in ("rgb", "bgr"):
        if len(shape) not in (3, 4) or shape[-1] != 3:
            raise ValueError(f"images must have shape (B, H, W, 3) or (H, W, 3), got {shape}")
        return shape[-3], shape[-2]
    rows, width = shape[-2:] if len(shape) in (2, 3) else (1, 1)
    if rows % 3 or width % 2 or rows // 3 * 2 % 2:
        raise ValueError(
            "NV12 images must have shape (B, H * 3 / 2, W) or (H * 3 / 2, W) with even H and W, "
            f"got {shape}"
        )
    return rows // 3 * 2, width


def _border_colour(border: tuple[int, int, int]) -> int:
    """Red, green, blue as 0xRRGGBB."""
    if len(border) != 3 or not all(0 <= value <= 255 for value in border):
        raise ValueError(f"border must be three values from 0 to 255, got {border}")
    red, green, blue = border
    return red << 16 | green << 8 | blue
