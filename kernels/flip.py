"""Flip test: the heads of an image and of its flipped image become one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..structures.arrays import Float32Array, Int32Array
from .checks import check, check_at_least, check_head_batch
from .devices import device_of, head_dtype


def merge_flipped(
    straight: Float32Array,
    flipped: Float32Array,
    order: Int32Array,
    *,
    sign: Float32Array | None = None,
    constant: Float32Array | None = None,
    shift: int = 0,
) -> Float32Array:
    """The mean of an image's head and of its flipped image's head, once that is flipped back.

    Args:
        straight: (B, C, h, w) head; may be some channels of a larger contiguous array.
        flipped: (B, C, h, w) head of the flipped images, as the network gave it; may be channels
            of a larger array, too.
        order: (C,) int32: the channel of `flipped` that belongs to each channel of `straight`.
        sign: (C,) float32; flipped back, channel c is constant[c] + sign[c] * value. For lengths
            along x, whose sign a flip changes. `sign` and `constant` need each other.
        constant: (C,) float32.
        shift: cells by which the head that was flipped back moves to the right; its first `shift`
            columns stay. Published code does so where flipped heatmaps come out about a cell too
            far left.

    Returns:
        (B, C, h, w) float32.

    Raises:
        ValueError, TypeError: as for every kernel here; a channel in `order` that does not exist
            (on a GPU this is not checked: the straight channel is returned as it is).
    """
    device = device_of(straight, flipped, order, sign, constant)
    shape = (None, None, None, None)
    straight_stride = check_head_batch("straight", straight, shape, device)
    flipped_stride = check_head_batch("flipped", flipped, tuple(straight.shape), device)
    if straight.dtype != flipped.dtype:
        raise TypeError(f"flipped must be {straight.dtype} as straight is, got {flipped.dtype}")
    batch, channels, height, width = straight.shape
    check("order", order, np.int32, (channels,))
    _check_order(order, channels)
    check_at_least("shift", shift, 0)
    if (sign is None) != (constant is None):
        raise ValueError("sign and constant must be given both or neither")
    if sign is not None and constant is not None:
        check("sign", sign, np.float32, (channels,))
        check("constant", constant, np.float32, (channels,))
    merged = device.empty((batch, channels, height, width), np.float32)
    arrays = (merged, straight, flipped, order, sign, constant)
    layout = (head_dtype(straight), straight_stride, flipped_stride)
    device.call("pt_merge_flipped", *arrays, *layout, batch, channels, height, width, shift)
    return merged


def _check_order(order: Any, channels: int) -> None:
    """Check that every entry names a channel; a tensor on a GPU is not checked."""
    if not isinstance(order, np.ndarray):
        return
    wrong = order[(order < 0) | (order >= channels)]
    if wrong.size:
        raise ValueError(f"order must name channels from 0 to {channels - 1}, got {wrong[0]}")
