"""An image to the network's input, by the convention that the network was trained with."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..structures import ImageTransform, InputSizing
from ..structures.arrays import UInt8Array


def check_image(image: UInt8Array) -> None:
    """Refuse what is not (H, W, 3) uint8.

    Raises:
        ValueError: a wrong shape.
        TypeError: no array, or one of another dtype.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"image must be an array (H, W, 3) uint8 RGB, got {type(image).__name__}: read files "
            "with read_images or read_video"
        )
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image must have shape (any, any, 3) and pixels, got {image.shape}")
    if image.dtype != np.uint8:
        raise TypeError(f"image must be uint8, got {image.dtype}")


def size_image(image: UInt8Array, transform: ImageTransform, sizing: InputSizing) -> UInt8Array:
    """The input (h, w, 3) uint8 for an image (H, W, 3) uint8 RGB.

    The convention `half-pixel` is the kernel's. `hrnet-affine` is OpenCV's fixed-point bilinear
    warp, to the last grey level that of the published code (in OpenCV 5; 4 differs by one level in
    about one value of a thousand).

    Raises:
        ValueError: a wrong shape or order.
        TypeError: a wrong dtype.
    """
    if sizing.rule == "inside":
        return image
    if sizing.convention == "half-pixel":
        return kernels.size_image(image, transform.input_size, transform.scale, sizing.border)
    import cv2

    check_image(image)
    (x, y), scale = transform.shift, transform.scale
    height, width = transform.input_size
    warped = cv2.warpAffine(
        image,
        np.array([[scale, 0, x], [0, scale, y]]),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=sizing.border,
    )
    return np.asarray(warped, np.uint8)
