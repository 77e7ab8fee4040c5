"""Regressed keypoints refined by the heatmap around them, and the feature that scores a pose.

The heatmap-guided networks and DEKR are decoded with these. Heatmaps are passed as the network
returns them and read as if they were enlarged to `size`, the network's input, by the rule "corner"
of `upsampled_peaks`; where `size` is their own, they are read as they are.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from ..structures.arrays import BoolArray, Float32Array, Int32Array
from ..structures.pose_links import POSE_LINKS
from .checks import check, check_at_least, check_head_batch, check_number
from .devices import device_of, head_dtype
from .upsampling import check_size

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

_READINGS = {"between": 0, "floor": 1, "transposed": 2}
# Source: TEST.GUASSIAN_KERNEL, TEST.GUASSIAN_SIGMA of
# github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation; HRNet/DEKR has the same.
_FIT_RADIUS = 6  # pixels on each side of the keypoint
_FIT_SIGMA = 2.0  # of the first guess, pixels
_MAX_EVALUATIONS = 1_000_000


def sample_heat(
    heatmap: Float32Array, size: tuple[int, int], keypoints: Float32Array, *, at: Reading
) -> Float32Array:
    """The enlarged heatmap's value at each keypoint.

    Args:
        heatmap: (B, K, h, w) head; may be some channels of a larger array.
        size: H, W of the enlarged heatmap.
        keypoints: (B, N, K, 2) float32 x, y in its pixels.
        at: "between", "floor" or "transposed", see `Reading`.

    Returns:
        (B, N, K) float32; 0 for a keypoint that is NaN.

    Raises:
        ValueError, TypeError: as for every kernel here; a heatmap without cells cannot be read.
    """
    device = device_of(heatmap, keypoints)
    stride = check_head_batch("heatmap", heatmap, (None, None, None, None), device)
    batch, channels, height, width = heatmap.shape
    check("keypoints", keypoints, np.float32, (batch, None, channels, 2))
    if at not in _READINGS:
        raise ValueError(f"at must be 'between', 'floor' or 'transposed', got {at!r}")
    people = keypoints.shape[1]
    _check_readable((height, width), size)
    values = device.empty((batch, people, channels), np.float32)
    sizes = (batch, people, channels, height, width, *size)
    dtype = head_dtype(heatmap)
    device.call("pt_sample_heat", values, heatmap, keypoints, dtype, stride, *sizes, _READINGS[at])
    return values


def snap_to_peaks(
    keypoints: Float32Array,
    cells: Int32Array,
    values: Float32Array,
    width: int,
    *,
    max_distance: float,
    min_value: float = -np.inf,
) -> tuple[Float32Array, Float32Array, BoolArray]:
    """Keypoints moved to the nearest of their peaks, if one is near enough.

    Args:
        keypoints: (B, N, K, 2) float32 x, y in pixels.
        cells: (B, K, M) int32 peaks, row * width + column; -1 is none.
        values: (B, K, M) float32 values of the peaks.
        width: of the map, pixels.
        max_distance: pixels; a keypoint without a peak nearer than this stays.
        min_value: peaks that are not above it are skipped.

    Returns:
        (B, N, K, 2) float32 keypoints, (B, N, K) float32 values of the nearest peaks (of the
        first peak where all are skipped, 0 where there are none), and (B, N, K) bool, which were
        moved. Of equally near peaks the first counts.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: `absorb_heat` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR.
    """
    device = device_of(keypoints, cells, values)
    check("keypoints", keypoints, np.float32, (None, None, None, 2))
    batch, people, channels = keypoints.shape[:3]
    check("cells", cells, np.int32, (batch, channels, None))
    check("values", values, np.float32, cells.shape)
    check_at_least("width", width, 1)
    check_number("max_distance", max_distance)
    check_number("min_value", min_value)
    points = device.empty(keypoints.shape, np.float32)
    nearest = device.empty(keypoints.shape[:3], np.float32)
    moved = device.empty(keypoints.shape[:3], np.bool_)
    sizes = (batch, people, channels, cells.shape[2], width)
    inputs = (keypoints, cells, values)
    device.call(
        "pt_snap_to_peaks", points, nearest, moved, *inputs, *sizes, max_distance, min_value
    )
    return points, nearest, moved


def fit_gaussians(
    heatmap: Float32Array,
    size: tuple[int, int],
    keypoints: Float32Array,
    wanted: BoolArray,
    *,
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
        wanted: (B, N, K) bool, which keypoints are fitted; the others stay.
        clamped: whether a keypoint on the border or outside is fitted at the nearest border pixel,
            as in DEKR's code.
        max_evaluations: limit of the evaluations of the Gaussian, of which every set of derivatives
            counts as four.

    Returns:
        (B, N, K, 2) float32 keypoints, and (B, N, K) float32 heights of the Gaussians, NaN where a
        keypoint stays.

    Raises:
        ValueError, TypeError: as for every kernel here; a heatmap without cells cannot be read.

    Source: `adjust` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR, which
    call MINPACK through SciPy; steps and stopping tests are MINPACK's.
    """
    device = device_of(heatmap, keypoints, wanted)
    stride = check_head_batch("heatmap", heatmap, (None, None, None, None), device)
    batch, channels, height, width = heatmap.shape
    check("keypoints", keypoints, np.float32, (batch, None, channels, 2))
    check("wanted", wanted, np.bool_, keypoints.shape[:3])
    if not 1 <= max_evaluations <= _MAX_EVALUATIONS:
        raise ValueError(
            f"max_evaluations must be from 1 to {_MAX_EVALUATIONS}, got {max_evaluations}"
        )
    _check_readable((height, width), size)
    points = device.empty(keypoints.shape, np.float32)
    heights = device.empty(keypoints.shape[:3], np.float32)
    sizes = (stride, batch, keypoints.shape[1], channels, height, width, *size)
    options = (_FIT_RADIUS, _FIT_SIGMA, max_evaluations, int(clamped))
    arrays = (points, heights, heatmap, keypoints, wanted)
    device.call("pt_fit_gaussians", *arrays, head_dtype(heatmap), *sizes, *options)
    return points, heights


def scoring_feature(keypoints: Float32Array, scores: Float32Array) -> Float32Array:
    """The input of the pose scoring network for each pose.

    Args:
        keypoints: (N, K, 2) float32 image pixels; K is 17 (COCO) or 14 (CrowdPose).
        scores: (N, K) float32.

    Returns:
        (N, 3L + K) float32 for L links, 74 or 59 columns: dx, dy of each link, lengths of the
        links, keypoint scores. Vectors and lengths are in units of the pose's size: the mean
        length of links 9 and 11, at least one pixel.

    Raises:
        ValueError, TypeError: as for every kernel here; there are no links for K keypoints.

    Source: `get_feature` of github.com/HRNet/DEKR.
    """
    device = device_of(keypoints, scores)
    check("keypoints", keypoints, np.float32, (None, None, 2))
    check("scores", scores, np.float32, keypoints.shape[:2])
    people, count = keypoints.shape[:2]
    if count not in POSE_LINKS:
        raise ValueError(
            f"pose scoring knows poses of 17 and of 14 keypoints, got {count}: leave it out"
        )
    features = device.empty((people, 3 * len(POSE_LINKS[count]) + count), np.float32)
    device.call("pt_scoring_feature", features, keypoints, scores, people, count)
    return features


def _check_readable(cells: tuple[int, int], size: tuple[int, int]) -> None:
    check_size("heatmap", cells, size)
    if min(size) == 0:
        raise ValueError(f"size must have pixels to read, got {size}")
