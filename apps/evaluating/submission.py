"""A folder of one prediction file for each video, as PoseTrack's evaluators want it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...evaluation import above
from ...formats import TrackLayout, open_tracks, write_posetrack17, write_posetrack18
from ...structures import Annotations, ResultFileError
from ...structures.partial_file import whole_folder
from .track_pairs import video_files

_MAX_ID_17 = 999  # of PoseTrack17's track ids


def write_submission(
    runs: Path, output: Path, layout: TrackLayout, *, min_keypoint_score: float
) -> list[Path]:
    """Write the predictions of every video; the folder appears when it is whole.

    Args:
        runs: a folder of runs, or of one prediction file for each video.
        output: the folder to make.
        layout: of its files.
        min_keypoint_score: keypoints below it are left out.

    Returns:
        the files.

    Raises:
        FileNotFoundError: there is no such folder of runs.
        FileExistsError: the output is there.
        ResultFileError: there are no predictions, or one cannot be read or written.
    """
    if output.exists():
        raise FileExistsError(f"{output} exists: name another folder or move it away")
    videos = video_files(runs)
    if not videos:
        raise ResultFileError(f"{runs}: there are no runs and no prediction files")
    with whole_folder(output) as folder:
        for video, path in videos.items():
            frames = _kept(path, min_keypoint_score)
            if layout == "posetrack17":
                write_posetrack17(folder / f"{video}.json", _renumbered(path, frames))
            else:
                write_posetrack18(folder / f"{video}.json", video, frames)
    return [output / f"{video}.json" for video in videos]


def _kept(path: Path, least: float) -> Iterator[Annotations]:
    for people in open_tracks(path):
        yield above(people, least)


def _renumbered(path: Path, frames: Iterator[Annotations]) -> Iterator[Annotations]:
    """Track ids from 0 on, in order of appearance."""
    ids: dict[int, int] = {}
    for people in frames:
        rows = [ids.setdefault(name, len(ids)) for name in people.track_ids.tolist()]
        if len(ids) > _MAX_ID_17 + 1:
            raise ResultFileError(
                f"{path}: has more than {_MAX_ID_17 + 1} tracks, and PoseTrack17 files hold no "
                "more: write posetrack18"
            )
        yield replace(people, track_ids=np.array(rows, np.int64))
