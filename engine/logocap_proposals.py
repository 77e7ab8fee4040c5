"""LOGO-CAP's first guess of the poses: peaks of the center map, and the offsets read there."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, Float32Array, Int64Array
from .center_peaks import strongest_cells, suppress_others

_PEAK_WINDOW = 3  # input pixels in which a center is the highest


def highest_centers(center: AnyArray, most: int) -> tuple[Int64Array, Float32Array]:
    """The pixels of an upsampled center map that no neighbour exceeds, highest first.

    All members of a plateau count. Where there are too few, pixels of value 0 fill up.

    Args:
        center: (H, W) float32.
        most: pixels returned, or H x W where that is less.

    Returns:
        (N, 2) int64 x, y and (N,) float32 values; equal values by row, then column.
    """
    values, cells = strongest_cells(suppress_others(center[None], _PEAK_WINDOW), most)
    y, x = np.divmod(cells[0], center.shape[1])
    return np.stack((x, y), axis=1), values[0]


def likely_centers(values: AnyArray, min_score: float) -> Int64Array:
    """(M,) rows of (N,) falling values that reach `min_score`; the first if none does."""
    likely = np.flatnonzero(values >= np.float32(min_score))
    return likely if len(likely) else np.arange(min(1, len(values)))


def initial_poses(centers: Int64Array, offset: AnyArray, stride: int) -> Float32Array:
    """The poses that the offset field regresses from each center.

    The offset is that of the cell the center lies in, but it starts from the center itself: up to
    1 - 1 / stride of a cell stays in the pose.

    Args:
        centers: (N, 2) x, y in input pixels.
        offset: (2K, h, w) cells, x0, y0, x1, ...; position minus keypoint.
        stride: input pixels per cell.

    Returns:
        (N, K, 2) input pixels.
    """
    column, row = np.floor_divide(centers, stride).T
    steps = offset[:, row, column].T.reshape(len(centers), -1, 2)
    places = centers[:, None].astype(np.float32) / np.float32(stride)
    return np.asarray((places - steps) * np.float32(stride), np.float32)
