"""RoIAlign: the features inside a box as a fixed grid, from the pyramid level for its size.

Sources: He et al., "Mask R-CNN", ICCV 2017 (RoIAlign); Lin et al., "Feature Pyramid Networks for
Object Detection", CVPR 2017, equation 1 (levels).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ...structures.model_spec import CellOrigin
from .boxes import box_area

# An RoI of 224 x 224 px, the size that ImageNet networks see, belongs to stride 2^4.
CANONICAL_SIDE = 224
CANONICAL_LOG_STRIDE = 4
# Detectron's guard against rounding below a whole level.
LEVEL_EPSILON = 1e-6

T = TypeVar("T", int, float)


def roi_level(rois: Tensor, strides: Sequence[int]) -> Tensor:
    """Which map each RoI is pooled from: floor(4 + log2(sqrt(w h) / 224)) is its log2 stride.

    Args:
        rois: (..., 4) input pixels.
        strides: of the maps, each twice the one before.

    Returns:
        (...) int64 indices into `strides`; beyond the first or last map, that one.
    """
    side = box_area(rois).clamp(min=0).sqrt()
    log_stride = torch.floor(
        CANONICAL_LOG_STRIDE + torch.log2(side / CANONICAL_SIDE + LEVEL_EPSILON)
    )
    first = int(math.log2(strides[0]))
    return (log_stride - first).clamp(0, len(strides) - 1).long()


def roi_align(
    maps: Sequence[Tensor],
    strides: Sequence[int],
    rois: Tensor,
    *,
    size: tuple[int, int],
    samples: int = 2,
    cell_origin: CellOrigin = "half-pixel",
) -> Tensor:
    """Pool every RoI to a grid of `size` cells, each the mean of bilinear samples inside it.

    A sample outside its map takes the nearest cell's value; one that lies more than a cell
    outside, as happens to RoIs extended beyond the image, counts as 0 (Detectron's rule).

    Args:
        maps: (B, C, h, w) each, finest first; one map or several levels of a pyramid.
        strides: input pixels per cell of each map, each twice the one before.
        rois: (B, N, 4) x1, y1, x2, y2 in input pixels; an empty one gives what lies at its place.
        size: (rows, columns) of the grid; need not be square.
        samples: samples per cell and axis.
        cell_origin: `half-pixel`: cell j lies at (j + 0.5) * stride - 0.5; `corner`: at j * stride.

    Returns:
        (B, N, C, rows, columns).
    """
    level = roi_level(rois, strides)
    scale = _per_roi(level, [1 / stride for stride in strides])
    heights = [m.shape[2] for m in maps]
    first_rows = [sum(heights[:i]) + i for i in range(len(maps))]  # one row lies between two maps
    x, inside_x = _sample_cells(
        rois[..., 0::2],
        scale,
        _per_roi(level, [m.shape[3] for m in maps]),
        count=size[1] * samples,
        cell_origin=cell_origin,
    )
    y, inside_y = _sample_cells(
        rois[..., 1::2],
        scale,
        _per_roi(level, heights),
        count=size[0] * samples,
        cell_origin=cell_origin,
    )
    y = y + _per_roi(level, first_rows)[..., None]
    sampled = _bilinear(_one_canvas(maps), x, y)
    inside = (inside_y[..., :, None] & inside_x[..., None, :]).flatten(1, 2)
    pooled = F.avg_pool2d(sampled * inside[:, None], samples)
    return pooled.reshape(*pooled.shape[:2], -1, *size).transpose(1, 2)


def _per_roi(level: Tensor, values: Sequence[T]) -> Tensor:
    """The value of each RoI's level, (B, N); sums, so that traced sizes stay dynamic."""
    result = (level == 0) * values[0]
    for i, value in enumerate(values[1:], 1):
        result = result + (level == i) * value
    return result


def _sample_cells(
    ends: Tensor, scale: Tensor, cells: Tensor, *, count: int, cell_origin: CellOrigin
) -> tuple[Tensor, Tensor]:
    """Where the samples along one axis lie, (B, N, count) in cells, and which are near the map."""
    steps = torch.arange(count, device=ends.device, dtype=ends.dtype)
    pixels = ends[..., :1] + (ends[..., 1:] - ends[..., :1]) * ((steps + 0.5) / count)
    shift = 0.5 if cell_origin == "half-pixel" else 0.0
    place = (pixels + shift) * scale[..., None] - shift
    cells = cells[..., None]
    inside = (place >= -1) & (place <= cells)
    return torch.minimum(place.clamp(min=0), (cells - 1).to(place.dtype)), inside


def _one_canvas(maps: Sequence[Tensor]) -> Tensor:
    """All levels below each other, so that one sampling serves the RoIs of all of them.

    Edge cells are repeated to the right and once below: a sample at the edge of a map, which
    rounding may move beyond it, then reads the value of the edge.
    """
    if len(maps) == 1:
        return maps[0]
    width = maps[0].shape[3]
    return torch.cat([F.pad(m, (0, width - m.shape[3], 0, 1), mode="replicate") for m in maps], 2)


def _bilinear(canvas: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """(B, C, h, w) at the crossings of x (B, N, c) and y (B, N, r), cells -> (B, C, N * r, c)."""
    # grid_sample counts from -1 at the left edge of the first cell to 1 at the right of the last.
    x = (2 * x + 1) / canvas.shape[3] - 1
    y = (2 * y + 1) / canvas.shape[2] - 1
    rows, columns = y.shape[2], x.shape[2]
    crossings = (x[:, :, None].expand(-1, -1, rows, -1), y[..., None].expand(-1, -1, -1, columns))
    grid = torch.stack(crossings, -1).flatten(1, 2)
    return F.grid_sample(canvas, grid, padding_mode="border", align_corners=False)
