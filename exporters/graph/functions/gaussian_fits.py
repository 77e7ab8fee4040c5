"""Gaussians fitted to windows of enlarged heatmaps, all at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..nodes import Attribute, Nodes, Value
from .indexing import counted, divided, numbers, sides
from .least_squares import fitted
from .upsampling import at_pixels

_FAR = 1e9  # pixels, beyond any map
_LEAST_PIXELS = 4  # of a window: there are four parameters
_SWAPPED = [1, 0]  # x, y <-> row, column


def fit_gaussians(
    nodes: Nodes,
    heatmap: Value,
    keypoints: Value,
    scores: Value,
    factors: Value,
    counts: Value,
    min_score: Attribute,
    radius: Attribute,
    sigma: Attribute,
    max_evaluations: Attribute,
    clamped: Attribute,
    ratio: Attribute,
) -> tuple[Value, Value]:
    """See `pt_fit_gaussians`; `least_squares.fitted` says how far its results lie apart.

    It makes arrays of B * N * K * (2 * radius + 1)^2 numbers, about twelve at once.
    """
    points = nodes.Transpose(keypoints, perm=[0, 2, 1, 3]).of_rank(4)[..., _SWAPPED]
    sizes = nodes.Shape(heatmap, start=2).of_rank(1) * ratio
    window = _window(nodes, points, sizes, radius, clamped)
    heights, values, exists = _values(nodes, heatmap, window, sizes, radius, ratio)
    middle = (window.pixel - window.first).cast(np.float32)
    guess = (heights, middle[..., 0], middle[..., 1], nodes.Expand(sigma, nodes.Shape(heights)))
    start = nodes.Concat(*(nodes.Reshape(one, [1, -1]) for one in guess), axis=0).of_rank(2)
    trips = nodes.Max((max_evaluations + 3) / 5, 1)
    ends, converged = fitted(nodes, start, values, exists, trips)
    shape = nodes.Shape(heights)
    ends = nodes.Transpose(ends, perm=[1, 0])
    ends = nodes.Reshape(ends, nodes.Concat(shape, [-1], axis=0)).of_rank(4)
    moves = window.fits & nodes.Reshape(converged, shape).of_rank(3)
    height = nodes.Where(window.is_far, heights, ends[..., 0])
    place = nodes.Where(window.is_far[..., None], middle, ends[..., 1:3])
    place = (place + window.first.cast(np.float32))[..., _SWAPPED]
    place = nodes.Transpose(place, perm=[0, 2, 1, 3]).of_rank(4)
    moves, height = (
        nodes.Transpose(one, perm=[0, 2, 1]).of_rank(3) for one in (moves | window.is_far, height)
    )
    moves = moves & (scores > min_score)
    valid = counted(nodes, counts, scores)[..., None]
    fitted_scores = nodes.Where(moves, height * factors[..., None], scores)
    points = nodes.Where(moves[..., None], place, keypoints)
    return nodes.Where(valid[..., None], points, 0.0), nodes.Where(valid, fitted_scores, 0.0)


class _Window(NamedTuple):
    """Windows of (B, K, N) keypoints.

    Attributes:
        pixel: (B, K, N, 2) int64 row, column of the keypoint, not below minus the map's size.
        first: (B, K, N, 2) int64 first row, column of the window.
        reach: (B, K, N, 2) int64 rows, columns of the window, at least 1.
        fits: whether a Gaussian can be fitted.
        is_far: whether the keypoint is so far above or left of the map that it comes to its pixel.
    """

    pixel: Value
    first: Value
    reach: Value
    fits: Value
    is_far: Value


def _window(nodes: Nodes, points: Value, sizes: Value, radius: Value, clamped: Value) -> _Window:
    """The windows around (B, K, N, 2) points y, x in maps of the sizes H, W."""
    last = sizes - 1
    moved = points + 0.5
    whole = nodes.Sign(moved) * nodes.Floor(nodes.Abs(moved))
    pixel = nodes.Min(nodes.Max(whole, -_FAR), _FAR).cast(np.int64)
    is_clamped = clamped > 0
    pixel = nodes.Where(is_clamped, nodes.Max(nodes.Min(pixel, last), 0), pixel)
    on_border = pixel.equal(0) | pixel.equal(last)
    refused = (on_border & ~is_clamped) | (pixel < -sizes) | (pixel > last)
    refused = refused | pixel.equal(-1 - radius) | nodes.IsNaN(points * 0.0)
    pixel = nodes.Max(nodes.Min(pixel, last), -sizes)
    first = nodes.Max(pixel - radius, 0)
    reach = nodes.Max(nodes.Min(pixel + radius, last) - first + 1, 1)
    can = refused.sum(3).equal(0)
    far = (pixel < -radius).sum(3) > 0
    enough = reach[..., 0] * reach[..., 1] >= _LEAST_PIXELS
    return _Window(pixel, first, reach, can & ~far & enough, can & far)


def _values(
    nodes: Nodes, heatmap: Value, window: _Window, sizes: Value, radius: Value, ratio: Value
) -> tuple[Value, Value, Value]:
    """What is fitted.

    As in the released code, a window of h x w values is laid out as one of w rows and h columns,
    and a first height above or left of the map is read at its other end.

    Returns:
        (B, K, N) float32 first heights; (s, s, P) float32 values; (2, s, P) bool, which rows and
        which columns of these exist.
    """
    length = radius * 2 + 1
    along = numbers(nodes, length)
    exists = along < window.reach[..., _SWAPPED][..., None]  # (B, K, N, 2, s)
    height, width = (window.reach[..., i, None, None] for i in (0, 1))
    places = divided(nodes, along[:, None] * height + along, width)
    pixel = nodes.Where(window.pixel < 0, window.pixel + sizes, window.pixel)
    rows, columns = (
        nodes.Concat(
            pixel[..., i, None],
            nodes.Reshape(
                nodes.Min(place + window.first[..., i, None, None], sizes[i] - 1), [0, 0, 0, -1]
            ),
            axis=3,
        ).of_rank(4)
        for i, place in enumerate(places)
    )
    read = at_pixels(nodes, heatmap, rows, columns, ratio)
    exists = nodes.Reshape(exists, sides(nodes, -1, 2, length))
    values = nodes.Reshape(read[..., 1:], sides(nodes, -1, length, length))
    exists, values = (nodes.Transpose(a, perm=[1, 2, 0]).of_rank(3) for a in (exists, values))
    values = nodes.Where(exists[0][:, None] & exists[1], values, 0.0)
    return read[..., 0], values, exists
