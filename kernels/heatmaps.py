"""Centers in heatmaps, and the keypoints that belong to them."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from ..structures.arrays import Float32Array, Int32Array
from .checks import check, check_at_least, check_head, check_head_batch
from .devices import device_of, head_dtype, scratch

_INT32_MAX = 2**31 - 1
OffsetRule = Literal["floor", "rounded"]
_OFFSET_RULES = get_args(OffsetRule)  # in the order of the header's PT_RULE_*


def center_nms_topk(
    maps: Float32Array,
    count: int,
    *,
    radius: int = 2,
    tolerance: float = 0.0,
    threshold: float = 0.0,
) -> tuple[Int32Array, Float32Array, Int32Array]:
    """The highest local maxima of each map, highest first; of equal ones the lower cell first.

    Args:
        maps: (B, h, w) head; may be one channel of a larger contiguous array.
        count: N, the maximum number of peaks per map.
        radius: of the square of side 2 * radius + 1 around a peak, cells.
        tolerance: no cell of that square exceeds the peak by more than this.
        threshold: a peak is above this.

    Returns:
        (B, N) int32 cells, -1 behind the last peak; (B, N) float32 scores; (B,) int32 counts.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    device = device_of(maps)
    stride = check_head_batch("maps", maps, (None, None, None), device)
    check_at_least("count", count, 0)
    check_at_least("radius", radius, 0)
    check_at_least("tolerance", tolerance, 0)
    batch, height, width = maps.shape
    cells = device.empty((batch, count), np.int32)
    scores = device.empty((batch, count), np.float32)
    found = device.empty((batch,), np.int32)
    sizes = (batch, count, height, width)
    working = scratch(device, "pt_center_nms_topk", *sizes)
    options = (radius, tolerance, threshold)
    outputs = (cells, scores, found)
    device.call(
        "pt_center_nms_topk", *outputs, working, maps, head_dtype(maps), stride, *sizes, *options
    )
    return cells, scores, found


def center_offset_decode(
    cells: Int32Array,
    offset: Float32Array,
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
            may lie between cells; `rounded`: the offset of the nearest cell is added to that cell.
            The same where `ratio` is 1.

    Returns:
        (B, N, K, 2) float32 x, y in cells of `offset`: position + sign * offset.

    Raises:
        ValueError, TypeError: as for every kernel here; a cell outside the map (on a GPU this is
            not checked: the cell counts as -1).

    Source: LOGO-CAP's released code applies the rule `floor`, its paper describes `rounded`.
    """
    device = device_of(cells, offset)
    check("cells", cells, np.int32, (None, None))
    check_head("offset", offset, (cells.shape[0], None, None, None), device)
    batch, people = cells.shape
    channels, height, width = offset.shape[1:]
    if channels % 2:
        raise ValueError(f"offset must have two channels per keypoint, got {channels}")
    if rule not in _OFFSET_RULES:
        raise ValueError(f"rule must be one of {', '.join(_OFFSET_RULES)}, got {rule!r}")
    _check_ratio(ratio, (height, width))
    _check_cells(cells, (ratio * height, ratio * width))
    keypoints = device.empty((batch, people, channels // 2, 2), np.float32)
    sizes = (batch, people, channels // 2, height, width)
    options = (sign, ratio, _OFFSET_RULES.index(rule))
    dtype = head_dtype(offset)
    device.call("pt_center_offset_decode", keypoints, cells, offset, dtype, *sizes, *options)
    return keypoints


def gaussian_argmax(
    heatmap: Float32Array,
    centers: Float32Array,
    spread: Float32Array,
    boxes: Float32Array | None = None,
) -> tuple[Int32Array, Float32Array]:
    """For every keypoint of every pose, the cell where heatmap x Gaussian is highest.

    The weight of a cell is exp(-d^2 / spread) with d its distance to the Gaussian's centre.

    Args:
        heatmap: (B, K, h, w) head, not negative; may be the first channels of a larger array.
        centers: (B, N, K, 2) float32 x, y of the Gaussians in cells.
        spread: (B, N) float32 in cells^2; a pose whose spread is not positive is left out.
        boxes: (B, N, 4) float32 x1, y1, x2, y2 in cells: only x1 <= column < x2 and
            y1 <= row < y2 count.

    Returns:
        (B, N, K) int32 cells and (B, N, K) float32 heatmap x weight there; equal values go to the
        lower cell; -1 and 0 where nothing is above 0.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    device = device_of(heatmap, centers, spread, boxes)
    check("centers", centers, np.float32, (None, None, None, 2))
    batch, people, keypoints = centers.shape[:3]
    stride = check_head_batch("heatmap", heatmap, (batch, keypoints, None, None), device)
    check("spread", spread, np.float32, (batch, people))
    if boxes is not None:
        check("boxes", boxes, np.float32, (batch, people, 4))
    cells = device.empty((batch, people, keypoints), np.int32)
    values = device.empty((batch, people, keypoints), np.float32)
    map_sizes = (keypoints, *heatmap.shape[2:])
    working = scratch(device, "pt_gaussian_argmax", batch, *map_sizes)
    pointers = (cells, values, working, heatmap, centers, spread, boxes)
    strides = (head_dtype(heatmap), stride)
    device.call("pt_gaussian_argmax", *pointers, *strides, batch, people, *map_sizes)
    return cells, values


def _check_ratio(ratio: int, size: tuple[int, int]) -> None:
    max_ratio = _INT32_MAX // max(*size, 1)
    if not 1 <= ratio <= max_ratio:
        raise ValueError(f"ratio must be from 1 to {max_ratio} for a map of {size}, got {ratio}")


def _check_cells(cells: Any, size: tuple[int, int]) -> None:
    """Check that no cell lies behind a map of (h, w); a tensor on a GPU is not checked."""
    if not isinstance(cells, np.ndarray):
        return
    highest = int(cells.max(initial=-1))
    if highest >= size[0] * size[1]:
        raise ValueError(
            f"cells must be below {size[0] * size[1]}, those of a map of {size}, got {highest}: "
            "is `ratio` that of the map they were found in?"
        )
