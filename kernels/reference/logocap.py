"""LOGO-CAP's local and global windows: the definition of right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...structures.arrays import AnyArray, Float32Array, Int32Array, Int64Array
from ..logocap import CenterMesh, GlobalWindow
from .batches import counted, takes_one_image
from .heatmaps import center_offset_decode

__all__ = ["center_windows", "global_adaptation", "local_windows"]


class _Neighbours(NamedTuple):
    """The two cells of an axis that each position is blended from, and their weights."""

    low: Int64Array
    high: Int64Array
    low_weight: Float32Array
    high_weight: Float32Array


def _sampled_neighbours(positions: AnyArray, length: int) -> _Neighbours:
    """The released code's interpolation between cells: see `shared/map_sampling.h`."""
    positions = np.asarray(positions, np.float32)
    last = np.float32(length - 1)
    low = np.clip(np.floor(positions), 0, last)
    high = np.minimum(low + np.float32(1), last)
    weights = np.clip(high - positions, 0, 1), np.clip(positions - low, 0, 1)
    return _Neighbours(low.astype(np.int64), high.astype(np.int64), *weights)


def _sample(maps: AnyArray, x: AnyArray, y: AnyArray) -> Float32Array:
    """(..., h, w) maps at every crossing of a columns `x` and b rows `y`: (..., b, a)."""
    column = _sampled_neighbours(x, maps.shape[-1])
    row = _sampled_neighbours(y, maps.shape[-2])

    def part(
        rows: Int64Array, row_weights: AnyArray, columns: Int64Array, weights: AnyArray
    ) -> AnyArray:
        cells = maps[..., rows[:, None], columns]
        return np.asarray(cells * (row_weights[:, None] * weights))

    left, right = (column.low, column.low_weight), (column.high, column.high_weight)
    total = part(row.low, row.low_weight, *left)
    total = total + part(row.high, row.high_weight, *left)
    total = total + part(row.low, row.low_weight, *right)
    total = total + part(row.high, row.high_weight, *right)
    return np.asarray(total, np.float32)


def _enlarge(maps: AnyArray, size: tuple[int, int]) -> Float32Array:
    """(h, w) -> (H, W), bit for bit as torch does it on a CPU with fused multiply-add."""
    if maps.shape == size:
        return np.asarray(maps, np.float32)

    def neighbours(cells: int, pixels: int) -> tuple[Int64Array, Int64Array, Float32Array]:
        scale = np.float32(cells) / np.float32(pixels)
        exact = (np.arange(pixels) + 0.5) * np.float64(scale) - 0.5
        places = np.maximum(exact.astype(np.float32), np.float32(0))
        low = np.minimum(places.astype(np.int64), cells - 1)
        weight = np.clip(places - low.astype(np.float32), 0, 1).astype(np.float32)
        return low, np.minimum(low + 1, cells - 1), weight

    def blend(low: AnyArray, high: AnyArray, weight: AnyArray) -> AnyArray:
        fused = low.astype(np.float64) * (np.float32(1) - weight)
        return np.asarray((fused + high * weight).astype(np.float32))

    low, high, weight = neighbours(maps.shape[1], size[1])
    wide = blend(maps[:, low], maps[:, high], weight)
    low, high, weight = neighbours(maps.shape[0], size[0])
    return np.asarray(blend(wide[low], wide[high], weight[:, None]), np.float32)


@takes_one_image(3, "steps")
def local_windows(
    keypoints: Float32Array,
    steps: Float32Array,
    embedding: AnyArray,
    stride: float,
    counts: Int32Array | None = None,
    *,
    dtype: npt.DTypeLike = np.float32,
) -> AnyArray:
    """See `kernels.local_windows`."""
    batch, people, count = keypoints.shape[:3]
    channels, side = embedding.shape[1], steps.shape[1]
    features = np.zeros((batch, people, count, channels, side, side), np.float32)
    people_counted = counted(counts, keypoints)[..., None].repeat(count, axis=2)
    for b, n, k in np.argwhere(people_counted):
        mesh = (keypoints[b, n, k][:, None] + steps[k]) / np.float32(stride)
        mesh = np.where(np.isnan(mesh), np.float32(0), mesh)
        features[b, n, k] = _sample(embedding[b].astype(np.float32), mesh[0], mesh[1])
    return features.reshape(batch, people, count * channels, side, side).astype(dtype)


