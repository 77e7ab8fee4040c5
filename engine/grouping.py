"""What the fused heatmap says of regressed keypoints: its value there, and the nearest peak."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, BoolArray, Float32Array
from .center_peaks import strongest_cells, suppress_others

# Side of the window in which a keypoint's candidate is the highest, pixels.
# Source: `absorb_heat` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR.
_CANDIDATE_WINDOW = 5


def heat_between(heat: AnyArray, keypoints: AnyArray) -> Float32Array:
    """Bilinear heatmap value at each keypoint; 0 where a neighbour is missing.

    The cell before a point is found by rounding towards 0, as published: up to one pixel left of
    or above the map the first two cells are extrapolated. On the last row or column it is 0.

    Args:
        heat: (K, H, W) float32.
        keypoints: (N, K, 2) x, y in pixels.

    Returns:
        (N, K) float32.

    Source: `kpts_nms` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation.
    """
    height, width = heat.shape[1:]
    before = np.trunc(keypoints)
    inside = ((before >= 0) & (before + 1 < (width, height))).all(axis=2)
    x, y = (np.where(inside, before[..., axis], 0).astype(np.int64) for axis in (0, 1))
    u, v = (keypoints[..., axis] - before[..., axis] for axis in (0, 1))
    k = np.arange(len(heat))
    right, below = np.minimum(x + 1, width - 1), np.minimum(y + 1, height - 1)
    upper = heat[k, y, x] * (1 - u) + heat[k, y, right] * u
    lower = heat[k, below, x] * (1 - u) + heat[k, below, right] * u
    return np.where(inside, upper * (1 - v) + lower * v, 0).astype(np.float32)


def heat_at_floor(heat: AnyArray, keypoints: AnyArray) -> Float32Array:
    """Heatmap value of the cell that each keypoint lies in, or of the nearest border cell.

    Args:
        heat: (K, H, W) float32.
        keypoints: (N, K, 2) x, y in pixels.

    Returns:
        (N, K) float32.

    Source: `get_heat_value` of github.com/HRNet/DEKR.
    """
    height, width = heat.shape[1:]
    cells = np.clip(np.floor(keypoints), 0, (width - 1, height - 1)).astype(np.int64)
    return np.asarray(heat[np.arange(len(heat)), cells[..., 1], cells[..., 0]], np.float32)


def heat_transposed(heat: AnyArray, keypoints: AnyArray) -> Float32Array:
    """Heatmap value at row x, column y of each keypoint: a slip of the released code, kept.

    Args:
        heat: (K, H, W) float32.
        keypoints: (N, K, 2) x, y in pixels, rounded towards 0; x is limited to H - 1, y to W - 1.

    Returns:
        (N, K) float32.

    Source: `absorb_heat` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation.
    """
    height, width = heat.shape[1:]
    cells = np.clip(np.trunc(keypoints), 0, (height - 1, width - 1)).astype(np.int64)
    return np.asarray(heat[np.arange(len(heat)), cells[..., 0], cells[..., 1]], np.float32)


def absorb(
    heat: AnyArray,
    keypoints: AnyArray,
    max_candidates: int,
    max_distance: float,
    min_value: float = -np.inf,
) -> tuple[Float32Array, Float32Array, BoolArray]:
    """Move each keypoint to the nearest of its heatmap's peaks.

    Args:
        heat: (K, H, W) float32.
        keypoints: (N, K, 2) float32 x, y in pixels.
        max_candidates: peaks per keypoint, the highest ones. Where a map has fewer, cells of
            value 0 fill the list from the first one on, as in the released code.
        max_distance: pixels; a keypoint with no peak nearer stays.
        min_value: peaks at or below are no candidates; the released code takes them all.

    Returns:
        (N, K, 2) float32 keypoints, (N, K) float32 values of the nearest peaks, and (N, K) which
        keypoints were moved.
    """
    width = heat.shape[2]
    peaks = suppress_others(heat, _CANDIDATE_WINDOW)
    values, index = strongest_cells(peaks, max_candidates)  # (K, candidates)
    places = np.stack((index % width, index // width), axis=2).astype(np.float32)
    steps = keypoints[:, :, None] - places  # (N, K, candidates, 2)
    distance = np.sqrt((steps**2).sum(axis=3))
    distance = np.where(values > min_value, distance, np.inf)
    nearest = distance.argmin(axis=2)
    k = np.arange(len(heat))
    moved = np.take_along_axis(distance, nearest[..., None], axis=2)[..., 0] < max_distance
    points = np.where(moved[..., None], places[k, nearest], keypoints).astype(np.float32)
    return points, values[k, nearest], moved
