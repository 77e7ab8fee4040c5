"""The decoding of MoveNet MultiPose around `gaussian_argmax`."""

from __future__ import annotations

from ..structures.arrays import Float32Array, HeadArray, Int32Array
from .call import run

__all__ = ["movenet_boxes", "movenet_positions", "movenet_shared_values"]


def movenet_boxes(
    peaks: Int32Array,
    box_size: HeadArray,
    box_offset: HeadArray,
    *,
    min_area: float,
    share: float,
) -> tuple[Float32Array, Float32Array]:
    """The box of the person at each center, and the spread of the Gaussian that suits its size.

    Args:
        peaks: (B, N) int32 cells of the centers; -1, or outside the map, is none.
        box_size: (B, 2, h, w) head of widths and heights in cells; below 0 counts as 0.
        box_offset: (B, 2, h, w) head of the same dtype: from a center's cell to the box's middle.
        min_area: cells²; a smaller box has the spread of this one.
        share: spread per area.

    Returns:
        (B, N, 4) float32 x1, y1, x2, y2 in cells, and (B, N) float32 spreads in cells²; both 0
        where there is no center.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    heads = {"box_size": box_size, "box_offset": box_offset}
    boxes: tuple[Float32Array, Float32Array] = run(
        "pt_movenet_boxes", peaks=peaks, **heads, min_area=min_area, share=share
    )
    return boxes


def movenet_positions(
    cells: Int32Array,
    regressed: Float32Array,
    local_offset: HeadArray,
    heatmap: HeadArray | None = None,
    counts: Int32Array | None = None,
) -> Float32Array:
    """Where the cell of each keypoint, or with a heatmap the 3 x 3 cells around it, say that it is.

    Args:
        cells: (B, N, K) int32 best cells; -1, or outside the map, is none.
        regressed: (B, N, K, 2) float32 x, y in cells: where a keypoint without a cell lies.
        local_offset: (B, 2K, h, w) head x0, y0, x1, ...: from a cell to its keypoint.
        heatmap: (B, K, h, w) head of the same dtype, not negative: the weights of the 3 x 3 cells,
            as far as they are in the map. None: the keypoint's own cell alone is asked.
        counts: (B,) int32, how many poses of each image count; None: all.

    Returns:
        (B, N, K, 2) float32 x, y in cells; 0 behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    poses = {"cells": cells, "regressed": regressed, "counts": counts}
    heads = {"local_offset": local_offset, "heatmap": heatmap}
    keypoints: Float32Array = run("pt_movenet_positions", **poses, **heads)
    return keypoints


def movenet_shared_values(
    cells: Int32Array,
    heatmap: HeadArray,
    centers: Float32Array,
    spread: Float32Array,
    boxes: Float32Array,
    counts: Int32Array | None = None,
) -> Float32Array:
    """The published score: heat times the largest weight that any pose's window gives the cell.

    A neighbour's window can lend its value; for parity with the published graph.

    Args:
        cells: (B, N, K) int32 best cells; -1, or outside the map, is none.
        heatmap: (B, K, h, w) head, not negative.
        centers: (B, N, K, 2) float32 x, y of the Gaussians, in cells.
        spread: (B, N) float32 cells²; a pose whose spread is not above 0 has no window.
        boxes: (B, N, 4) float32 x1, y1, x2, y2 in cells that the windows are cut to.
        counts: (B,) int32, how many poses of each image count; None: all.

    Returns:
        (B, N, K) float32; 0 where there is no cell, and behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    keypoints = {"cells": cells, "heatmap": heatmap, "centers": centers}
    windows = {"spread": spread, "boxes": boxes, "counts": counts}
    values: Float32Array = run("pt_movenet_shared_values", **keypoints, **windows)
    return values
