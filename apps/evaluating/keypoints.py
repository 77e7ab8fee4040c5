"""Scores of keypoints in images: what `posetrack eval keypoints` reads, computes and prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...evaluation.keypoints import KeypointScores, evaluate_keypoints
from ...evaluation.pose_errors import KINDS
from ...formats import read_coco, read_coco_results
from ...structures import ResultFileError
from ..sentences import say
from .output import print_table, shown

_MEANS = ("AP", "AP50", "AP75", "AP_medium", "AP_large", "AR", "AR50", "AR75")
_CROWD_MEANS = ("AP", "AP50", "AP75", "AP_easy", "AP_medium", "AP_hard", "AR", "AR50", "AR75")


@dataclass(frozen=True, slots=True)
class KeypointReport:
    """Everything about one evaluation; `missing` images have no results at all."""

    scores: KeypointScores
    truth: Path
    predictions: Path
    missing: int

    @property
    def document(self) -> dict[str, Any]:
        """For `--json`."""
        scores = self.scores
        document: dict[str, Any] = {
            "total": scores.total,
            "per_keypoint": scores.per_keypoint,
            "per_size": scores.per_size,
        }
        if scores.errors:
            document["errors"] = scores.errors
        if scores.upper_bounds:
            document["upper_bounds"] = scores.upper_bounds
        if scores.comparison is not None:
            document["against"] = asdict(scores.comparison)
        return document


def evaluate_images(
    truth: Path,
    predictions: Path,
    *,
    against: Path | None = None,
    errors: bool = False,
    upper_bounds: bool = False,
) -> KeypointReport:
    """Score COCO results, also CrowdPose's and OCHuman's.

    Args:
        truth: COCO ground truth.
        predictions: COCO results.
        against: other results to compare with.
        errors: score what each kind of mistake costs.
        upper_bounds: score the poses as if people were found without a mistake.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: a file is not as it must be, or they are of different images.
    """
    labels = read_coco(truth)
    files = [predictions] if against is None else [predictions, against]
    results = [read_coco_results(file, labels.skeleton, labels.category).images for file in files]
    known = {image.image_id for image in labels.images}
    for file, images in zip(files, results, strict=True):
        unknown = [image.image_id for image in images if image.image_id not in known]
        if unknown:
            raise ResultFileError(
                f"{file}: has results of image {unknown[0]}, and {truth} has no such image"
            )
    try:
        scores = evaluate_keypoints(
            labels.images,
            results[0],
            labels.skeleton,
            against=results[1] if against else None,
            errors=errors,
            upper_bounds=upper_bounds,
        )
    except ValueError as error:
        raise ResultFileError(f"{truth}: {error}") from error
    return KeypointReport(scores, truth, predictions, len(known) - len(results[0]))


def print_report(report: KeypointReport) -> None:
    """Tables on stdout, remarks on stderr."""
    scores, total = report.scores, report.scores.total
    means = _CROWD_MEANS if "AP_hard" in total else _MEANS
    counts = ("images", "people", "predictions")
    print_table(
        "Object keypoint similarity",
        ["", *means, *counts],
        [("total", [total[name] for name in (*means, *counts)])],
    )
    print_table(
        "Keypoints of matched poses",
        ["", "similarity", *KINDS],
        [(name, list(row.values())) for name, row in scores.per_keypoint.items()],
    )
    print_table(
        "Sizes of people",
        ["", "AP", "AR", "people"],
        [(name, list(row.values())) for name, row in scores.per_size.items()],
    )
    if scores.errors:
        costs = ("share", "AP_without", "AP50_without")
        rows = [(kind, [row.get(name) for name in costs]) for kind, row in scores.errors.items()]
        print_table("Mistakes, and scores without them", ["", *costs], rows)
    if scores.upper_bounds:
        print_table(
            "As if people were found by",
            ["", "AP", "AP50", "AP75", "AR"],
            [(name, list(row.values())) for name, row in scores.upper_bounds.items()],
        )
    _print_remarks(report)


def _print_remarks(report: KeypointReport) -> None:
    comparison = report.scores.comparison
    if comparison is not None:
        print(
            f"AP is {comparison.difference:+.3f} against the other results, 95 % interval "
            f"{comparison.low:+.3f} to {comparison.high:+.3f}; better in "
            f"{100 * comparison.better:.0f} % of the resamples of {comparison.images} images"
        )
    if report.missing:
        say(f"{report.predictions}: {shown(report.missing)} images have no results")
    if report.scores.upper_bounds.keys() == {"true centers"}:
        say(f"{report.predictions}: without bbox there is no bound by true boxes")
