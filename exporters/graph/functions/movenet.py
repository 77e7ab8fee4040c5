"""The decoding of MoveNet MultiPose around `gaussian_argmax`."""

from __future__ import annotations

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import at_cells, counted, divided, side

_TINY = np.finfo(np.float32).tiny


def movenet_boxes(
    nodes: Nodes,
    peaks: Value,
    box_size: Value,
    box_offset: Value,
    min_area: Attribute,
    share: Attribute,
) -> tuple[Value, Value]:
    """See `pt_movenet_boxes`; in float32."""
    cells, known = _cells(nodes, peaks, box_size)
    row, column = divided(nodes, cells, side(nodes, box_size, 3))
    place = nodes.Concat(column[..., None], row[..., None], axis=2).of_rank(3).cast(np.float32)
    middle = place + at_cells(nodes, box_offset, cells)
    half = nodes.Max(at_cells(nodes, box_size, cells), 0.0) * 0.5
    boxes = nodes.Concat(middle - half, middle + half, axis=2).of_rank(3)
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    spread = nodes.Max(width * height, min_area) * share
    zero = 0.0
    return nodes.Where(known[..., None], boxes, zero), nodes.Where(known, spread, zero)


def movenet_positions(
    nodes: Nodes,
    cells: Value,
    regressed: Value,
    local_offset: Value,
    heatmap: Value | None,
    counts: Value,
) -> Value:
    """See `pt_movenet_positions`; in float32."""
    known_cells, known = _cells(nodes, cells, local_offset)
    height, width = side(nodes, local_offset, 2), side(nodes, local_offset, 3)
    row, column = divided(nodes, known_cells, width)
    reach = range(-1, 2) if heatmap is not None else range(1)
    total: Value | None = None
    places: Value | None = None
    for down in reach:
        for right in reach:
            y, x = row + down, column + right
            exists = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            at = y * width + x
            steps = [_at_own_cells(nodes, local_offset, at, 2, axis) for axis in (0, 1)]
            here = [
                (x.cast(np.float32) + steps[0])[..., None],
                (y.cast(np.float32) + steps[1])[..., None],
            ]
            place = nodes.Concat(*here, axis=3).of_rank(4)
            if heatmap is None:
                places = place
                continue
            heat = nodes.Where(exists, _at_own_cells(nodes, heatmap, at, 1, 0), 0.0)
            weighted = nodes.Where(exists[..., None], place, 0.0) * heat[..., None]
            total = heat if total is None else total + heat
            places = weighted if places is None else places + weighted
    assert places is not None  # there is one cell at least
    if total is not None:
        places = places / nodes.Max(total, _TINY)[..., None]
    keypoints = nodes.Where(known[..., None], places, regressed)
    return nodes.Where(counted(nodes, counts, cells)[..., None, None], keypoints, 0.0)


def movenet_shared_values(
    nodes: Nodes,
    cells: Value,
    heatmap: Value,
    centers: Value,
    spread: Value,
    boxes: Value,
    counts: Value,
) -> Value:
    """See `pt_movenet_shared_values`; it makes B * N * N * K numbers."""
    known_cells, known = _cells(nodes, cells, heatmap)
    row, column = divided(nodes, known_cells, side(nodes, heatmap, 3))
    # axes: image, pose of the cell, pose of the window, keypoint
    x, y = column.cast(np.float32)[:, :, None], row.cast(np.float32)[:, :, None]
    x1, y1, x2, y2 = (boxes[:, None, :, i, None] for i in range(4))
    over = spread[:, None, :, None]
    across, down = x - centers[:, None, ..., 0], y - centers[:, None, ..., 1]
    squared = across * across + down * down
    valid = counted(nodes, counts, cells)
    sees = valid[:, None, :, None] & (over > 0.0) & ~nodes.IsNaN(squared)
    sees = sees & (x >= x1) & (x < x2) & (y >= y1) & (y < y2)
    weights = nodes.Where(sees, nodes.Exp(-squared / over), 0.0)
    best = weights.max(2)
    values = _at_own_cells(nodes, heatmap, known_cells, 1, 0) * best
    return nodes.Where(known & valid[..., None], values, 0.0)


def _cells(nodes: Nodes, cells: Value, maps: Value) -> tuple[Value, Value]:
    """int64 cells that can be read, and which of them are cells of the maps."""
    wide = cells.cast(np.int64)
    known = (wide >= 0) & (wide < side(nodes, maps, 2) * side(nodes, maps, 3))
    return nodes.Where(known, wide, 0), known


def _at_own_cells(nodes: Nodes, maps: Value, cells: Value, each: int, which: int) -> Value:
    """What the channels k * each + which of (B, K * each, h, w) say at (B, N, K) cells."""
    pixels = side(nodes, maps, 2) * side(nodes, maps, 3)
    shape = nodes.Concat([0, -1, each], pixels[None], axis=0)
    flat = nodes.Reshape(maps, shape).of_rank(4)[:, :, which]
    inside = nodes.Min(nodes.Max(cells, 0), pixels - 1)
    found = nodes.GatherElements(flat, nodes.Transpose(inside, perm=[0, 2, 1]), axis=2)
    return nodes.Transpose(found, perm=[0, 2, 1]).of_rank(3)
