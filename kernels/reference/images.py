"""From images to a network's input: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import AnyArray, Float64Array, Int64Array, UInt8Array
from ..images import NetworkInput
from .batches import takes_one_image

__all__ = ["preprocess", "size_image"]

_WEIGHT_ONE = 2048  # weights of image sizing are multiples of 1 / 2048


@takes_one_image(3)
def size_image(
    image: UInt8Array, size: tuple[int, int], scale: float | None, border: tuple[int, int, int]
) -> UInt8Array:
    """See `kernels.size_image`."""
    if scale is None:
        sides = zip(size, image.shape[1:3], strict=True)
        scale = min((out / side for out, side in sides if side and out), default=1.0)
    sized = np.empty((len(image), *size, 3), np.uint8)
    for b, one in enumerate(image):
        sized[b] = _sized(one, size, scale, border)
    return sized


def _sized(
    image: UInt8Array, size: tuple[int, int], scale: float, border: tuple[int, int, int]
) -> UInt8Array:
    out = np.empty((*size, 3), np.uint8)
    out[:] = border
    if image.size:
        rows = _axis_weights(image.shape[0], size[0], scale)
        columns = _axis_weights(image.shape[1], size[1], scale)
        sums = np.einsum("yr,rcz,xc->yxz", rows, image.astype(np.int64), columns, optimize=True)
        out[: len(rows), : len(columns)] = (sums + _WEIGHT_ONE**2 // 2) // _WEIGHT_ONE**2
    return out


def _axis_weights(size: int, out_size: int, scale: float) -> Int64Array:
    """(covered, size) integer weights of one axis; each row sums to 2048."""
    radius = max(1.0, 0.5 / scale)
    covered = int(min(max(np.ceil(size * scale - 0.5), 1), out_size))
    centers = np.clip((np.arange(covered) + 0.5) / scale - 0.5, 0, size - 1)
    weights = np.maximum(1 - np.abs(np.arange(size) - centers[:, None]) / radius, 0)
    running = np.cumsum(weights, axis=1)
    rounded = np.floor(running / running[:, -1:] * _WEIGHT_ONE + 0.5).astype(np.int64)
    integer: Int64Array = np.diff(rounded, axis=1, prepend=0)
    return integer


def preprocess(
    images: UInt8Array,
    matrix: Float64Array,
    wanted: NetworkInput,
    *,
    layout: str,
    border: tuple[int, int, int],
) -> AnyArray:
    """See `kernels.preprocess`."""
    height, width = wanted.size
    out = np.empty((len(images), 3, height, width), np.float16 if wanted.half else np.float32)
    y, x = np.indices(wanted.size).astype(np.float64)
    for b, image in enumerate(images):
        rgb = _rgb(image, layout)
        at_x, at_y = (row[0] * x + row[1] * y + row[2] for row in matrix[b])
        colours = _bilinear(rgb, at_y, at_x, np.array(border, np.float64))
        out[b] = ((colours - wanted.mean) / wanted.std).transpose(2, 0, 1)
    return out


def _rgb(image: UInt8Array, layout: str) -> Float64Array:
    """(H, W, 3) colours of one image."""
    if layout in ("rgb", "bgr"):
        return np.asarray(image[..., :: 1 if layout == "rgb" else -1], np.float64)
    height = len(image) * 2 // 3
    luma = (image[:height] - 16.0) / 219
    pairs = image[height:].reshape(height // 2, image.shape[1] // 2, 2)
    u, v = ((pairs[..., i] - 128.0).repeat(2, 0).repeat(2, 1) / 224 for i in (0, 1))
    kr, kb = (0.299, 0.114) if layout == "nv12-bt601" else (0.2126, 0.0722)
    red, blue = luma + 2 * (1 - kr) * v, luma + 2 * (1 - kb) * u
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack((red, green, blue), axis=2) * 255, 0, 255)


def _bilinear(
    image: Float64Array, y: Float64Array, x: Float64Array, border: Float64Array
) -> Float64Array:
    """(h, w, 3) colours of an (H, W, 3) image at (h, w) places, `border` outside the image."""
    height, width = image.shape[:2]
    padded = np.empty((height + 4, width + 4, 3))
    padded[:] = border
    padded[2:-2, 2:-2] = image
    near = (x > -2) & (x < width + 1) & (y > -2) & (y < height + 1)
    x, y = np.where(near, x, -2) + 2, np.where(near, y, -2) + 2
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, down = (x - column)[..., None], (y - row)[..., None]
    left = padded[row, column] * (1 - down) + padded[row + 1, column] * down
    other = padded[row, column + 1] * (1 - down) + padded[row + 1, column + 1] * down
    blended: Float64Array = left * (1 - right) + other * right
    return blended
