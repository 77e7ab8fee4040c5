"""`posetrack eval`: predictions against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...formats import TrackLayout
from ..evaluating.output import print_json
from ..evaluating.track_pairs import track_pairs
from ..extras import need_extra

eval_app = typer.Typer(
    name="eval", help="Score predictions: keypoints, PCKh, tracks.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _check_place(page: Path | None) -> Path | None:
    """Before an evaluation that may take long."""
    if page is not None and page.is_dir():
        raise typer.BadParameter(f"must be a file, and {page} is a folder")
    if page is not None and not page.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {page.parent}")
    return page


Html = Annotated[
    Path | None,
    typer.Option(
        "--html",
        callback=_check_place,
        help="Write a page with plots, which needs nothing else.",
    ),
]
LeastScore = Annotated[
    float, typer.Option(min=0, help="Leave out predicted keypoints below this score.")
]


@eval_app.command()
def keypoints(  # noqa: PLR0913 - one parameter per option of the command line
    truth: Annotated[Path, typer.Argument(help="Ground truth: COCO, CrowdPose, OCHuman.")],
    predictions: Annotated[Path, typer.Argument(help="COCO results.")],
    against: Annotated[
        Path | None, typer.Option(help="Other results: is the difference more than chance?")
    ] = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="What jitter, inversions, swaps and misses cost.")
    ] = False,
    upper_bounds: Annotated[
        bool,
        typer.Option("--upper-bounds", help="AP as if people were found by true boxes or centers."),
    ] = False,
    html: Html = None,
    as_json: Json = False,
) -> None:
    """Score keypoints in images: AP and AR by object keypoint similarity."""
    need_extra("eval keypoints", "eval")
    from ..evaluating.keypoints import evaluate_images, print_report

    report = evaluate_images(
        truth, predictions, against=against, errors=errors, upper_bounds=upper_bounds
    )
    if html is not None:
        from ..evaluating.html.reports import write_keypoints_page

        write_keypoints_page(html, report)
    if as_json:
        print_json(report.document)
    else:
        print_report(report)


@eval_app.command("pckh")
def pck(
    truth: Annotated[Path, typer.Argument(help="MPII's .mat, or COCO's layout with bbox_head.")],
    predictions: Annotated[Path, typer.Argument(help="COCO results, or .mat with preds.")],
    torso: Annotated[
        bool, typer.Option("--torso", help="PCK@0.2 of the torso, as for Leeds Sports Pose.")
    ] = False,
    html: Html = None,
    as_json: Json = False,
) -> None:
    """Score keypoints by their distance in head sizes: PCKh@0.5, PCKh@0.1, AUC."""
    from ..evaluating.pck import document, evaluate_pck, print_report

    scores = evaluate_pck(truth, predictions, torso=torso)
    if html is not None:
        from ..evaluating.html.reports import write_pck_page

        write_pck_page(html, scores, f"{predictions} against {truth}")
    if as_json:
        print_json(document(scores))
    else:
        print_report(scores)


@eval_app.command()
def tracking(  # noqa: PLR0913 - one parameter per option of the command line
    truth: Annotated[Path, typer.Argument(help="PoseTrack17 or 18: a file, or a folder of them.")],
    predictions: Annotated[
        Path, typer.Argument(help="Likewise, or poses.jsonl, or a folder of runs.")
    ],
    strict: Annotated[
        bool, typer.Option("--strict-poseval", help="Count exactly as poseval does.")
    ] = False,
    min_keypoint_score: LeastScore = 0.0,
    sweep: Annotated[
        bool,
        typer.Option("--sweep-keypoint-score", help="MOTA over the least score of keypoints too."),
    ] = False,
    html: Html = None,
    video: Annotated[
        Path | None,
        typer.Option(help="With --html: the video, or a folder of them, for pictures of switches."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score tracks: AP, MOTA, MOTP of keypoints; HOTA, IDF1, switches, jitter of people."""
    if video is not None and html is None:
        raise typer.BadParameter("needs --html", param_hint="'--video'")
    from ..evaluating.tracking import evaluate_tracks, print_report  # SciPy takes its time

    report = evaluate_tracks(
        track_pairs(truth, predictions),
        strict=strict,
        min_keypoint_score=min_keypoint_score,
        sweep=sweep,
    )
    if html is not None:
        from ..evaluating.html.reports import write_tracking_page

        write_tracking_page(html, report, video)
    if as_json:
        print_json(report.document)
    else:
        print_report(report)


@eval_app.command()
def submission(
    runs: Annotated[Path, typer.Argument(help="A folder of runs, or of prediction files.")],
    output: Annotated[Path, typer.Argument(help="The folder to make.")],
    layout: Annotated[TrackLayout, typer.Option(help="What its files are.")] = "posetrack18",
    min_keypoint_score: LeastScore = 0.0,
) -> None:
    """Write one prediction file for each video, named like it, for PoseTrack's evaluators."""
    from ..evaluating.submission import write_submission

    for path in write_submission(runs, output, layout, min_keypoint_score=min_keypoint_score):
        print(path)
