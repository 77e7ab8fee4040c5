"""Maps enlarged to the network's input, and their peaks: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import AnyArray, Float32Array, Int32Array, Int64Array

__all__ = ["upsample_maps", "upsampled_peaks"]

_Places = tuple[Int64Array, Int64Array, Float32Array]


def upsample_maps(maps: Float32Array, size: tuple[int, int], *, rule: str) -> Float32Array:
    """See `kernels.upsample_maps`."""
    if size == tuple(maps.shape[2:]):
        return np.array(maps)
    if 0 in maps.shape[:2] or 0 in size:
        return np.zeros((*maps.shape[:2], *size), np.float32)
    places, blend = _BY_RULE[rule]
    low, high, weight = places(maps.shape[3], size[1])
    wide = blend(maps[..., low], maps[..., high], weight)
    low, high, weight = places(maps.shape[2], size[0])
    return blend(wide[..., low, :], wide[..., high, :], weight[:, None])


def upsampled_peaks(  # noqa: PLR0913 - as the kernel
    maps: Float32Array,
    size: tuple[int, int],
    count: int,
    *,
    window: int,
    rule: str,
    min_value: float = -np.inf,
    at_least: int = 0,
) -> tuple[Int32Array, Float32Array, Int32Array]:
    """See `kernels.upsampled_peaks`."""
    cells = np.full((*maps.shape[:2], count), -1, np.int32)
    values = np.zeros((*maps.shape[:2], count), np.float32)
    found = np.zeros(maps.shape[:2], np.int32)
    large = upsample_maps(maps, size, rule=rule)
    window = window or _window_of(*maps.shape[2:])
    for b, c in np.ndindex(maps.shape[:2]):
        counted = _suppress_others(large[b, c], window).ravel()
        best = np.argsort(-counted, kind="stable")[:count]
        cells[b, c, : len(best)] = best
        values[b, c, : len(best)] = counted[best]
        above = int((counted[best] > np.float32(min_value)).sum())
        found[b, c] = max(above, min(at_least, len(best)))
    return cells, values, found


def _window_of(height: int, width: int) -> int:
    """Side of the window for a map of this size.

    Source: TEST.POOL_THRESHOLD1 and 2 of github.com/HRNet/DEKR.
    """
    side = (height + width) / 2
    return next(window for limit, window in ((300, 7), (200, 5), (0, 3)) if side > limit)


def _suppress_others(heat: AnyArray, window: int) -> AnyArray:
    """(H, W) with 0 wherever a pixel of the window is higher; NaN becomes 0, suppresses none."""
    height, width = heat.shape
    numbers = np.where(np.isnan(heat), -np.inf, heat)
    around = np.pad(numbers, window // 2, constant_values=-np.inf)
    highest: AnyArray = np.full(heat.shape, -np.inf)
    for y, x in np.ndindex(window, window):
        highest = np.maximum(highest, around[y : y + height, x : x + width])
    return np.where(heat == highest, heat, np.float32(0))


def _corner_places(cells: int, pixels: int) -> _Places:
    """For every pixel of one axis: the cells before and after it, and the weight of the latter."""
    last = pixels - pixels // cells  # the pixel on which the last cell lies
    step = np.float32((cells - 1) / max(last, 1))
    place = np.minimum(np.arange(pixels), last).astype(np.float32) * step
    low = place.astype(np.int64)
    return low, np.minimum(low + 1, cells - 1), (place - low).astype(np.float32)


def _corner_blend(low: AnyArray, high: AnyArray, weight: Float32Array) -> Float32Array:
    return np.asarray(low * (1 - weight) + high * weight, np.float32)


def _half_pixel_places(cells: int, pixels: int) -> _Places:
    """As `_corner_places`, with cells in the middle of their pixels."""
    half = np.float32(0.5)
    scale = np.float32(cells) / np.float32(pixels)
    # torch fuses this product with the sum; float64 holds it exactly
    middles = np.arange(pixels, dtype=np.float32) + half
    places = (middles.astype(np.float64) * scale - half).astype(np.float32)
    places = np.maximum(places, np.float32(0))
    low = np.minimum(places.astype(np.int64), cells - 1)
    weight = np.clip(places - low.astype(np.float32), 0, 1).astype(np.float32)
    return low, np.minimum(low + 1, cells - 1), weight


def _half_pixel_blend(low: AnyArray, high: AnyArray, weight: Float32Array) -> Float32Array:
    """The weighted sum, rounded as fma(low, 1 - weight, high * weight) is."""
    exact = low.astype(np.float64)  # two factors of 24 bits make a product that float64 holds
    exact *= np.float32(1) - weight
    exact += high * weight
    return exact.astype(np.float32)


_BY_RULE = {
    "half-pixel": (_half_pixel_places, _half_pixel_blend),
    "corner": (_corner_places, _corner_blend),
}
