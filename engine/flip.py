"""Flip test: the heads of an image and of its flipped image, averaged."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..structures import ModelSpec
from ..structures.arrays import AnyArray, Float32Array
from ..structures.model_spec import HeadSpec

# Heads whose channels are x, y pairs of positions relative to their cell.
_POSITION_HEADS = ("offset", "local_offset", "box_offset")
_PAIRED_HEADS = ("heatmap", "offset", "local_offset")


def average_flipped(heads: dict[str, AnyArray], spec: ModelSpec) -> dict[str, AnyArray]:
    """Undo the flip of the second image and take the mean.

    Args:
        heads: activated heads of two images: (2, C, h, w), the second one flipped.
        spec: says which keypoints are left and right, and where a cell lies.

    Returns:
        (1, C, h, w) each.
    """
    merged = {}
    for head in spec.heads:
        straight, flipped = (_image(heads[head.name], i) for i in (0, 1))
        if head.name in _PAIRED_HEADS:
            order = np.array(_channel_order(head.name, head.channels, spec), np.int32)
        else:
            order = np.arange(head.channels, dtype=np.int32)
        sign, constant = _turn(head, spec) if head.name in _POSITION_HEADS else (None, None)
        merged[head.name] = kernels.merge_flipped(
            straight, flipped, order, sign=sign, constant=constant
        )
    return merged


def _image(head: AnyArray, index: int) -> Float32Array:
    """(1, C, h, w) of one image, in the order that kernels want."""
    return np.ascontiguousarray(head[index], np.float32)[None]


def _turn(head: HeadSpec, spec: ModelSpec) -> tuple[Float32Array, Float32Array]:
    """Sign and constant of each channel of positions: x changes its sign."""
    is_x = np.arange(head.channels) % 2 == 0
    # x' and W - 1 - x' are one place: with cells at their corner that is not symmetric
    shift = 1 - 1 / head.stride if spec.cell_origin == "corner" else 0.0
    sign, constant = np.where(is_x, -1, 1), np.where(is_x, shift, 0)
    return sign.astype(np.float32), constant.astype(np.float32)


def _channel_order(name: str, channels: int, spec: ModelSpec) -> list[int]:
    """Channels of the flipped head in the order of the straight one."""
    keypoints = [int(k) for k in spec.skeleton.flip_order]
    if name == "heatmap":
        return keypoints + list(range(len(keypoints), channels))
    return [2 * k + axis for k in keypoints for axis in (0, 1)]
