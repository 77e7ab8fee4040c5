"""Evaluation of keypoints by object keypoint similarity: everything about one set of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..structures import Annotations, Skeleton
from ..structures.arrays import Float64Array
from .oks_ap import OksAp, Scores
from .paired_bootstrap import Comparison, compare
from .pose_errors import KINDS, PoseErrors, pose_errors
from .upper_bounds import with_true_boxes, with_true_centers

Images = Sequence[Annotations]


@dataclass(frozen=True, slots=True)
class KeypointScores:
    """Shares in [0, 1] and counts.

    Attributes:
        total: AP, AR and their parts; images, people, predictions.
        per_keypoint: {keypoint: its similarity and its mistakes} over matched poses.
        per_size: {class of size: AP, AR, people}.
        errors: {kind of mistake: its share of keypoints, and AP and AP50 without it}; empty unless
            asked for.
        upper_bounds: {what is taken from the truth: AP, AP50, AP75, AR}; empty unless asked for,
            without boxes where the results have none.
        comparison: with other results, if there are any.
        precision: (10, 101) at the thresholds and recalls of COCO.
    """

    total: Scores
    per_keypoint: dict[str, Scores]
    per_size: dict[str, Scores]
    errors: dict[str, Scores]
    upper_bounds: dict[str, Scores]
    comparison: Comparison | None
    precision: Float64Array


def evaluate_keypoints(
    truth: Images,
    results: Images,
    skeleton: Skeleton,
    *,
    against: Images | None = None,
    errors: bool = False,
    upper_bounds: bool = False,
) -> KeypointScores:
    """Score results on a data set.

    Args:
        truth: every image.
        results: of some of them, one entry an image.
        skeleton: of both.
        against: other results to compare with.
        errors: score how much every kind of mistake costs.
        upper_bounds: score the poses as if people were found without a mistake.

    Raises:
        ValueError: results are of an unknown image, or the scale of a person is unknown.
    """
    ap = OksAp(truth, results, skeleton)
    mistakes = pose_errors(truth, results, skeleton)
    return KeypointScores(
        ap.scores() | _counts(truth, results),
        {
            name: {"similarity": mistakes.similarity[name], **row}
            for name, row in mistakes.counts.items()
        },
        ap.size_scores(),
        _costs(truth, mistakes, skeleton) if errors else {},
        _bounds(truth, results, skeleton) if upper_bounds else {},
        compare(truth, results, against, skeleton) if against is not None else None,
        ap.precision(),
    )


def _counts(truth: Images, results: Images) -> dict[str, int]:
    return {
        "images": len(truth),
        "people": sum(int((~(image.crowd | image.ignored)).sum()) for image in truth),
        "predictions": sum(map(len, results)),
    }


def _costs(truth: Images, mistakes: PoseErrors, skeleton: Skeleton) -> dict[str, Scores]:
    costs = {"good": {"share": mistakes.shares["good"]}}
    for kind in KINDS[1:]:
        without = OksAp(truth, mistakes.corrected[kind], skeleton).scores()
        costs[kind] = {
            "share": mistakes.shares[kind],
            "AP_without": without["AP"],
            "AP50_without": without["AP50"],
        }
    return costs


def _bounds(truth: Images, results: Images, skeleton: Skeleton) -> dict[str, Scores]:
    choices = {"centers": with_true_centers}
    if all(not np.isnan(image.boxes).any() for image in results):
        choices["boxes"] = with_true_boxes  # boxes around keypoints would bound nothing
    bounds = {}
    for name, choose in choices.items():
        scores = OksAp(truth, choose(truth, results, skeleton), skeleton).scores()
        bounds[f"true {name}"] = {score: scores[score] for score in ("AP", "AP50", "AP75", "AR")}
    return bounds