@takes_one_image(1)
def center_windows(
    cells: Int32Array,
    offset: AnyArray,
    embedding: AnyArray,
    mesh: CenterMesh,
    counts: Int32Array | None = None,
    *,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Float32Array, AnyArray]:
    """See `kernels.center_windows`."""
    places = center_offset_decode(cells, offset, sign=mesh.sign, ratio=mesh.ratio)
    keypoints = places * np.float32(mesh.stride)
    features = local_windows(keypoints, mesh.steps, embedding, mesh.stride, counts, dtype=dtype)
    return keypoints, features


@takes_one_image(3)
def global_adaptation(
    keypoints: Float32Array,
    heatmap: Float32Array,
    size: tuple[int, int],
    kernels: Float32Array | None,
    window: GlobalWindow,
    counts: Int32Array | None = None,
) -> tuple[Float32Array, Float32Array]:
    """See `kernels.global_adaptation`."""
    rows = counted(counts, keypoints)
    adapted = np.where(rows[..., None, None], keypoints, np.float32(0))
    values = np.zeros(keypoints.shape[:3], np.float32)
    side = len(window.weights)
    steps = np.arange(side, dtype=np.float32) - np.float32(side // 2)
    for b, k in np.ndindex(keypoints.shape[0], keypoints.shape[2]):
        enlarged = _enlarge(heatmap[b, k].astype(np.float32), size)
        for n in np.flatnonzero(rows[b]):
            keypoint = keypoints[b, n, k]
            if not np.isfinite(keypoint).all():
                continue
            x, y = keypoint[:, None] + steps
            cells = _sample(enlarged, x, y) * window.weights
            if kernels is not None:
                cells = _convolve(cells, _entries(kernels[b, n, k], window.clamp))
            found = _best_two(cells, np.float32(window.first_weight))
            if found is not None:
                adapted[b, n, k] = keypoint + (found[0] - np.float32(side // 2))
                values[b, n, k] = found[1]
    return adapted, values


def _entries(kernel: AnyArray, clamp: bool) -> Float32Array:
    kernel = np.asarray(kernel, np.float32)
    return np.clip(kernel, 0, 1) / np.float32(kernel.size) if clamp else kernel


def _convolve(window: AnyArray, kernel: AnyArray) -> Float32Array:
    """A true convolution: the kernel's first row weighs cells a radius *below*."""
    side, size = len(window), len(kernel)
    padded = np.pad(window, size // 2)
    total = np.zeros((side, side), np.float32)
    for row, column in np.ndindex(size, size):
        top, left = size - 1 - row, size - 1 - column
        total += padded[top : top + side, left : left + side] * kernel[row, column]
    return total


def _best_two(cells: AnyArray, first_weight: np.float32) -> tuple[Float32Array, np.float32] | None:
    """x, y and value of the weighted mean of the two highest cells, or of the only one, or None."""
    flat = cells.ravel()
    numbers = np.flatnonzero(~np.isnan(flat))
    if len(numbers) == 0:
        return None
    best = numbers[np.argsort(-flat[numbers], kind="stable")[:2]]
    rows, columns = np.divmod(best, cells.shape[1])
    places = np.stack((columns, rows)).astype(np.float32)
    if len(best) == 1:
        return places[:, 0], flat[best[0]]
    weights = np.array([first_weight, np.float32(1) - first_weight], np.float32)
    mean = places[:, 0] * weights[0] + places[:, 1] * weights[1]
    value = flat[best[0]] * weights[0] + flat[best[1]] * weights[1]
    return np.asarray(mean, np.float32), np.float32(value)
