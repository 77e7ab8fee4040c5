"""Maps enlarged to the network's input, to the last bit as the published code does it."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, Float32Array, Int64Array


def upsample_bilinear(maps: AnyArray, size: tuple[int, int]) -> Float32Array:
    """Bilinear interpolation that minds half pixels and repeats the border.

    Next to the border of an enlarged map lie plateaus, whose members differ by a rounding or not
    at all, and a test for local maxima sees that. So the sums are those of torch's kernel on the
    CPU: first along x, then along y, and in each the lower neighbour's product is added without
    having been rounded (fused multiply-add).

    Args:
        maps: (C, h, w) float32.
        size: (H, W) of the result.

    Returns:
        (C, H, W) float32. Bit for bit `torch.nn.functional.interpolate(mode="bilinear",
        align_corners=False)` of torch 2.13 on a CPU with fused multiply-add, where H + W > 128 and
        C > 3; below, torch weighs all four neighbours at once.
    """
    height, width = size
    x_low, x_high, x_weight = _neighbours(maps.shape[2], width)
    y_low, y_high, y_weight = _neighbours(maps.shape[1], height)
    upsampled = np.empty((len(maps), height, width), np.float32)
    for plane, out in zip(maps, upsampled, strict=True):  # one at a time stays in the cache
        wide = _blend(plane[:, x_low], plane[:, x_high], x_weight)
        out[:] = _blend(wide[y_low], wide[y_high], y_weight[:, None])
    return upsampled


def _neighbours(length: int, size: int) -> tuple[Int64Array, Int64Array, Float32Array]:
    """(size,) each: the cells below and above every new pixel, and the upper one's weight."""
    half = np.float32(0.5)
    scale = np.float32(length) / np.float32(size)
    # torch fuses this product too; float64 holds it exactly
    pixels = np.arange(size, dtype=np.float32) + half
    places = (pixels.astype(np.float64) * scale - half).astype(np.float32)
    places = np.maximum(places, np.float32(0))
    low = np.minimum(places.astype(np.int64), length - 1)
    weight = np.clip(places - low.astype(np.float32), 0, 1).astype(np.float32)
    return low, np.minimum(low + 1, length - 1), weight


def _blend(low: AnyArray, high: AnyArray, weight: Float32Array) -> Float32Array:
    """The weighted sum, rounded as fma(low, 1 - weight, high * weight) is."""
    exact = low.astype(np.float64)  # two factors of 24 bits make a product that float64 holds
    exact *= np.float32(1) - weight
    exact += high * weight
    return exact.astype(np.float32)
