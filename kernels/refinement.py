"""Regressed keypoints refined by the heatmap around them, and the feature that scores a pose.

The heatmap-guided networks and DEKR are decoded with these. Heatmaps are passed as the network
returns them and read as if they were enlarged to `size`, the network's input, by the rule "corner"
of `upsampled_peaks`; where `size` is their own, they are read as they are.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..structures.arrays import Float32Array, HeadArray, Int32Array
from ..structures.pose_links import POSE_LINKS
from .call import run
from .checks import check_at_least, choice
from .contract import CONSTANTS

__all__ = ["fit_gaussians", "sample_heat", "scoring_feature", "snap_to_peaks"]

# Where a heatmap is read at a point (x, y).
# "between": interpolated bilinearly between four pixels. As in the released code, the upper left of
#     them is found by rounding towards 0, so up to a pixel outside the left or upper border the
#     first two pixels are extrapolated. 0 where one of the four pixels does not exist, which
#     includes points on the last row or column.
# "floor": at the pixel that the point lies in; outside the map, at the nearest border pixel.
# "transposed": at row x, column y, because the released code swaps them; rounded towards 0 and
#     limited to the map.
# Sources: `kpts_nms` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation, `get_heat_value` of
# github.com/HRNet/DEKR, `absorb_heat` of the former.
Reading: TypeAlias = Literal["between", "floor", "transposed"]

_READINGS = {
    "between": CONSTANTS["PT_BETWEEN"],
    "floor": CONSTANTS["PT_FLOOR"],
    "transposed": CONSTANTS["PT_TRANSPOSED"],
}
# Source: TEST.GUASSIAN_KERNEL, TEST.GUASSIAN_SIGMA of
# github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation; HRNet/DEKR has the same.
_FIT_RADIUS = 6  # pixels on each side of the keypoint
_FIT_SIGMA = 2.0  # of the first guess, pixels


def sample_heat(
    heatmap: HeadArray,
    size: tuple[int, int],
    keypoints: Float32Array,
    counts: Int32Array | None = None,
    *,
    at: Reading,
) -> Float32Array:
    """The enlarged heatmap's value at each keypoint.

    Args:
        heatmap: (B, K, h, w) head; may be some channels of a larger array.
        size: H, W of the enlarged heatmap.
        keypoints: (B, N, K, 2) float32 x, y in its pixels.
        counts: (B,) int32, how many people of each image count; None: all.
        at: "between", "floor" or "transposed", see `Reading`.

    Returns:
        (B, N, K) float32; 0 for a keypoint that is NaN, and behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here; a heatmap without cells cannot be read.
    """
    arrays = {"heatmap": heatmap, "keypoints": keypoints, "counts": counts}
    H, W = size
    number = choice("at", at, _READINGS)
    values: Float32Array = run("pt_sample_heat", **arrays, H=H, W=W, at=number)
    return values


def snap_to_peaks(  # noqa: PLR0913 - peaks, and when one is near enough
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
    """Keypoints moved to the nearest of their peaks, if one is near enough.

    Args:
        keypoints: (B, N, K, 2) float32 x, y in pixels.
        cells: (B, K, M) int32 peaks, row * width + column; -1 is none.
        values: (B, K, M) float32 values of the peaks.
        width: of the map, pixels.
        unmoved: (B, N, K) float32 values of keypoints that stay; None: those of their nearest
            peaks.
        counts: (B,) int32, how many people of each image count; None: all.
        max_distance: pixels; a keypoint without a peak nearer than this stays.
        min_value: peaks that are not above it are skipped.
        zero_at: a nearest peak with this value or a lower one has the value 0.

    Returns:
        (B, N, K, 2) float32 keypoints, (B, N, K) float32 values of the nearest peaks (of the
        first peak where all are skipped, 0 where there are none), and (B, N, K) int32, 1 where they
        were moved. Of equally near peaks the first counts. All are 0 behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: `absorb_heat` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR.
    """
    check_at_least("width", width, 1)
    arrays = {"keypoints": keypoints, "unmoved": unmoved, "counts": counts}
    peaks = {"cells": cells, "peak_values": values, "W": width}
    limits = {"max_distance": max_distance, "min_value": min_value, "zero_at": zero_at}
    snapped: tuple[Float32Array, Float32Array, Int32Array] = run(
        "pt_snap_to_peaks", **arrays, **peaks, **limits
    )
    return snapped


def fit_gaussians(  # noqa: PLR0913 - what is fitted, where and how
    heatmap: HeadArray,
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
    """Keypoints moved to the centre of the Gaussian that fits the heatmap around them best.

    A Gaussian height * exp(-r^2 / (2 sigma^2)) is fitted to a window of 13 x 13 pixels, cut at the
    border of the map, around the pixel nearest to the keypoint. Levenberg-Marquardt steps start
    from the height of that pixel and a sigma of 2. As in the released code, a window of h rows is
    laid out as if it had h columns, too: value number i, counted along the rows, is taken to lie at
    row i // h, column i % h. That scrambles the windows that the border makes oblong.

    A keypoint stays where the fit does not converge or a value is not finite; so does one on the
    border of the map, unless `clamped`. Else, for a keypoint more than seven pixels above or left
    of the map, the released code reads negative indices, which count from the map's other end: the
    fit covers most of the map and ends where it starts. So the keypoint comes to its nearest pixel,
    with the height of the pixel at that negative index.

    Args:
        heatmap: (B, K, h, w) head; may be some channels of a larger array.
        size: H, W of the enlarged heatmap.
        keypoints: (B, N, K, 2) float32 x, y in its pixels.
        scores: (B, N, K) float32.
        factors: (B, N) float32, by which the height of a Gaussian is a score; None: 1.
        counts: (B,) int32, how many people of each image count; None: all.
        min_score: keypoints with a score above this are fitted; the others stay.
        clamped: whether a keypoint on the border or outside is fitted at the nearest border pixel,
            as in DEKR's code.
        max_evaluations: limit of the evaluations of the Gaussian, of which every set of derivatives
            counts as four.

    Returns:
        (B, N, K, 2) float32 keypoints, and (B, N, K) float32 scores: the height of the Gaussian
        times the factor, or as it was where a keypoint stays. Both are 0 behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here; a heatmap without cells cannot be read.

    Source: `adjust` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR, which
    call MINPACK through SciPy; steps and stopping tests are MINPACK's.
    """
    people = {"keypoints": keypoints, "scores": scores, "factors": factors, "counts": counts}
    H, W = size
    fitted: tuple[Float32Array, Float32Array] = run(
        "pt_fit_gaussians",
        heatmap=heatmap,
        **people,
        H=H,
        W=W,
        min_score=min_score,
        radius=_FIT_RADIUS,
        sigma=_FIT_SIGMA,
        max_evaluations=max_evaluations,
        clamped=clamped,
    )
    return fitted


def scoring_feature(
    keypoints: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    dtype: npt.DTypeLike = np.float32,
) -> HeadArray:
    """The input of the pose scoring network for each pose.

    Args:
        keypoints: (B, N, K, 2) float32 image pixels; K is 17 (COCO) or 14 (CrowdPose).
        scores: (B, N, K) float32.
        counts: (B,) int32, how many poses of each image count; None: all.
        dtype: of the result, NumPy's float32 or float16.

    Returns:
        (B, N, 3L + K) of `dtype` for L links, 74 or 59 columns: dx, dy of each link, lengths of the
        links, keypoint scores. Vectors and lengths are in units of the pose's size: the mean length
        of links 9 and 11, at least one pixel. 0 behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here; there are no links for K keypoints.

    Source: `get_feature` of github.com/HRNet/DEKR.
    """
    shape: tuple[int, ...] = getattr(keypoints, "shape", ())
    links = POSE_LINKS.get(shape[-2] if len(shape) > 1 else 0, ())
    arrays = {"keypoints": keypoints, "scores": scores, "counts": counts}
    options = {"L": len(links), "features_dtype": dtype}
    features: HeadArray = run("pt_scoring_feature", **arrays, **options)
    return features
