"""Poses after their keypoints are found: scores, order, places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..structures.arrays import Float32Array, Float64Array, Int32Array
from .call import run
from .checks import check_at_least

__all__ = [
    "TakenPoses",
    "keypoint_extents",
    "level_scores",
    "pose_scores",
    "select_poses",
    "transform_points",
]


class TakenPoses(NamedTuple):
    """What `select_poses` takes; M rows for each image, 0 behind the count.

    Attributes:
        keypoints: (B, M, K, 2) float32.
        keypoint_scores: (B, M, K) float32; 0 where none were given.
        scores: (B, M) float32.
        boxes: (B, M, 4) float32; 0 where none were given.
        rows: (B, M) int32 rows of the given arrays; -1 behind the count.
        counts: (B,) int32, how many are taken.
    """

    keypoints: Float32Array
    keypoint_scores: Float32Array
    scores: Float32Array
    boxes: Float32Array
    rows: Int32Array
    counts: Int32Array


def select_poses(  # noqa: PLR0913 - the arrays of poses, and which of them stay
    keypoints: Float32Array,
    keypoint_scores: Float32Array | None,
    scores: Float32Array,
    boxes: Float32Array | None = None,
    rows: Int32Array | None = None,
    counts: Int32Array | None = None,
    *,
    max_poses: int,
    min_score: float = -np.inf,
    ranked: bool = True,
) -> TakenPoses:
    """The first poses whose score is high enough, by rank or in the order in which they come.

    Args:
        keypoints: (B, N, K, 2) float32.
        keypoint_scores: (B, N, K) float32; None: there are none yet.
        scores: (B, N) float32.
        boxes: (B, N, 4) float32; None: poses have none.
        rows: (B, N) int32 candidates, such as the rows that a suppression left; numbers of no row
            are skipped. None: all rows.
        counts: (B,) int32, how many candidates of each image count; None: all.
        max_poses: M, how many are taken at most.
        min_score: only poses with a score above this stay, so none whose score is NaN.
        ranked: whether they are taken in the order of falling scores, of equal ones in the
            candidates' order; else in the candidates' order.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    check_at_least("max_poses", max_poses, 0)
    poses = {"keypoints": keypoints, "keypoint_scores": keypoint_scores, "scores": scores}
    candidates = {"boxes": boxes, "rows": rows, "counts": counts}
    options = {"M": max_poses, "min_score": min_score, "ranked": ranked}
    return TakenPoses(*run("pt_select_poses", **poses, **candidates, **options))


def pose_scores(
    values: Float32Array,
    factors: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    found: float = -np.inf,
) -> Float32Array:
    """The score of each pose: its factor times the mean of its found keypoints' values.

    Args:
        values: (B, N, K) float32.
        factors: (B, N) float32; None: 1.
        counts: (B,) int32, how many poses of each image count; None: all.
        found: finite values above this are of found keypoints; -infinity: all finite ones.

    Returns:
        (B, N) float32; 0 behind a count, and 0 times the factor for a pose without found keypoints.
        Values are summed in float32 in the order of the keypoints.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    arrays = {"values": values, "factors": factors, "counts": counts}
    scores: Float32Array = run("pt_pose_scores", **arrays, found=found)
    return scores


def transform_points(
    points: Float32Array,
    matrices: Float64Array,
    limits: Float32Array | None = None,
    counts: Int32Array | None = None,
) -> Float32Array:
    """Points in other coordinates, by an affine map for each image.

    Args:
        points: (B, N, K, 2) float32 x, y; the corners of boxes have K = 2.
        matrices: (B, 2, 3) float64; x becomes (m00 x + m01 y) + m02, in float64.
        limits: (B, 2) float32, the largest x and y: results are limited to 0 and these. None: no
            limits.
        counts: (B,) int32, how many rows of each image count; None: all.

    Returns:
        (B, N, K, 2) float32; 0 behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    arrays = {"points": points, "matrices": matrices, "limits": limits, "counts": counts}
    transformed: Float32Array = run("pt_transform_points", **arrays)
    return transformed


def keypoint_extents(
    keypoints: Float32Array,
    scores: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    found: float = 0.0,
) -> Float32Array:
    """The box around the found keypoints of each pose.

    Args:
        keypoints: (B, N, K, 2) float32.
        scores: (B, N, K) float32; None: all keypoints are found.
        counts: (B,) int32, how many poses of each image count; None: all.
        found: keypoints with a score above this are found.

    Returns:
        (B, N, 4) float32 x1, y1, x2, y2; 0 behind a count, infinity and -infinity where no keypoint
        is found, NaN where a found one is.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    arrays = {"keypoints": keypoints, "scores": scores, "counts": counts}
    boxes: Float32Array = run("pt_keypoint_extents", **arrays, found=found)
    return boxes


def level_scores(
    values: Float32Array,
    reference: Float32Array,
    counts: Int32Array | None = None,
    reference_counts: Int32Array | None = None,
    *,
    factor: float = 1.0,
    min_value: float = -np.inf,
) -> tuple[Float32Array, Int32Array]:
    """The center values of one test scale, brought to the level of those of another.

    Args:
        values: (B, N) float32, falling.
        reference: (B, M) float32 of the other scale, falling.
        counts: (B,) int32, how many values of each image count; None: all.
        reference_counts: (B,) int32, likewise of the reference; None: all. Where none counts, the
            reference is 1.
        factor: of the first levelled value to the first one of the reference.
        min_value: levelled values above this count.

    Returns:
        (B, N) float32 value / first value * first reference * factor, 0 where the first value is
        not above 0 and behind a count; (B,) int32 how many from the first one on count.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: the multi-scale test of github.com/HRNet/DEKR.
    """
    levels = {"values": values, "reference": reference}
    numbers = {"counts": counts, "reference_counts": reference_counts}
    options = {"factor": factor, "min_value": min_value}
    levelled: tuple[Float32Array, Int32Array] = run(
        "pt_level_scores", **levels, **numbers, **options
    )
    return levelled
