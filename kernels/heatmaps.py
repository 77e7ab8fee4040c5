"""Centers in heatmaps, and the keypoints that belong to them."""

from __future__ import annotations

from typing import Literal

from ..structures.arrays import Float32Array, HeadArray, Int32Array
from .call import run
from .checks import check_at_least, choice
from .contract import CONSTANTS

__all__ = ["center_nms_topk", "center_offset_decode", "gaussian_argmax"]

OffsetRule = Literal["floor", "rounded", "covering"]
_OFFSET_RULES = {
    "floor": CONSTANTS["PT_RULE_FLOOR"],
    "rounded": CONSTANTS["PT_RULE_ROUNDED"],
    "covering": CONSTANTS["PT_RULE_COVERING"],
}


def center_nms_topk(
    maps: HeadArray,
    count: int,
    *,
    radius: int = 2,
    tolerance: float = 0.0,
    threshold: float = 0.0,
) -> tuple[Int32Array, Float32Array, Int32Array]:
    """The highest local maxima of each map, highest first; of equal ones the lower cell first.

    Args:
        maps: (B, h, w) head; may be one channel of a larger array.
        count: N, the maximum number of peaks per map.
        radius: of the square of side 2 * radius + 1 around a peak, cells.
        tolerance: no cell of that square exceeds the peak by more than this.
        threshold: a peak is above this.

    Returns:
        (B, N) int32 cells, -1 behind the last peak; (B, N) float32 scores; (B,) int32 counts.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    check_at_least("count", count, 0)
    options = {"radius": radius, "tolerance": tolerance, "threshold": threshold}
    cells, scores, found = run("pt_center_nms_topk", maps=maps, N=count, **options)
    return cells, scores, found


def center_offset_decode(
    cells: Int32Array,
    offset: HeadArray,
    *,
    sign: float = 1.0,
    ratio: int = 1,
    rule: OffsetRule = "floor",
) -> Float32Array:
    """Keypoints from the offset field at each center.

    Args:
        cells: (B, N) int32 centers, cells of a map of (ratio * h, ratio * w); -1 gives zeros.
        offset: (B, 2K, h, w) head, x0, y0, x1, ... in its own cells.
        sign: 1 where the field points from center to keypoint, -1 where it points back.
        ratio: how many times finer than `offset` the map is in which the centers were found.
        rule: `floor`: the offset of the cell that covers the center is added to the center, which
            may lie between cells; `rounded`: the offset of the nearest cell is added to that cell;
            `covering`: the offset of the cell that covers the center is added to that cell. The
            same where `ratio` is 1.

    Returns:
        (B, N, K, 2) float32 x, y in cells of `offset`: position + sign * offset.

    Raises:
        ValueError, TypeError: as for every kernel here; a cell outside the map (on a GPU this is
            not checked: the cell counts as -1).

    Sources: LOGO-CAP's released code applies the rule `floor`, its paper describes `rounded`;
    `covering` is what github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation computes when it repeats
    each coarse cell's positions over a finer map.
    """
    options = {"sign": sign, "ratio": ratio, "rule": choice("rule", rule, _OFFSET_RULES)}
    keypoints: Float32Array = run("pt_center_offset_decode", cells=cells, offset=offset, **options)
    return keypoints


def gaussian_argmax(
    heatmap: HeadArray,
    centers: Float32Array,
    spread: Float32Array,
    boxes: Float32Array | None = None,
    counts: Int32Array | None = None,
) -> tuple[Int32Array, Float32Array]:
    """For every keypoint of every pose, the cell where heatmap x Gaussian is highest.

    The weight of a cell is exp(-d^2 / spread) with d its distance to the Gaussian's centre.

    Args:
        heatmap: (B, K, h, w) head, not negative; may be the first channels of a larger array.
        centers: (B, N, K, 2) float32 x, y of the Gaussians in cells.
        spread: (B, N) float32 in cells^2; a pose whose spread is not positive is left out.
        boxes: (B, N, 4) float32 x1, y1, x2, y2 in cells: only x1 <= column < x2 and
            y1 <= row < y2 count.
        counts: (B,) int32, how many poses of each image count; None: all.

    Returns:
        (B, N, K) int32 cells and (B, N, K) float32 heatmap x weight there; equal values go to the
        lower cell; -1 and 0 where nothing is above 0, and behind the count.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    poses = {"centers": centers, "spread": spread, "boxes": boxes, "counts": counts}
    cells, values = run("pt_gaussian_argmax", heatmap=heatmap, **poses)
    return cells, values
