"""A folder of detections, one file a video, and what is said about each."""

from __future__ import annotations

from pathlib import Path

from ...structures import ResultFileError
from ...structures.partial_file import whole_folder
from ..sentences import say
from .detections import ENDINGS, Detections, open_detections
from .track import ENDING, TrackJob, TrackReport


def track_folder(job: TrackJob, folder: Path, output: Path, fps: float, *, quiet: bool) -> None:
    """One result for each file of a folder; the folder of results appears when it is whole."""
    videos: dict[str, Detections] = {}
    for path in sorted(folder.iterdir()):
        if path.name.endswith(ENDINGS):
            video = open_detections(path, fps)
            if video.name in videos:
                raise ResultFileError(f"{path}: {videos[video.name].path} is of the same video")
            videos[video.name] = video
    if not videos:
        raise ResultFileError(f"{folder}: there are no detections, a .json or .jsonl file a video")
    with whole_folder(output) as partial:
        for name, video in videos.items():
            say_report(job.run(video, partial / f"{name}{ENDING[job.output_format]}"), quiet=quiet)


def say_report(report: TrackReport, *, quiet: bool) -> None:
    """One line about a video."""
    if quiet:
        return
    limits = report.limits
    started = "" if limits is None else f"; from score {limits.birth:.3g} on poses start tracks"
    speed = report.frames / report.seconds if report.seconds else 0
    say(
        f"posetrack: {report.name}: {report.frames} frames, {len(report.ids)} tracks of "
        f"{report.tracked} of {report.detections} detections{started}; {speed:.0f} frames a second"
    )
