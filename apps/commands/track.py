"""`posetrack track`: detections of any source -> the same with track ids."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ...trackers import PRESETS, preset
from ..flow_loading import OFF, open_flow
from .parsing import FlowOption, TrackerOption, read_flow


def track(  # noqa: PLR0913 - one parameter per option of the command line
    detections: Annotated[
        Path,
        typer.Argument(
            help="PoseTrack18, a native record or JSON Lines: a file, or a folder with one a video."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write; of a folder, the folder.")
    ],
    tracker: TrackerOption = "fast",
    appearance: Annotated[
        Path | None,
        typer.Option(
            help="An .npz with <video>/embedding (n, d): how each detection looks, in the order of "
            "the file; used by --tracker best and paper."
        ),
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(
            help="The video of the detections, or a folder with one each; --tracker best takes the "
            "camera's motion out."
        ),
    ] = None,
    flow: FlowOption = OFF,
    min_keypoint_score: Annotated[
        float, typer.Option(min=0, help="Leave out keypoints below this score.")
    ] = 0.0,
    fps: Annotated[
        float,
        typer.Option(min=0.001, max=1000, help="Frames a second of PoseTrack18 files."),
    ] = 25.0,
    format: Annotated[
        Literal["posetrack18", "jsonl"], typer.Option(help="Of the result.")
    ] = "posetrack18",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace earlier results.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only errors.")] = False,
) -> None:
    """Track people through detections that another program made."""
    from ..tracking.appearance_file import AppearanceFile  # SciPy takes its time
    from ..tracking.detections import open_detections
    from ..tracking.track import TrackJob
    from ..tracking.track_folder import say_report, track_folder

    if output.exists() and not overwrite:
        raise FileExistsError(f"{output} exists: use --overwrite to replace it")
    looks = None if appearance is None else AppearanceFile(appearance)
    _check_used(tracker, looks=looks is not None, images=video is not None, flow=flow != OFF)
    if read_flow(flow, tracker, tracking=True) != OFF and video is None:
        raise typer.BadParameter("needs pictures: name them with --video", param_hint="'--flow'")
    alone = not detections.is_dir()
    with open_flow(flow) as make_flow:
        config = preset(tracker, flow=make_flow is not None)
        job = TrackJob(config, format, min_keypoint_score, looks, video, alone, make_flow)
        if alone:
            say_report(job.run(open_detections(detections, fps), output), quiet=quiet)
        else:
            track_folder(job, detections, output, fps, quiet=quiet)


def _check_used(tracker: str, *, looks: bool, images: bool, flow: bool) -> None:
    """Refuse what this tracker would pass over."""
    if looks and not PRESETS[tracker].appearance:
        raise typer.BadParameter(
            f"{tracker} compares no looks: choose best or paper", param_hint="'--tracker'"
        )
    if images and not PRESETS[tracker].camera and not flow:
        raise typer.BadParameter(
            f"{tracker} looks at no images: choose best, or give --flow", param_hint="'--tracker'"
        )
