"""Flip test around the network: the heads of images and of their flipped images, averaged."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..structures import HeadSpec, ModelSpec
from ..structures.arrays import AnyArray, Float32Array
from .heads import Heads


def average_flipped(heads: Heads, spec: ModelSpec, width: int) -> Heads:
    """Flip the heads of the flipped images back and take the mean.

    Features, volumes and detections stay those of the unflipped images: a mean of them says
    nothing.

    Args:
        heads: activated heads of B images, then of the same images flipped: (2B, ...) each.
        spec: says what each head is, which keypoints are left and right, where a cell lies.
        width: w of the network's input, pixels.

    Returns:
        (B, ...) each.
    """
    merged = {}
    for head in spec.heads:
        straight, flipped = np.split(heads[head.name], 2)
        if head.kind in ("heatmap", "vector", "size"):
            merged[head.name] = _mean_map(straight, flipped, head, spec)
        elif head.kind == "coordinates":
            merged[head.name] = _mean_coordinates(straight, flipped, width, spec)
        else:
            merged[head.name] = straight
    return merged


def _mean_map(
    straight: AnyArray, flipped: AnyArray, head: HeadSpec, spec: ModelSpec
) -> Float32Array:
    """(B, C, h, w) of maps whose cells are flipped with the image."""
    first, second = (np.ascontiguousarray(part, np.float32) for part in (straight, flipped))
    order = head.flip_order(spec.skeleton).astype(np.int32)
    sign, constant = _turn(head, spec) if head.kind == "vector" else (None, None)
    return kernels.merge_flipped(
        first, second, order, sign=sign, constant=constant, shift=spec.flip_shift // head.stride
    )


def _turn(head: HeadSpec, spec: ModelSpec) -> tuple[Float32Array, Float32Array]:
    """Sign and constant of each channel of x, y pairs: x points the other way."""
    is_x = np.arange(head.channels) % 2 == 0
    # x' and W - 1 - x' are one place: with cells at their corner that is not symmetric
    shift = 1 - 1 / head.stride if spec.cell_origin == "corner" else 0.0
    sign, constant = np.where(is_x, -1, 1), np.where(is_x, shift, 0)
    return sign.astype(np.float32), constant.astype(np.float32)


def _mean_coordinates(
    straight: AnyArray, flipped: AnyArray, width: int, spec: ModelSpec
) -> Float32Array:
    """(B, K, 2 or 3) of coordinates: x of pixel p is p / w - 0.5, and p is w - 1 - p when flipped.

    Source: `flip_test` of github.com/JimmySuen/integral-human-pose: the mean of the coordinates,
    not of the maps; depth is the same in the flipped image. Where there are maps too, Integral's
    decoder reads those.
    """
    turned = np.array(flipped[:, spec.skeleton.flip_order], np.float64)
    turned[..., 0] = -1 / width - turned[..., 0]
    return np.asarray((straight + turned) / 2, np.float32)
