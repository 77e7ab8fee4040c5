"""The windows of LOGO-CAP: how its local meshes and its Gaussian lie, and their best points."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...kernels.transfer import like
from ...structures.arrays import AnyArray, Float32Array, HeadArray


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


def best_of_window(
    keypoints: Float32Array, weights: Float32Array, first_weight: float
) -> tuple[Float32Array, Float32Array]:
    """The two highest cells of one window that holds the same around every keypoint, joined.

    Args:
        keypoints: (B, N, K, 2) input pixels, on any device.
        weights: (g, g) window, a cell per pixel, NumPy's; axis 0 runs along y.
        first_weight: of the highest cell; the second has the rest. Of equal cells the one in the
            earlier row, then column, is the higher.

    Returns:
        (B, N, K, 2) input pixels and (B, N, K) values: the outputs of `kernels.global_adaptation`.
    """
    best = np.argsort(-weights, axis=None, kind="stable")[:2]
    cells = np.stack(np.divmod(best, weights.shape[1])[::-1], axis=1) - weights.shape[1] // 2
    shares = np.array([first_weight, 1 - first_weight])
    step = like(keypoints, np.asarray(shares @ cells, np.float32))
    value = float(np.float32(shares @ weights.reshape(-1)[best]))
    return keypoints + step, keypoints[..., 0] * 0.0 + value


def best_mesh_points(
    keypoints: Float32Array, steps: Float32Array, attraction: HeadArray
) -> tuple[Float32Array, Float32Array]:
    """Where the attraction map of each keypoint is highest, and its value there.

    Args:
        keypoints: (B, N, K, 2) input pixels.
        steps: (K, s) of `mesh_steps`, on their device.
        attraction: (B, N, K, s, s) attraction maps; axis 3 runs along y.

    Returns:
        (B, N, K, 2) input pixels and (B, N, K); the first row, then column, of equal values.
    """
    side = steps.shape[1]
    maps = attraction.reshape(-1, *attraction.shape[2:])
    cells, values = kernels.fuse_offsets(maps, None, radius=0.0, smoothing=0.0)
    middle = side // 2
    moved = (cells - float(middle)) * steps[:, middle + 1, None]
    moved = moved.reshape(-1, *keypoints.shape[1:])
    return keypoints + moved, values.reshape(-1, *keypoints.shape[1:3])
