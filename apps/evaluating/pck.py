"""PCK scores: what `posetrack eval pckh` reads, computes and prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...evaluation.pck import PckScores, pck_of_torso, pckh
from ...formats import (
    AnnotatedImages,
    read_coco,
    read_coco_results,
    read_mpii,
    read_mpii_predictions,
    results_skeleton,
)
from ...structures import Annotations, ResultFileError, Skeleton
from ...structures.skeleton import skeleton_of
from ..sentences import say
from .output import print_table, shown


def evaluate_pck(truth: Path, predictions: Path, *, torso: bool) -> PckScores:
    """Score the keypoints that both files have.

    Args:
        truth: MPII's .mat, or COCO's layout, with `bbox_head` unless by the torso.
        predictions: COCO results, or .mat with `preds`.
        torso: take the torso, not the head, as the unit.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: a file is not as it must be, or they do not go together.
    """
    labels = read_mpii(truth) if truth.suffix == ".mat" else read_coco(truth)
    if predictions.suffix == ".mat":
        results = read_mpii_predictions(predictions, labels)
    else:
        skeleton = results_skeleton(predictions, labels.skeleton)
        results = read_coco_results(predictions, skeleton, labels.category)
    known = {image.image_id for image in labels.images}
    unknown = [image.image_id for image in results.images if image.image_id not in known]
    if unknown:
        raise ResultFileError(
            f"{predictions}: has results of image {unknown[0]}, and {truth} has no such image"
        )
    skeleton, true_images, images = _common(labels, results)
    try:
        scores = (pck_of_torso if torso else pckh)(true_images, images, skeleton)
    except ValueError as error:
        raise ResultFileError(f"{truth}: {error}") from error
    if not scores.total["people"] and scores.total["people_left_out"]:
        lacking = "a shoulder and the opposite hip" if torso else "a head box (bbox_head)"
        raise ResultFileError(f"{truth}: nobody has {lacking}, which sets the scale")
    return scores


def _common(
    truth: AnnotatedImages, results: AnnotatedImages
) -> tuple[Skeleton, Sequence[Annotations], Sequence[Annotations]]:
    """The keypoints that both have, in the order of the truth."""
    ours = results.skeleton.keypoints
    if ours == truth.skeleton.keypoints:
        return truth.skeleton, truth.images, results.images
    names = [name for name in truth.skeleton.keypoints if name in ours]
    columns = [truth.skeleton.keypoints.index(name) for name in names]
    others = [ours.index(name) for name in names]
    return (
        skeleton_of(names),
        [image.select_keypoints(columns) for image in truth.images],
        [image.select_keypoints(others) for image in results.images],
    )


def document(scores: PckScores) -> dict[str, Any]:
    """For `--json`."""
    return {"total": scores.total, "per_keypoint": scores.per_keypoint}


def print_report(scores: PckScores) -> None:
    """A table on stdout, a remark on stderr."""
    names = [name for name in scores.total if not name.startswith("people")]
    rows = {**scores.per_keypoint, "total": scores.total}
    print_table(
        "Keypoints within a distance, per cent",
        ["", *names],
        [(keypoint, [row[name] for name in names]) for keypoint, row in rows.items()],
    )
    told = f"{shown(scores.total['people'])} people"
    if scores.total["people_left_out"]:
        told += f"; {shown(scores.total['people_left_out'])} left out, whose scale is unknown"
    say(told)
