"""Files of poses: the native record and the formats that other tools read and write.

`FORMATS` lists what `posetrack run --format` writes beside the native record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..structures import Skeleton
from . import posetrack18
from .annotated_images import AnnotatedImages
from .coco import CocoWriter
from .coco_annotations import (
    read_coco,
    read_coco_results,
    results_skeleton,
    write_coco,
    write_coco_results,
)
from .detection_lines import read_detection_lines
from .mpii import read_mpii, read_mpii_predictions, write_mpii
from .pose_writer import PoseWriter, WriterState
from .poses_jsonl import PosesLine, PosesReader, PosesWriter, read_poses
from .posetrack17 import write_posetrack17
from .posetrack18 import PoseTrack18Writer
from .posetrack18_file import PoseTrack18File, write_posetrack18
from .record_tracks import posetrack_people
from .track_file import TrackFile, TrackLayout, open_tracks

__all__ = [
    "FORMATS",
    "AnnotatedImages",
    "CocoWriter",
    "Format",
    "PoseTrack18File",
    "PoseTrack18Writer",
    "PoseWriter",
    "PosesLine",
    "PosesReader",
    "PosesWriter",
    "TrackFile",
    "TrackLayout",
    "WriterState",
    "open_tracks",
    "posetrack_people",
    "read_coco",
    "read_coco_results",
    "read_detection_lines",
    "read_mpii",
    "read_mpii_predictions",
    "read_poses",
    "results_skeleton",
    "write_coco",
    "write_coco_results",
    "write_mpii",
    "write_posetrack17",
    "write_posetrack18",
]


@dataclass(frozen=True, slots=True)
class Format:
    """What a run needs to know to write a format.

    Attributes:
        suffix: the file is called `<stem><suffix>`.
        poses: what it holds: every decoded pose before any other step, or the tracked people.
        open: makes the writer from the path, the skeleton of the poses, and the state of an earlier
            writer if it is to go on there; raises ValueError if the format cannot hold that
            skeleton.
    """

    suffix: str
    poses: Literal["decoded", "people"]
    open: Callable[[Path, Skeleton, WriterState | None], PoseWriter]


FORMATS = {
    "coco": Format(".coco.json", "decoded", CocoWriter),
    "posetrack18": Format(posetrack18.SUFFIX, "people", PoseTrack18Writer),
}
