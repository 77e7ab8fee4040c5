"""Heatmaps brought to pixels with cells at their corner: cell i lies on pixel ratio * i.

The heatmap-guided networks and DEKR are decoded on such maps. LOGO-CAP's upsampling is another,
and the two give other positions: they are not to be exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ... import kernels
from ...structures.arrays import AnyArray, Float32Array


def fuse_scales(maps: Sequence[AnyArray], size: tuple[int, int]) -> Float32Array:
    """Mean of the heatmaps of several test scales; that of one scale is left as small as it is.

    Args:
        maps: (C, h, w) float32 of each scale, any sizes.
        size: (H, W) of the network's input at scale 1.

    Returns:
        (1, C, H, W); with one scale (1, C, h, w), which the kernels read as if it were enlarged.

    Raises:
        ValueError: there are no maps.
    """
    if not maps:
        raise ValueError("at least one heatmap is needed, got none")
    if len(maps) == 1:
        return np.asarray(maps[0][None], np.float32)
    total = _enlarged(maps[0], size)
    for other in maps[1:]:
        total += _enlarged(other, size)
    return np.asarray(total / len(maps), np.float32)


def _enlarged(maps: AnyArray, size: tuple[int, int]) -> Float32Array:
    """(C, h, w) -> (1, C, H, W)."""
    return kernels.upsample_maps(np.ascontiguousarray(maps[None], np.float32), size, rule="corner")


def join_strides(heatmap: AnyArray, finer: AnyArray, *, averaged: bool = True) -> Float32Array:
    """The heatmaps of two strides as one: the mean of both, where the finer one has the channel.

    The flipped image of a flip test is joined before it is turned back: the repeated column lies
    to the right of what the network saw.

    Args:
        heatmap: (K + 1, h, w) float32, the center last.
        finer: (K, H, W), without a center.
        averaged: False takes the finer one alone where it has the channel.

    Returns:
        (K + 1, H, W); the center is the coarse one, upsampled.
    """
    joined: Float32Array = _enlarged(heatmap, (finer.shape[1], finer.shape[2]))[0]
    keypoints = joined[: len(finer)]
    if averaged:
        keypoints += finer
        keypoints /= 2
    else:
        keypoints[:] = finer
    return joined
