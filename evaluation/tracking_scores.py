"""Scores of tracks, in per cent, from what was counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from ..structures import POSETRACK_15
from .clear_mot import ClearCounts
from .keypoint_ap import PrecisionRecall
from .video_tracks import TrackCounts

# The columns of PoseTrack's tables.
PARTS = {
    "head": ("head_bottom", "nose", "head_top"),
    **{
        part: (f"left_{part}", f"right_{part}")
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    },
}
Scores = dict[str, float]


def keypoint_scores(
    counts: Sequence[ClearCounts], curves: Sequence[PrecisionRecall], *, strict: bool
) -> dict[str, Scores]:
    """{keypoint: {score: per cent}} of `POSETRACK_15`; NaN where nothing was there to score.

    Args:
        counts: of each keypoint.
        curves: of each keypoint.
        strict: as poseval does: MOTP of a keypoint that was never found, and AP of one that was
            never predicted, are 0 and count, and `MOTP_released` is what its released code prints
            with a present-day motmetrics.
    """
    rows = {}
    for name, count, curve in zip(POSETRACK_15.keypoints, counts, curves, strict=True):
        row = {
            "AP": curve.ap,
            "AP_precision": curve.precision,
            "AP_recall": curve.recall,
            "MOTA": count.mota,
            "MOTP": 1 - count.motp,
            "precision": count.precision,
            "recall": count.recall,
        }
        if strict:
            row["MOTP_released"] = row["MOTP"] - count.repeated_distance / max(count.found, 1)
            zero = ["MOTP", "MOTP_released"] if not count.found else []
            if np.isnan(curve.precision):  # it was never predicted
                zero += ["AP", "AP_precision", "AP_recall"]
            row |= dict.fromkeys(zero, 0.0)
        rows[name] = {score: 100 * value for score, value in row.items()}
    return rows


def part_scores(keypoints: Mapping[str, Scores]) -> dict[str, Scores]:
    """Means over the keypoints of each part of the body, as PoseTrack's tables show them."""
    return {part: mean_scores([keypoints[name] for name in names]) for part, names in PARTS.items()}


def mean_scores(rows: Sequence[Scores]) -> Scores:
    """Plain means of every score; NaN is left out."""
    return {score: _mean([row[score] for row in rows]) for score in rows[0]}


def people_scores(counts: TrackCounts) -> Scores:
    """Scores of whole people: HOTA, IDF1, CLEAR of boxes, jitter; and what was counted."""
    boxes, hota = counts.boxes, counts.hota
    shares = {
        "HOTA": hota.hota,
        "DetA": hota.deta,
        "AssA": hota.assa,
        "IDF1": counts.identity.idf1,
        "box_MOTA": boxes.mota,
        "box_MOTP": 1 - boxes.motp,
        "box_precision": boxes.precision,
        "box_recall": boxes.recall,
    }
    numbers = {
        "id_switches": boxes.switches,
        "fragmentations": boxes.fragmentations,
        "mostly_tracked": boxes.mostly_tracked,
        "partly_tracked": boxes.partly_tracked,
        "mostly_lost": boxes.mostly_lost,
        "misses": boxes.misses,
        "false_positives": boxes.false_positives,
        "keypoint_switches": sum(count.switches for count in counts.pose),
        "frames": counts.frames,
        "people": counts.people,
        "predictions": counts.predictions,
    }
    percent = {name: 100 * value for name, value in shares.items()}
    return {**percent, "jitter": counts.jitter.mean, **numbers}


def differences_from_poseval(
    counts: TrackCounts, keypoints: Mapping[str, Scores]
) -> dict[str, int]:
    """How often each rule of poseval that is not followed would have had an effect."""
    unfound = [name for name, row in keypoints.items() if not row["recall"] > 0]
    return {**asdict(counts.differences), "keypoints_never_found": len(unfound)}


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
