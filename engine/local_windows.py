"""LOGO-CAP's local keypoint expansion: a small mesh around each keypoint, wider for vague ones."""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, Float32Array
from .map_sampling import sample_vectors


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


def mesh_features(
    keypoints: AnyArray, steps: AnyArray, embedding: AnyArray, stride: int
) -> Float32Array:
    """The embedding at every point of every mesh, as the message passing network reads it.

    Args:
        keypoints: (N, K, 2) input pixels.
        steps: (K, s) of `mesh_steps`.
        embedding: (C, h, w) float32.
        stride: input pixels per cell of the embedding; pixel p lies at p / stride.

    Returns:
        (N, K * C, s, s) float32, channel k * C + c; axis 2 runs along y.
    """
    people, count, side = len(keypoints), len(steps), steps.shape[1]
    channels = len(embedding)
    cells = np.ascontiguousarray(embedding.transpose(1, 2, 0))
    features = np.empty((people, count * channels, side, side), np.float32)
    for person, out in zip(keypoints, features, strict=True):  # one at a time stays in the cache
        places = (person[:, :, None] + steps[:, None]) / np.float32(stride)
        vectors = sample_vectors(cells, places[:, 0], places[:, 1])
        out[:] = vectors.transpose(0, 3, 1, 2).reshape(-1, side, side)
    return features


def best_mesh_points(
    keypoints: AnyArray, steps: AnyArray, kernels: AnyArray
) -> tuple[Float32Array, Float32Array]:
    """Where the attraction map of each keypoint is highest, and its value there.

    Args:
        keypoints: (N, K, 2) input pixels.
        steps: (K, s) of `mesh_steps`.
        kernels: (N, K, s, s) attraction maps; axis 2 runs along y.

    Returns:
        (N, K, 2) input pixels and (N, K); the first row, then column, of equal values.
    """
    people, count, side = kernels.shape[:3]
    flat = kernels.reshape(people, count, side * side)
    best = flat.argmax(axis=2)
    row, column = np.divmod(best, side)
    index = np.arange(count)
    moved = np.stack((steps[index, column], steps[index, row]), axis=2)
    values = np.take_along_axis(flat, best[..., None], axis=2)[..., 0]
    return np.asarray(keypoints + moved, np.float32), np.asarray(values, np.float32)
