"""Flip test: what a network says of an image and of its flipped image."""

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
    """The mean of an image's head and its flipped image's, turned back.

    Args:
        straight: (B, C, h, w) head; may be some channels of a larger contiguous array.
        flipped: (B, C, h, w) head of the flipped images, as the network gave it; the same.
        order: (C,) int32: which channel of `flipped` says what a channel of `straight` says.
        sign: (C,) float32; the turned channel c is constant[c] + sign[c] * value. For lengths along
            x, which a flip turns around. Both or none are given.
        constant: (C,) float32.
        shift: cells by which the turned head moves to the right; the first `shift` columns stay,
            as published for heatmaps that lie about a cell too far left.

    Returns:
        (B, C, h, w) float32.

    Raises:
        ValueError, TypeError: as for every kernel here; a channel in `order` that does not exist (a
            GPU cannot say so: there the straight channel stands alone).
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
    """Whether every entry names a channel; on a GPU nobody looks."""
    if not isinstance(order, np.ndarray):
        return
    wrong = order[(order < 0) | (order >= channels)]
    if wrong.size:
        raise ValueError(f"order must name channels from 0 to {channels - 1}, got {wrong[0]}")
