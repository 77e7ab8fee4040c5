"""Files of one video's tracks, whichever format they have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

from ..structures import Annotations, ResultFileError
from .json_stream import json_items
from .posetrack17 import PoseTrack17File
from .posetrack18_file import PoseTrack18File
from .record_tracks import RecordTracks

TrackLayout = Literal["posetrack17", "posetrack18"]


class TrackFile(Protocol):
    """The people of one video, frame by frame, as often as it is iterated.

    Keypoints are those of `POSETRACK_15`. Only some frames are in memory at a time.

    Attributes:
        path: the file.
    """

    path: Path

    def __iter__(self) -> Iterator[Annotations]:
        """One entry for every frame, those without people included."""
        ...


def open_tracks(path: Path) -> TrackFile:
    """Open ground truth or predictions of one video: PoseTrack17, PoseTrack18 or a native record.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: the file has none of these formats, or is cut off; file and place are
            named.
    """
    if path.suffix == ".jsonl":
        return RecordTracks(path)
    for item in json_items(path):
        if item.key == "annolist":
            return PoseTrack17File(path)
        if item.key in ("images", "annotations", "categories"):
            return PoseTrack18File(path)
        if not item.key:
            break
    raise ResultFileError(
        f"{path}: neither PoseTrack17 (annolist), nor PoseTrack18 (images, annotations), nor a "
        "native record (.jsonl)"
    )
