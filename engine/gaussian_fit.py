"""Keypoints moved to the middle of a Gaussian fitted to the heatmap around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import leastsq

from ..structures.arrays import AnyArray, BoolArray, Float32Array

_PARAMETERS = 4
_CONVERGED = (1, 2, 3, 4)  # of MINPACK's lmdif


@dataclass(frozen=True, slots=True)
class GaussianFit:
    """Constants of the fit.

    Source: TEST.GUASSIAN_KERNEL, TEST.GUASSIAN_SIGMA and `fit_gaussian_heatmap` of
    github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation; HRNet/DEKR has the same.
    """

    radius: int = 6  # pixels on each side of the keypoint
    sigma: float = 2.0  # of the first guess, pixels
    max_evaluations: int = 300
    clamped: bool = False  # DEKR: a keypoint on or beyond the border is fitted at the border


def adjust(
    heat: AnyArray, keypoints: AnyArray, wanted: BoolArray, constants: GaussianFit
) -> tuple[Float32Array, Float32Array]:
    """Fit a Gaussian around each wanted keypoint and move the keypoint to its middle.

    A keypoint whose fit does not converge stays; so does one on the border, unless
    `constants.clamped`. People who share a keypoint's pixel share its fit.

    Args:
        heat: (K, H, W) float32.
        keypoints: (N, K, 2) float32 x, y in pixels.
        wanted: (N, K), which to fit.
        constants: of the fit.

    Returns:
        (N, K, 2) float32 keypoints, and (N, K) float32 heights of the Gaussians, NaN where a
        keypoint stayed.

    Source: `adjust` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR.
    """
    points = np.array(keypoints, np.float32)
    heights = np.full(wanted.shape, np.nan, np.float32)
    known: dict[tuple[int, int, int], tuple[float, float, float] | None] = {}
    for n, k in np.argwhere(wanted):
        x, y = (int(value) for value in keypoints[n, k] + np.float32(0.5))  # towards 0
        pixel = (int(k), y, x)
        if pixel not in known:
            known[pixel] = _fit_pixel(heat[k], y, x, constants)
        fit = known[pixel]
        if fit is not None:
            points[n, k] = fit[:2]
            heights[n, k] = fit[2]
    return points, heights


def _fit_pixel(
    heat: AnyArray, row: int, column: int, constants: GaussianFit
) -> tuple[float, float, float] | None:
    """x, y and height of the Gaussian around a pixel of one map (H, W), or None."""
    height, width = heat.shape
    if constants.clamped:
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    elif row in (0, height - 1) or column in (0, width - 1):
        return None
    if not (-height <= row < height and -width <= column < width):
        return None
    # A pixel above or left of the map counts from its other end, as a negative index does: the
    # first guess takes its height there, and a window that ends before the map does not is long.
    top, left = max(row - constants.radius, 0), max(column - constants.radius, 0)
    bottom = min(row + constants.radius, height - 1) + 1
    right = min(column + constants.radius, width - 1) + 1
    start = (float(heat[row, column]), row - top, column - left, constants.sigma)
    fit = fit_gaussian(heat[top:bottom, left:right], start, constants.max_evaluations)
    return None if fit is None else (left + fit[2], top + fit[1], fit[0])


def fit_gaussian(
    window: AnyArray, start: tuple[float, float, float, float], max_evaluations: int
) -> tuple[float, float, float] | None:
    """Least-squares height * exp(-r^2 / (2 sigma^2)), by Levenberg-Marquardt.

    The released code lays out the grid of a window of h rows as if it had h columns, too: value
    number i, counted along the rows, stands at row i // h, column i % h. That is right in a square
    window only; in one that the border makes oblong the places are scrambled, and so is the fit.

    Args:
        window: (h, w) part of a heatmap.
        start: height, row, column, sigma to begin with.
        max_evaluations: of the Gaussian, those for its numerical derivatives included.

    Returns:
        Height, row and column; None if it did not converge.
    """
    values = window.astype(np.float64).ravel()
    if len(values) < _PARAMETERS or not np.isfinite(values).all():
        return None
    rows, columns = (
        part.astype(np.float64) for part in np.divmod(np.arange(len(values)), len(window))
    )

    def residuals(parameters: AnyArray) -> AnyArray:
        height, row, column, sigma = parameters
        squared = (columns - column) ** 2 + (rows - row) ** 2
        return np.asarray(height * np.exp(-squared / (2 * sigma**2)) - values)

    with np.errstate(all="ignore"):  # a sigma of 0 on the way
        fitted, _, _, _, reason = leastsq(
            residuals, np.array(start), full_output=True, maxfev=max_evaluations
        )
    if reason not in _CONVERGED or not np.isfinite(fitted).all():
        return None
    return float(fitted[0]), float(fitted[1]), float(fitted[2])
