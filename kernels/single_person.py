"""Keypoints from the maps of one person's crop: the highest cell or the expected place."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import Float32Array, Int32Array
from .checks import check_head_batch
from .devices import device_of, head_dtype, scratch

_MAX_DEVIATION = 64.0
_MAPS = (None, None, None, None)


def smooth_heatmaps(maps: Float32Array, deviation: float) -> Float32Array:
    """Maps smoothed by a Gaussian filter; beyond the border the outermost cell repeats.

    Args:
        maps: (B, K, h, w) head; may be channels of a larger array.
        deviation: standard deviation in cells, 0 to 64; 0 copies. Cells up to
            floor(4 * deviation + 0.5) away count.

    Returns:
        (B, K, h, w) float32; NaN spreads to every cell in whose sum it is.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    device = device_of(maps)
    stride = check_head_batch("maps", maps, _MAPS, device)
    _check_deviation("deviation", deviation)
    smoothed = device.empty(tuple(maps.shape), np.float32)
    working = scratch(device, "pt_smooth_heatmaps", *maps.shape[2:], deviation)
    dtype = head_dtype(maps)
    device.call(
        "pt_smooth_heatmaps", smoothed, working, maps, dtype, stride, *maps.shape, deviation
    )
    return smoothed


def heatmap_argmax(maps: Float32Array) -> tuple[Int32Array, Float32Array]:
    """The highest cell of each map, the first of equal ones; NaN does not count.

    Args:
        maps: (B, K, h, w) head; may be channels of a larger array.

    Returns:
        (B, K) int32 cells and (B, K) float32 values there; -1 and 0 where all is NaN.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    device = device_of(maps)
    stride = check_head_batch("maps", maps, _MAPS, device)
    cells = device.empty(tuple(maps.shape[:2]), np.int32)
    values = device.empty(tuple(maps.shape[:2]), np.float32)
    device.call("pt_heatmap_argmax", cells, values, maps, head_dtype(maps), stride, *maps.shape)
    return cells, values


def quarter_offset_argmax(
    maps: Float32Array, *, quarter: float = 0.25
) -> tuple[Float32Array, Float32Array]:
    """The highest cell of each map, moved a little towards its higher neighbours.

    As in the released code, cells of the first two and of the last row and column stay.

    Args:
        maps: (B, K, h, w) head; may be channels of a larger array.
        quarter: how far it moves in x and in y, cells.

    Returns:
        (B, K, 2) float32 x, y in cells, (0, 0) where nothing is above 0; (B, K) float32 values at
        the highest cells as of `heatmap_argmax`.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: github.com/microsoft/human-pose-estimation.pytorch, MIT.
    """
    device = device_of(maps)
    stride = check_head_batch("maps", maps, _MAPS, device)
    keypoints = device.empty((*maps.shape[:2], 2), np.float32)
    values = device.empty(tuple(maps.shape[:2]), np.float32)
    dtype = head_dtype(maps)
    device.call(
        "pt_quarter_offset_argmax", keypoints, values, maps, dtype, stride, *maps.shape, quarter
    )
    return keypoints, values


def fuse_offsets(
    heatmaps: Float32Array,
    offsets: Float32Array | None,
    radius: float,
    smoothing: float = 1.0,
) -> tuple[Float32Array, Float32Array]:
    """OGN's keypoints: the highest cell of the smoothed heatmap plus R times the offset there.

    Args:
        heatmaps: (B, K, h, w) head; may be channels of a larger array.
        offsets: (B, 2K, h, w) head of the same dtype, x0, y0, x1, ... in units of R; may be
            channels of a larger array; None: none is added.
        radius: R in cells.
        smoothing: standard deviation of the filter, cells, 0 to 64; see `smooth_heatmaps`.

    Returns:
        (B, K, 2) float32 x, y in cells; (B, K) float32 values there of the heatmap before it was
        smoothed, because smoothing lowers a small disk and would make scores depend on the stride.
        Zeros where the smoothed map is all NaN.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
    Workshops 2019, equations 3 and 4.
    """
    device = device_of(heatmaps, offsets)
    strides = [check_head_batch("heatmaps", heatmaps, _MAPS, device), 0]
    batch, count, height, width = heatmaps.shape
    if offsets is not None:
        wanted = (batch, 2 * count, height, width)
        strides[1] = check_head_batch("offsets", offsets, wanted, device)
        if head_dtype(offsets) != head_dtype(heatmaps):
            raise TypeError("offsets must have the dtype of heatmaps: convert one of them")
    _check_deviation("smoothing", smoothing)
    keypoints = device.empty((batch, count, 2), np.float32)
    values = device.empty((batch, count), np.float32)
    working = scratch(device, "pt_fuse_offsets", height, width, smoothing)
    arrays = (keypoints, values, working, heatmaps, offsets)
    numbers = (head_dtype(heatmaps), *strides, *heatmaps.shape, radius, smoothing)
    device.call("pt_fuse_offsets", *arrays, *numbers)
    return keypoints, values


def soft_argmax(logits: Float32Array) -> tuple[Float32Array, Float32Array]:
    """The expected place of each keypoint if its distribution is the softmax of its map.

    Args:
        logits: (B, K, h, w) head, or (B, K, d, h, w) in three dimensions; may be channels of a
            larger array. -infinity and NaN have no weight; cells of +infinity share all of it.

    Returns:
        (B, K, 2) float32 x, y, or (B, K, 3) x, y, z: cell j of n gives j / n - 0.5; (B, K) float32
        probability of the highest cell. Zeros where no cell has weight.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: Sun et al., "Integral Human Pose Regression", ECCV 2018, equation 2.
    """
    device = device_of(logits)
    dimensions = 3 if len(logits.shape) == 5 else 2
    stride = check_head_batch("logits", logits, (None,) * (2 + dimensions), device)
    batch, count, height, width = (*logits.shape[:2], *logits.shape[-2:])
    depth = logits.shape[2] if dimensions == 3 else 1
    places = device.empty((batch, count, dimensions), np.float32)
    scores = device.empty((batch, count), np.float32)
    sizes = (batch, count, depth, height, width)
    working = scratch(device, "pt_soft_argmax", *sizes)
    dtype = head_dtype(logits)
    device.call(
        "pt_soft_argmax", places, scores, working, logits, dtype, stride, *sizes, dimensions
    )
    return places, scores


def _check_deviation(name: str, deviation: float) -> None:
    if not 0 <= deviation <= _MAX_DEVIATION:
        raise ValueError(f"{name} must be 0 to {_MAX_DEVIATION:g} cells, got {deviation}")
