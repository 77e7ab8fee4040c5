"""Regressed keypoints refined by the heatmap around them: the definition of right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import leastsq

from ...structures.arrays import AnyArray, Float32Array, Int32Array
from ...structures.pose_links import POSE_LINKS
from .batches import counted, takes_one_image
from .upsampling import upsample_maps

__all__ = ["fit_gaussians", "sample_heat", "scoring_feature", "snap_to_peaks"]

_RADIUS, _SIGMA = 6, 2.0
_PARAMETERS = 4
_CONVERGED = (1, 2, 3, 4)  # of MINPACK's lmdif
_UNIT_LINKS = (9, 11)


@takes_one_image(3)
def sample_heat(
    heatmap: AnyArray,
    size: tuple[int, int],
    keypoints: Float32Array,
    counts: Int32Array | None = None,
    *,
    at: str,
) -> Float32Array:
    """See `kernels.sample_heat`."""
    values = np.zeros(keypoints.shape[:3], np.float32)
    large = upsample_maps(heatmap.astype(np.float32), size, rule="corner")
    known = counted(counts, keypoints)[:, :, None] & ~np.isnan(keypoints).any(axis=3)
    for b, n, k in np.argwhere(known):
        values[b, n, k] = _READ[at](large[b, k], *keypoints[b, n, k])
    return values


def _between(heat: AnyArray, x: np.float32, y: np.float32) -> float:
    left, top = np.trunc(x), np.trunc(y)
    if not (left >= 0 and left + 1 < heat.shape[1] and top >= 0 and top + 1 < heat.shape[0]):
        return 0.0
    (a, b), (c, d) = heat[int(top) : int(top) + 2, int(left) : int(left) + 2]
    u, v, one = x - left, y - top, np.float32(1)
    return float((a * (one - u) + b * u) * (one - v) + (c * (one - u) + d * u) * v)


def _at_floor(heat: AnyArray, x: np.float32, y: np.float32) -> float:
    return _at_pixel(heat, np.floor(y), np.floor(x))


def _transposed(heat: AnyArray, x: np.float32, y: np.float32) -> float:
    return _at_pixel(heat, np.trunc(x), np.trunc(y))


def _at_pixel(heat: AnyArray, row: np.float32, column: np.float32) -> float:
    y = int(np.clip(row, 0, heat.shape[0] - 1))
    x = int(np.clip(column, 0, heat.shape[1] - 1))
    return float(heat[y, x])


_READ = {"between": _between, "floor": _at_floor, "transposed": _transposed}


@takes_one_image(3)
def snap_to_peaks(  # noqa: PLR0913 - as the kernel
    keypoints: Float32Array,
    cells: Int32Array,
    values: Float32Array,
    width: int,
    unmoved: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    max_distance: float,
    min_value: float = -np.inf,
    zero_at: float = -np.inf,
) -> tuple[Float32Array, Float32Array, Int32Array]:
    """See `kernels.snap_to_peaks`."""
    valid = counted(counts, keypoints)
    points = np.where(valid[..., None, None], keypoints, np.float32(0))
    nearest = np.zeros(keypoints.shape[:3], np.float32)
    moved = np.zeros(keypoints.shape[:3], np.bool_)
    for b, n, k in np.ndindex(nearest.shape):
        if cells.shape[2] == 0 or not valid[b, n]:
            continue
        rows, columns = np.divmod(cells[b, k], width)
        places = np.stack((columns, rows), axis=1).astype(np.float32)
        distance = np.sqrt(((keypoints[b, n, k] - places) ** 2).sum(axis=1))
        possible = (cells[b, k] >= 0) & (values[b, k] > np.float32(min_value))
        distance = np.where(possible & ~np.isnan(distance), distance, np.inf)
        best = int(distance.argmin())
        nearest[b, n, k] = values[b, k, best]
        if distance[best] < np.float32(max_distance):
            points[b, n, k], moved[b, n, k] = places[best], True
    nearest = np.where(nearest <= np.float32(zero_at), np.float32(0), nearest)
    if unmoved is not None:
        nearest = np.where(moved | ~valid[..., None], nearest, unmoved)
    return points, nearest, moved.astype(np.int32)


@takes_one_image(3)
def fit_gaussians(  # noqa: PLR0913 - as the kernel
    heatmap: AnyArray,
    size: tuple[int, int],
    keypoints: Float32Array,
    scores: Float32Array,
    factors: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    min_score: float,
    clamped: bool = False,
    max_evaluations: int = 300,
) -> tuple[Float32Array, Float32Array]:
    """See `kernels.fit_gaussians`."""
    valid = counted(counts, keypoints)[..., None]
    points = np.where(valid[..., None], keypoints, np.float32(0))
    fitted = np.where(valid, scores, np.float32(0))
    wanted = valid & (scores > np.float32(min_score))
    large = upsample_maps(heatmap.astype(np.float32), size, rule="corner")
    for b, n, k in np.argwhere(wanted):
        x, y = np.trunc(keypoints[b, n, k] + np.float32(0.5))
        if np.isfinite(x) and np.isfinite(y):
            fit = _fit_pixel(large[b, k], int(y), int(x), clamped, max_evaluations)
            if fit is not None:
                factor = np.float32(1) if factors is None else factors[b, n]
                points[b, n, k], fitted[b, n, k] = fit[:2], np.float32(fit[2]) * factor
    return points, fitted


def _fit_pixel(
    heat: AnyArray, row: int, column: int, clamped: bool, max_evaluations: int
) -> tuple[float, float, float] | None:
    """x, y and height of the Gaussian around a pixel of one map (H, W), or None."""
    height, width = heat.shape
    if clamped:
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    elif row in (0, height - 1) or column in (0, width - 1):
        return None
    if not (-height <= row < height and -width <= column < width):
        return None
    # The released code indexes a pixel above or left of the map negatively, which counts from the
    # map's other end. Where the whole window lies outside, its last index is negative as well, so
    # that the window covers most of the map, too far away for the fit to move.
    if -_RADIUS - 1 in (row, column):
        return None
    if min(row, column) < -_RADIUS:
        return (column, row, heat[row, column]) if np.isfinite(heat[row, column]) else None
    top, left = max(row - _RADIUS, 0), max(column - _RADIUS, 0)
    window = heat[top : row + _RADIUS + 1, left : column + _RADIUS + 1]
    start = (float(heat[row, column]), row - top, column - left, _SIGMA)
    fit = fit_gaussian(window, start, max_evaluations)
    return None if fit is None else (left + fit[2], top + fit[1], fit[0])


def fit_gaussian(
    window: AnyArray, start: tuple[float, float, float, float], max_evaluations: int
) -> tuple[float, float, float] | None:
    """Least-squares height * exp(-r^2 / (2 sigma^2)), by SciPy's Levenberg-Marquardt.

    The released code lays out the grid of a window of h rows as if it had h columns, too: value
    number i, counted along the rows, stands at row i // h, column i % h. That is right in a square
    window only; in one that the border makes oblong the places are scrambled, and so is the fit.

    Args:
        window: (h, w) part of a heatmap.
        start: height, row, column, sigma to begin with.
        max_evaluations: limit of the evaluations of the Gaussian, numerical derivatives included.

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


@takes_one_image(3)
def scoring_feature(
    keypoints: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    dtype: npt.DTypeLike = np.float32,
) -> AnyArray:
    """See `kernels.scoring_feature`."""
    first, second = (list(ends) for ends in zip(*POSE_LINKS[keypoints.shape[2]], strict=True))
    vectors = keypoints[:, :, first] - keypoints[:, :, second]
    lengths = np.sqrt((vectors**2).sum(axis=3))
    unit = np.maximum(lengths[..., _UNIT_LINKS].mean(axis=2), 1)[..., None]
    flat = (vectors / unit[..., None]).reshape(*keypoints.shape[:2], 2 * len(first))
    features = np.concatenate((flat, lengths / unit, scores), axis=2)
    return np.where(counted(counts, scores)[..., None], features, 0).astype(dtype)
