"""The windows of LOGO-CAP: how its local meshes and its Gaussian lie, and the best mesh points."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...structures.arrays import AnyArray, Float32Array


def mesh_steps(spreads: AnyArray, side: int) -> Float32Array:
    """How far the columns (and rows) of each keypoint's mesh lie from it.

    Args:
        spreads: (K,) pixels between two columns.
        side: points of the mesh along each axis, odd.

    Returns:
        (K, side) pixels, ascending, 0 in the middle.
    """
    radius = side // 2
    steps = np.arange(-radius, radius + 1, dtype=np.float32)
    return np.asarray(np.float32(spreads)[:, None] * steps, np.float32)


def gaussian_window(side: int) -> Float32Array:
    """(side, side) weights: 1 in the middle, three sigmas from there to the border.

    Source: LOGO-CAP, equation 1; sigma is 16 pixels for a side of 97.
    """
    sigma = (side - 1) / 6
    squared = (np.arange(side) - side // 2) ** 2
    return np.exp(-(squared[:, None] + squared) / (2 * sigma * sigma)).astype(np.float32)


def best_mesh_points(
    keypoints: AnyArray, steps: AnyArray, attraction: Float32Array
) -> tuple[Float32Array, Float32Array]:
    """Where the attraction map of each keypoint is highest, and its value there.

    Args:
        keypoints: (N, K, 2) input pixels.
        steps: (K, s) of `mesh_steps`.
        attraction: (N, K, s, s) attraction maps; axis 2 runs along y.

    Returns:
        (N, K, 2) input pixels and (N, K); the first row, then column, of equal values.
    """
    cells, values = kernels.heatmap_argmax(attraction)
    row, column = np.divmod(cells, attraction.shape[3])
    index = np.arange(attraction.shape[1])
    moved = np.stack((steps[index, column], steps[index, row]), axis=2)
    return np.asarray(keypoints + moved, np.float32), values
