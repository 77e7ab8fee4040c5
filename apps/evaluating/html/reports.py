"""The page of each kind of evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ....evaluation.oks_ap import RECALLS
from ....evaluation.oks_matching import THRESHOLDS
from ....evaluation.pck import MAX_DISTANCE, PckScores
from ....evaluation.pose_errors import KINDS
from ....evaluation.tracking_scores import PARTS
from ....structures import POSETRACK_15
from ....structures.arrays import Float64Array
from ..keypoints import KeypointReport
from ..tracking import TrackingReport
from .page import picture, pictures, section, table, write_page
from .plots import COLOURS, bars, curves, events, stacked_bars
from .thumbnails import PER_VIDEO, switch_thumbnails, video_of

_TRACK_SCORES = ("AP", "MOTA", "MOTP", "precision", "recall")
_PEOPLE = ("HOTA", "DetA", "AssA", "IDF1", "box_MOTA", "id_switches", "fragmentations", "jitter")
_VIDEO = ("AP", "MOTA", "HOTA", "IDF1", "id_switches", "frames", "people")


def write_keypoints_page(path: Path, report: KeypointReport) -> None:
    """Scores of keypoints in images."""
    scores = report.scores
    mistakes = {
        name: {kind: row[kind] for kind in KINDS} for name, row in scores.per_keypoint.items()
    }
    parts = [
        section("Scores", *_total_tables(scores.total)),
        section(
            "Similarity of each keypoint",
            bars({name: row["similarity"] for name, row in scores.per_keypoint.items()}, top=1),
            note="Mean over poses that are at least 0.1 similar to a person.",
        ),
        section(
            "Mistakes",
            stacked_bars(mistakes),
            note="Of labelled keypoints of those poses: near enough, jitter, at the other side's "
            "keypoint, at another person's, elsewhere (Ronchi and Perona, 2017).",
        ),
        section("Precision and recall", _precision_plot(scores.precision)),
        section("Sizes of people", _score_table(scores.per_size)),
    ]
    if scores.errors:
        costs = {kind: row for kind, row in scores.errors.items() if kind != "good"}
        parts.append(section("Scores without each mistake", _score_table(costs)))
    if scores.upper_bounds:
        parts.append(section("As if people were found by", _score_table(scores.upper_bounds)))
    if scores.comparison is not None:
        found = scores.comparison
        parts.append(
            section(
                "Against the other results",
                note=f"AP differs by {found.difference:+.3f}; 95 % of the resampled differences "
                f"lie between {found.low:+.3f} and {found.high:+.3f}.",
            )
        )
    write_page(path, "Keypoints", f"{report.predictions} against {report.truth}", parts)


def write_pck_page(path: Path, scores: PckScores, told: str) -> None:
    """Scores by distance."""
    first = next(iter(scores.total))
    near = {name: row[first] for name, row in scores.per_keypoint.items()}
    lines = {"all keypoints": scores.curve}
    parts = [
        section("Scores", *_total_tables(scores.total)),
        section(f"{first} of each keypoint", bars(near, top=100, unit=" %")),
        section(
            "Keypoints within a distance",
            curves(lines, axes=("distance", "per cent"), limits=(MAX_DISTANCE, 100)),
        ),
    ]
    write_page(path, "Keypoints by distance", told, parts)


def write_tracking_page(path: Path, report: TrackingReport, video: Path | None) -> None:
    """Scores of tracks; with pictures of switches if there is a video.

    Args:
        path: of the page.
        report: the scores.
        video: of the only tracks, or a folder with that of each, named like them.

    Raises:
        FileNotFoundError: a video is not there.
        SourceError: a video cannot be read.
    """
    scores = report.scores
    per_part = {**scores.per_part, "total": scores.total}
    rows = [(name, [part[name] for part in per_part.values()]) for name in _TRACK_SCORES]
    people = [("total", [scores.total[name] for name in _PEOPLE])]
    parts = [
        section("Poses, per cent", table(["", *per_part], rows)),
        section("People by their boxes", table(["", *_PEOPLE], people)),
        section("MOTA of each keypoint", _keypoint_bars(report, "MOTA")),
        section("AP of each keypoint", _keypoint_bars(report, "AP")),
        section("Precision and recall of keypoints", _part_curves(report)),
        section(
            "Id switches over time",
            events(
                {
                    name: (scores.lengths[name], [switch.frame for switch in switches])
                    for name, switches in scores.switches.items()
                }
            ),
            note="A tick is a frame in which a true person's predicted id changed.",
        ),
    ]
    if video is not None:
        parts.append(_switch_pictures(report, video))
    if report.sweep:
        parts.append(_sweep(report.sweep))
    if len(scores.per_video) > 1:
        videos = [(v, [row[name] for name in _VIDEO]) for v, row in scores.per_video.items()]
        parts.append(section("Videos", table(["", *_VIDEO], videos)))
    rules = "by poseval's rules" if report.strict else "by plain rules"
    write_page(path, "Tracks", f"{', '.join(scores.per_video)}; {rules}", parts)


def _total_tables(total: dict[str, float]) -> list[str]:
    """One of the scores and one of the counts."""
    groups = (
        {name: value for name, value in total.items() if isinstance(value, int) is counts}
        for counts in (False, True)
    )
    return [table(["", *row], [("total", list(row.values()))]) for row in groups if row]


def _precision_plot(precision: Float64Array) -> str:
    """One curve for each threshold, from dark to light."""
    names = [f"OKS {threshold:.2f}" for threshold in THRESHOLDS]
    lines = {
        name: np.column_stack((RECALLS, row)) for name, row in zip(names, precision, strict=True)
    }
    shades = {name: f"hsl(203 80% {25 + 5 * i}%)" for i, name in enumerate(names)}
    return curves(lines, axes=("recall", "precision"), limits=(1, 1), colours=shades)


def _score_table(rows: dict[str, dict[str, float]]) -> str:
    return table(
        ["", *next(iter(rows.values()))], [(name, list(row.values())) for name, row in rows.items()]
    )


def _keypoint_bars(report: TrackingReport, score: str) -> str:
    rows = report.scores.per_keypoint
    return bars({name: row[score] for name, row in rows.items()}, top=100, unit=" %")


def _part_curves(report: TrackingReport) -> str:
    """A curve for each keypoint; those of one part of the body have one colour."""
    part_of = {name: part for part, names in PARTS.items() for name in names}
    colours = dict(zip(PARTS, COLOURS, strict=True))
    order = sorted(range(len(POSETRACK_15)), key=lambda k: list(PARTS).index(
        part_of[POSETRACK_15.keypoints[k]]
    ))  # fmt: skip
    lines = {
        POSETRACK_15.keypoints[k]: report.scores.curves[k].curve
        for k in order
        if len(report.scores.curves[k].curve)
    }
    shades = {name: colours[part_of[name]] for name in lines}
    return curves(lines, axes=("recall", "precision"), limits=(1, 1), colours=shades)


def _switch_pictures(report: TrackingReport, video: Path) -> str:
    figures = []
    single = len(report.pairs) == 1
    for name, switches in report.scores.switches.items():
        if not switches:
            continue
        path = video_of(name, video, single=single)
        for switch, data in switch_thumbnails(path, switches):
            told = f"{name}, frame {switch.frame}: person {switch.person}, id {switch.before} → "
            figures.append(picture(data, f"{told}{switch.after}"))
    note = (
        f"The frame before, and that of the switch; at most {PER_VIDEO} of each video."
        if figures
        else "There are none."
    )
    return section("Pictures of switches", pictures(figures), note=note)


def _sweep(sweep: list[dict[str, float]]) -> str:
    lines = {
        name: np.array([(row["keypoint_score"], max(row[name], 0)) for row in sweep])
        for name in ("MOTA", "precision", "recall")
    }
    return section(
        "Keypoints at least this sure",
        curves(lines, axes=("least score of a keypoint", "per cent"), limits=(1, 100)),
        note="What is not this sure is left out; MOTA below 0 is drawn at 0.",
    )
