"""LOGO-CAP's global keypoint expansion: a large window of the heatmap around each keypoint.

The window is weighed by a Gaussian, convolved with the keypoint's own attraction map, and its two
highest cells say where the keypoint lies.
"""

from __future__ import annotations

import numpy as np

from ..structures.arrays import AnyArray, Float32Array
from .map_sampling import sample_planes


def heatmap_windows(keypoints: AnyArray, heatmap: AnyArray, side: int) -> Float32Array:
    """The heatmaps around the keypoints of one pose, pixel by pixel.

    Args:
        keypoints: (K, 2) input pixels.
        heatmap: (K, H, W) float32, of the input's size.
        side: of the window, odd, pixels.

    Returns:
        (K, side, side) float32; the middle lies at the keypoint, axis 1 runs along y.
    """
    radius = side // 2
    steps = np.arange(-radius, radius + 1, dtype=np.float32)
    places = np.asarray(keypoints, np.float32)[:, :, None] + steps
    return sample_planes(heatmap, places[:, 0], places[:, 1])


def gaussian_window(side: int) -> Float32Array:
    """(side, side) weights: 1 in the middle, three sigmas from there to the border.

    Source: LOGO-CAP, equation 1; sigma is 16 pixels for a side of 97.
    """
    sigma = (side - 1) / 6
    squared = (np.arange(side) - side // 2) ** 2
    return np.exp(-(squared[:, None] + squared) / (2 * sigma * sigma)).astype(np.float32)


def convolve_each(windows: AnyArray, kernels: AnyArray) -> Float32Array:
    """Each window convolved with its own kernel; what lies outside a window counts as 0.

    A true convolution: the kernel's first row weighs what lies *below* by its radius.

    Args:
        windows: (K, a, a) float32.
        kernels: (K, s, s) float32, s odd.

    Returns:
        (K, a, a) float32.
    """
    count, side = windows.shape[:2]
    size = kernels.shape[1]
    radius = size // 2
    padded = np.pad(windows, ((0, 0), (radius, radius), (radius, radius)))
    total = np.zeros((count, side, side), np.float32)
    product = np.empty_like(total)
    for row in range(size):
        for column in range(size):
            top, left = 2 * radius - row, 2 * radius - column
            part = padded[:, top : top + side, left : left + side]
            np.multiply(part, kernels[:, row, column, None, None], out=product)
            total += product
    return total


def best_two(windows: AnyArray, first_weight: float) -> tuple[Float32Array, Float32Array]:
    """The weighted mean of the two highest cells of each window, and of their values.

    Args:
        windows: (K, a, a); equal values by row, then column.
        first_weight: of the highest; the second has the rest.

    Returns:
        (K, 2) x, y from the middle of the window, pixels, and (K,) values.
    """
    count, side = windows.shape[:2]
    flat = windows.reshape(count, side * side)
    rows = np.arange(count)
    first = flat.argmax(axis=1)
    rest = flat.copy()
    rest[rows, first] = -np.inf
    second = rest.argmax(axis=1)
    weights = np.array([first_weight, 1 - first_weight], np.float32)
    cells = np.stack((first, second))
    values = np.tensordot(weights, flat[rows, cells], axes=1)
    y, x = np.divmod(cells, side)
    moved = np.tensordot(weights, np.stack((x, y), axis=2).astype(np.float32), axes=1)
    return np.asarray(moved - np.float32(side // 2), np.float32), np.asarray(values, np.float32)
