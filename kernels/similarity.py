"""Similarity of poses, and suppression of people that are too similar."""

from __future__ import annotations

from math import inf
from typing import Literal

from ..structures.arrays import Float32Array, Float64Array, Int32Array
from .call import run

__all__ = ["nms_near_keypoints", "nms_oks_iou", "nms_oks_visible", "oks_between", "oks_matrix"]


def oks_matrix(  # noqa: PLR0913 - all that decides how alike poses are
    a: Float32Array,
    b: Float32Array,
    b_scores: Float32Array,
    b_area: Float32Array,
    sigmas: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float32Array:
    """Object keypoint similarity between every pose of `a` and every pose of `b`.

    Args:
        a: (B, N, K, 2) float32 keypoints, image pixels.
        b: (B, M, K, 2) float32 keypoints, image pixels.
        b_scores: (B, M, K) float32; a keypoint whose score is not above 0 is left out of the mean.
        b_area: (B, M) float32 px², sets the scale of each pose of `b`.
        sigmas: (K,) float32, unit-less, from the skeleton.
        counts: (B,) int32, how many rows of `a` count in each image; None: all.
        other_counts: (B,) int32, likewise of `b`.

    Returns:
        (B, N, M) float32 in [0, 1]. A pose of `b` without keypoints or area gives 0, and so does a
        row behind a count.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval
    """
    arrays = {"a": a, "b": b, "b_scores": b_scores, "b_area": b_area, "sigmas": sigmas}
    oks: Float32Array = run("pt_oks_matrix", **arrays, counts=counts, other_counts=other_counts)
    return oks


def nms_oks_visible(
    keypoints: Float32Array,
    scores: Float32Array,
    areas: Float32Array,
    sigmas: Float32Array,
    counts: Int32Array | None = None,
    *,
    threshold: float,
) -> tuple[Int32Array, Int32Array]:
    """Rows of poses that are not too similar to an earlier row that stays.

    The earlier of two similar rows wins, so callers sort poses best first.

    Args:
        keypoints: (B, N, K, 2) float32, image pixels; compared as `oks_matrix` does.
        scores: (B, N, K) float32; keypoints whose score in the earlier pose is not above 0 are left
            out.
        areas: (B, N) float32 px²; that of the earlier pose sets the scale.
        sigmas: (K,) float32, unit-less, from the skeleton.
        counts: (B,) int32, how many rows of each image count; None: all.
        threshold: a pose is dropped if its OKS to an earlier kept one is above this.

    Returns:
        (B, N) int32 rows that stay, in input order, -1 behind the last; (B,) int32 how many stay.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    poses = {"keypoints": keypoints, "scores": scores, "areas": areas, "sigmas": sigmas}
    kept: tuple[Int32Array, Int32Array] = run(
        "pt_nms_oks_visible", **poses, counts=counts, threshold=threshold
    )
    return kept


def oks_between(  # noqa: PLR0913 - all that decides how alike poses are
    keypoints: Float32Array,
    areas: Float32Array,
    others: Float32Array,
    other_areas: Float32Array,
    sigmas: Float32Array,
    counts: Int32Array | None = None,
    other_counts: Int32Array | None = None,
) -> Float64Array:
    """Object keypoint similarity of found poses: every keypoint counts, whatever its score.

    Args:
        keypoints: (B, N, K, 2) float32, image pixels.
        areas: (B, N) float32 px² of the people; the mean of both sets the scale of a pair.
        others: (B, M, K, 2) float32 keypoints to compare with.
        other_areas: (B, M) float32.
        sigmas: (K,) float32, unit-less, from the skeleton.
        counts: (B,) int32, how many rows of each image count; None: all.
        other_counts: (B,) int32, likewise of others.

    Returns:
        (B, N, M) float64 in [0, 1], 0 behind a count; a keypoint with a NaN coordinate adds 0.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: `oks_iou` of github.com/microsoft/human-pose-estimation.pytorch.
    """
    poses = {"keypoints": keypoints, "areas": areas, "sigmas": sigmas, "counts": counts}
    oks: Float64Array = run(
        "pt_oks_between",
        **poses,
        others=others,
        other_areas=other_areas,
        other_counts=other_counts,
    )
    return oks


def nms_oks_iou(  # noqa: PLR0913 - all that two people are compared by
    keypoints: Float32Array,
    areas: Float32Array,
    sigmas: Float32Array,
    scores: Float32Array,
    boxes: Float32Array | None = None,
    counts: Int32Array | None = None,
    *,
    oks_threshold: float,
    iou_threshold: float = inf,
    suppress: Literal["either", "both"] = "either",
) -> tuple[Int32Array, Int32Array]:
    """Rows of people that are not too similar to a better one that stays, by pose, box or both.

    Args:
        keypoints: (B, N, K, 2) float32, image pixels; compared as `oks_between` does.
        areas: (B, N) float32 px² of the people.
        sigmas: (K,) float32, unit-less, from the skeleton.
        scores: (B, N) float32; of equal scores the earlier row comes first, NaN comes last.
        boxes: (B, N, 4) float32 x1, y1, x2, y2; None: poses alone decide.
        counts: (B,) int32, how many rows of each image count; None: all.
        oks_threshold: poses are alike if their similarity is above this.
        iou_threshold: boxes are alike if their overlap is above this.
        suppress: `either`: a row is dropped if it is similar to a kept row by pose or by box;
            `both`: only if it is similar to one kept row by pose and by box.

    Returns:
        (B, N) int32 rows that stay, best first, -1 behind the last; (B,) int32 how many stay.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Sources: `oks_nms` of github.com/microsoft/human-pose-estimation.pytorch (poses alone); Zhang et
    al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR Workshops 2019.
    """
    if suppress not in ("either", "both"):
        raise ValueError(f"suppress must be 'either' or 'both', got {suppress!r}")
    poses = {"keypoints": keypoints, "areas": areas, "sigmas": sigmas, "scores": scores}
    limits = {"oks_threshold": oks_threshold, "iou_threshold": iou_threshold, "edge": 0.0}
    both = suppress == "both"
    kept: tuple[Int32Array, Int32Array] = run(
        "pt_nms_oks_iou", **poses, boxes=boxes, counts=counts, **limits, both=both
    )
    return kept


def nms_near_keypoints(
    keypoints: Float32Array,
    scores: Float32Array,
    counts: Int32Array | None = None,
    *,
    distance: float,
    min_keypoints: int,
    relative: bool,
) -> tuple[Int32Array, Int32Array]:
    """Rows of the best pose of each group of similar ones, in the order of the groups.

    Rows are visited in input order, not by score: a pose that is in no group yet forms one with all
    poses similar to it. The best pose of the group stays, unless it is in an earlier group, too.

    Args:
        keypoints: (B, N, K, 2) float32, any unit.
        scores: (B, N) float32, highest for the best pose of a group; of equal scores the earlier
            row is better, NaN counts as -infinity.
        counts: (B,) int32, how many rows of each image count; None: all.
        distance: two keypoints are near if they lie closer than this, in the unit of `keypoints` or
            as `relative` says.
        min_keypoints: poses are similar if *more* than this many keypoints are near.
        relative: whether `distance` is a fraction of the diagonal of the extent of the pose that
            forms the group. Similarity is then not symmetric: no pose is similar to one without
            extent, not even that one itself, so it stays only as the best of another's group.

    Returns:
        (B, N) int32 rows that stay, -1 behind the last; (B,) int32 how many stay.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: `nms_core` of github.com/HRNet/DEKR (relative) and of
    github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation (absolute).
    """
    poses = {"keypoints": keypoints, "scores": scores, "counts": counts}
    limits = {"distance": distance, "min_keypoints": min_keypoints, "relative": relative}
    kept: tuple[Int32Array, Int32Array] = run("pt_nms_near_keypoints", **poses, **limits)
    return kept
