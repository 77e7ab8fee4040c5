"""Flip test: the heads of an image and of its mirror image, averaged."""

from __future__ import annotations

import numpy as np

from ..structures import ModelSpec
from ..structures.arrays import AnyArray

# Heads whose channels are x, y pairs of positions relative to their cell.
_POSITION_HEADS = ("offset", "local_offset", "box_offset")
_PAIRED_HEADS = ("heatmap", "offset", "local_offset")


def average_mirrored(heads: dict[str, AnyArray], spec: ModelSpec) -> dict[str, AnyArray]:
    """Undo the mirror of the second image and take the mean.

    Args:
        heads: activated heads of two images: (2, C, h, w), the second one mirrored.
        spec: says which keypoints are left and right, and where a cell lies.

    Returns:
        (1, C, h, w) each.
    """
    merged = {}
    for head in spec.heads:
        straight, mirrored = heads[head.name][:1], heads[head.name][1:, :, :, ::-1]
        if head.name in _PAIRED_HEADS:
            mirrored = mirrored[:, _channel_order(head.name, head.channels, spec)]
        if head.name in _POSITION_HEADS:
            # x' and W - 1 - x' are one place: with cells at their corner that is not symmetric
            shift = 1 - 1 / head.stride if spec.cell_origin == "corner" else 0.0
            mirrored = mirrored.copy()
            mirrored[:, 0::2] = np.float32(shift) - mirrored[:, 0::2]
        merged[head.name] = np.ascontiguousarray((straight + mirrored) * np.float32(0.5))
    return merged


def _channel_order(name: str, channels: int, spec: ModelSpec) -> list[int]:
    """Channels of the mirrored head in the order of the straight one."""
    keypoints = [int(k) for k in spec.skeleton.mirror_order]
    if name == "heatmap":
        return keypoints + list(range(len(keypoints), channels))
    return [2 * k + axis for k in keypoints for axis in (0, 1)]
