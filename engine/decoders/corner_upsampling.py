"""Heatmaps brought to pixels with cells at their corner: cell i lies on pixel ratio * i.

The heatmap-guided networks and DEKR are decoded on such maps. LOGO-CAP's upsampling is another,
and the two give other positions: they are not to be exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

from ... import kernels
from ...structures.arrays import HeadArray


def fuse_scales(maps: Sequence[HeadArray], size: tuple[int, int]) -> HeadArray:
    """Mean of the heatmaps of several test scales; that of one scale is left as small as it is.

    Args:
        maps: (B, C, h, w) of each scale, any sizes.
        size: (H, W) of the network's input at scale 1.

    Returns:
        (B, C, H, W); with one scale (B, C, h, w), which the kernels read as if it were enlarged.

    Raises:
        ValueError: there are no maps.
    """
    if not maps:
        raise ValueError("at least one heatmap is needed, got none")
    if len(maps) == 1:
        return maps[0]
    total = kernels.upsample_maps(maps[0], size, rule="corner")
    for other in maps[1:]:
        total += kernels.upsample_maps(other, size, rule="corner")
    total /= len(maps)
    return total


def join_strides(
    heatmap: HeadArray, finer: HeadArray, *, averaged: bool = True
) -> tuple[HeadArray, HeadArray]:
    """The heatmaps of two strides as one: the mean of both, where the finer one has the channel.

    The flipped image of a flip test is joined before it is turned back: the repeated column lies
    to the right of what the network saw.

    Args:
        heatmap: (B, K + 1, h, w), the center last.
        finer: (B, K, H, W), without a center.
        averaged: False takes the finer one alone where it has the channel.

    Returns:
        (B, K, H, W) keypoints and (B, 1, H, W) center: the coarse one, upsampled.
    """
    count, size = finer.shape[1], (finer.shape[2], finer.shape[3])
    if not averaged:
        return finer, kernels.upsample_maps(heatmap[:, count:], size, rule="corner")
    joined = kernels.upsample_maps(heatmap, size, rule="corner")
    keypoints, center = joined[:, :count], joined[:, count:]
    keypoints += finer
    keypoints /= 2
    return keypoints, center
