"""Regressed keypoints refined by the heatmap around them, and the feature that scores a pose."""

from __future__ import annotations

from math import inf

import numpy as np

from ....kernels.contract import CONSTANTS
from ....structures.pose_links import POSE_LINKS
from ..nodes import Attribute, Nodes, Value
from .indexing import counted, divided, side
from .upsampling import at_pixels

_LINKS = {len(links): links for links in POSE_LINKS.values()}
_UNIT_LINKS = (9, 11)  # whose mean length is a pose's size


def sample_heat(
    nodes: Nodes,
    heatmap: Value,
    keypoints: Value,
    counts: Value,
    at: Attribute,
    ratio: Attribute,
) -> Value:
    """See `pt_sample_heat`."""
    points = nodes.Transpose(keypoints, perm=[0, 2, 1, 3]).of_rank(4)
    known = nodes.IsNaN(points).sum(3).equal(0)
    points = nodes.Where(known[..., None], points, 0.0)
    x, y = points[..., 0], points[..., 1]
    whole_x, whole_y = _truncated(nodes, x), _truncated(nodes, y)
    floor, transposed = (at.equal(CONSTANTS[name]) for name in ("PT_FLOOR", "PT_TRANSPOSED"))
    row = nodes.Where(floor, nodes.Floor(y), nodes.Where(transposed, whole_x, whole_y))
    column = nodes.Where(floor, nodes.Floor(x), nodes.Where(transposed, whole_y, whole_x))
    last_row, last_column = (side(nodes, heatmap, axis) * ratio - 1 for axis in (2, 3))
    rows, columns = _limited(nodes, row, last_row), _limited(nodes, column, last_column)
    below, beside = nodes.Min(rows + 1, last_row), nodes.Min(columns + 1, last_column)
    pixels = at_pixels(
        nodes,
        heatmap,
        nodes.Concat(rows[..., None], below[..., None], axis=3).of_rank(4)[..., None],
        nodes.Concat(columns[..., None], beside[..., None], axis=3).of_rank(4)[..., None, :],
        ratio,
    )
    u, v = (x - whole_x)[..., None], y - whole_y
    wide = pixels[..., 0] * (1.0 - u) + pixels[..., 1] * u
    between = wide[..., 0] * (1.0 - v) + wide[..., 1] * v
    inside = (row >= 0.0) & (row < last_row.cast(np.float32))
    inside = inside & (column >= 0.0) & (column < last_column.cast(np.float32))
    between = nodes.Where(inside, between, 0.0)
    value = nodes.Where(at.equal(CONSTANTS["PT_BETWEEN"]), between, pixels[..., 0, 0])
    values = nodes.Transpose(nodes.Where(known, value, 0.0), perm=[0, 2, 1]).of_rank(3)
    return nodes.Where(counted(nodes, counts, keypoints)[..., None], values, 0.0)


def snap_to_peaks(
    nodes: Nodes,
    keypoints: Value,
    cells: Value,
    peak_values: Value,
    unmoved: Value,
    counts: Value,
    maps: Value,
    max_distance: Attribute,
    min_value: Attribute,
    zero_at: Attribute,
    ratio: Attribute,
) -> tuple[Value, Value, Value]:
    """See `pt_snap_to_peaks`; it makes B * N * K * M distances."""
    points = nodes.Transpose(keypoints, perm=[0, 2, 1, 3]).of_rank(4)
    places = _places(nodes, cells, side(nodes, maps, 3) * ratio)
    step = points[:, :, :, None] - places[:, :, None]
    distance = (step[..., 0] * step[..., 0] + step[..., 1] * step[..., 1]) ** 0.5
    possible = ((cells >= 0) & (peak_values > min_value))[:, :, None]
    distance = nodes.Where(possible & ~nodes.IsNaN(distance), distance, inf)
    nearest = nodes.ArgMin(distance, axis=3, keepdims=0).of_rank(3)  # (B, K, N)
    value = nodes.GatherElements(peak_values, nearest, axis=2).of_rank(3)
    taken = nodes.GatherElements(cells, nearest, axis=2).of_rank(3)
    place = _places(nodes, taken, side(nodes, maps, 3) * ratio)
    moves = distance.min(3) < max_distance
    value = nodes.Where(value <= zero_at, 0.0, value)
    value, moves = (nodes.Transpose(one, perm=[0, 2, 1]).of_rank(3) for one in (value, moves))
    valid = counted(nodes, counts, keypoints)[..., None]
    moved = moves & valid
    place = nodes.Transpose(place, perm=[0, 2, 1, 3]).of_rank(4)
    snapped = nodes.Where(moved[..., None], place, keypoints)
    return (
        nodes.Where(valid[..., None], snapped, 0.0),
        nodes.Where(valid, nodes.Where(moved, value, unmoved), 0.0),
        moved.cast(np.int32),
    )


def scoring_feature(
    nodes: Nodes, keypoints: Value, scores: Value, counts: Value, L: Attribute
) -> Value:
    """See `pt_scoring_feature`; the number of links is fixed when it is written."""
    first, second = (list(ends) for ends in zip(*_LINKS[int(L.number)], strict=True))
    vectors = keypoints[:, :, first] - keypoints[:, :, second]
    x, y = vectors[..., 0], vectors[..., 1]
    lengths = (x * x + y * y) ** 0.5
    one, other = (lengths[..., link] for link in _UNIT_LINKS)
    unit = nodes.Max((one + other) / 2.0, 1.0)[..., None]
    flat = nodes.Reshape(vectors / unit[..., None], [0, 0, 2 * len(first)])
    features = nodes.Concat(flat, lengths / unit, scores, axis=2).of_rank(3)
    return nodes.Where(counted(nodes, counts, scores)[..., None], features, 0.0)


def _places(nodes: Nodes, cells: Value, width: Value) -> Value:
    """float32 x, y of cells; those below 0 are somewhere."""
    rows, columns = divided(nodes, nodes.Max(cells.cast(np.int64), 0), width)
    both = nodes.Concat(columns[..., None], rows[..., None], axis=3).of_rank(4)
    return both.cast(np.float32)


def _truncated(nodes: Nodes, number: Value) -> Value:
    """Whole numbers, rounded towards 0."""
    return nodes.Sign(number) * nodes.Floor(nodes.Abs(number))


def _limited(nodes: Nodes, whole: Value, last: Value) -> Value:
    """Whole numbers as int64, limited to the pixels of one side."""
    return nodes.Min(nodes.Max(whole, 0.0), last.cast(np.float32)).cast(np.int64)
