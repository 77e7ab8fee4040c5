"""Scores of tracks: what `posetrack eval tracking` computes and prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import track

from ...evaluation import FrameError, ScoreSweep, TrackingEvaluation, TrackingScores, above
from ...structures import Annotations, ResultFileError
from ..sentences import say
from .output import print_table
from .track_pairs import VideoPair

SWEEP = tuple(step / 20 for step in range(20))
_POSE_SCORES = ("AP", "MOTA", "MOTP", "precision", "recall")
_PEOPLE_SCORES = ("HOTA", "DetA", "AssA", "IDF1", "box_MOTA", "box_MOTP")
_PEOPLE_COUNTS = ("id_switches", "fragmentations", "misses", "false_positives", "mostly_tracked")
_VIDEO_SCORES = ("AP", "MOTA", "HOTA", "IDF1", "id_switches", "fragmentations", "people")
# Rule of poseval -> how often it would have had an effect.
_DIFFERENCES = {
    "last_frames": "last frames of videos, which it leaves out",
    "frames_without_truth": "frames with predictions where nobody is, which it leaves out",
    "one_sided_frames": "frames with nobody on one side, each one miss and one false positive "
    "a keypoint for it",
    "keypoints_never_found": "keypoints that were never found, whose MOTP and precision it "
    "counts as 0",
}


@dataclass(frozen=True, slots=True)
class TrackingReport:
    """Everything about one evaluation; `sweep` is empty unless asked for."""

    scores: TrackingScores
    sweep: list[dict[str, float]]
    strict: bool
    pairs: list[VideoPair]

    @property
    def document(self) -> dict[str, Any]:
        """For `--json`."""
        scores = self.scores
        document: dict[str, Any] = {
            "total": scores.total,
            "per_keypoint": scores.per_keypoint,
            "per_part": scores.per_part,
            "per_video": scores.per_video,
            "rules": "poseval" if self.strict else "plain",
        }
        if not self.strict:
            document["differences_from_poseval"] = scores.differences
        if self.sweep:
            document["sweep"] = self.sweep
        return document


def evaluate_tracks(
    pairs: list[VideoPair],
    *,
    strict: bool,
    min_keypoint_score: float,
    sweep: bool,
) -> TrackingReport:
    """Score videos.

    Args:
        pairs: the videos.
        strict: by poseval's rules.
        min_keypoint_score: predicted keypoints below it are left out.
        sweep: score MOTA at the thresholds `SWEEP` too.

    Raises:
        ResultFileError: a file is not as it must be; file and place are named.
    """
    evaluation = TrackingEvaluation(strict=strict)
    thresholds = ScoreSweep(SWEEP, strict=strict) if sweep else None
    console = Console(stderr=True)
    shown = console.is_terminal and not console.is_dumb_terminal
    for pair in track(pairs, "videos", console=console, transient=True, disable=not shown):
        try:
            evaluation.add_video(pair.name, _kept(pair, min_keypoint_score))
        except FrameError as error:
            file = pair.truth if error.side == "truth" else pair.predictions
            raise ResultFileError(f"{file}: {error}") from error
        if thresholds is not None:
            thresholds.add_video(pair)
    return TrackingReport(
        evaluation.scores(), thresholds.scores() if thresholds else [], strict, pairs
    )


def _kept(pair: VideoPair, least: float) -> Iterator[tuple[Annotations, Annotations]]:
    for truth, people in pair:
        yield truth, above(people, least) if least > 0 else people


def print_report(report: TrackingReport) -> None:
    """Tables on stdout, remarks on stderr."""
    scores, total = report.scores, report.scores.total
    parts = {**scores.per_part, "total": total}
    rules = "by poseval's rules" if report.strict else "plain rules"
    print_table(
        f"Poses, per cent, {rules}",
        ["", *parts],
        [(name, [part[name] for part in parts.values()]) for name in _pose_names(total)],
    )
    print_table(
        "People by their boxes, per cent",
        ["", *_PEOPLE_SCORES, *_PEOPLE_COUNTS, "jitter"],
        [("total", [total[name] for name in (*_PEOPLE_SCORES, *_PEOPLE_COUNTS, "jitter")])],
    )
    if len(scores.per_video) > 1:
        rows = [(v, [row[name] for name in _VIDEO_SCORES]) for v, row in scores.per_video.items()]
        print_table("Videos", ["", *_VIDEO_SCORES], rows)
    if report.sweep:
        _print_sweep(report.sweep)
    told = [f"{n} {_DIFFERENCES[name]}" for name, n in scores.differences.items() if n]
    if told:
        say(f"poseval counts otherwise (--strict-poseval): {'; '.join(told)}")


def _pose_names(total: dict[str, float]) -> Sequence[str]:
    return (*_POSE_SCORES, "MOTP_released") if "MOTP_released" in total else _POSE_SCORES


def _print_sweep(sweep: list[dict[str, float]]) -> None:
    best = max(sweep, key=lambda row: row["MOTA"])
    names = ("MOTA", "precision", "recall")
    rows = [
        (
            f"{row['keypoint_score']:.2f}" + (" (best MOTA)" if row is best else ""),
            [row[name] for name in names],
        )
        for row in sweep
    ]
    print_table("Keypoints at least this sure", ["score", *names], rows)
