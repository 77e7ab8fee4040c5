"""Files of detections, whichever format they have."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...evaluation.boxes import person_boxes
from ...formats import PosesReader, PoseTrack18File, read_detection_lines
from ...structures import POSETRACK_15, Annotations, Poses, ResultFileError, Skeleton
from ...structures.arrays import BoolArray
from ...structures.skeleton import skeleton_of

ENDINGS = (".posetrack18.json", ".json.gz", ".jsonl.gz", ".json", ".jsonl")


class Detected(NamedTuple):
    """One frame of detections."""

    time_s: float
    people: Annotations  # image_id is the frame's number where the format has no other


@dataclass(frozen=True, slots=True)
class Detections:
    """One video's detections; iterate for its frames, as often as you like.

    Attributes:
        path: the file.
        name: of the video: the file's without its ending.
        skeleton: of the poses.
        fps: of the frames of a format that holds no times.
    """

    path: Path
    name: str
    skeleton: Skeleton
    fps: float

    def __iter__(self) -> Iterator[Detected]:
        return (Detected(time_s, people) for time_s, people in self._read())

    def _read(self) -> Iterator[tuple[float, Annotations]]:
        if not _has_lines(self.path):
            for index, people in enumerate(PoseTrack18File(self.path)):
                yield index / self.fps, people
        elif _is_record(self.path):
            for line in PosesReader(self.path):
                yield line.time_s, Annotations.of_poses(line.poses, line.frame)
        else:
            yield from read_detection_lines(self.path)


def open_detections(path: Path, fps: float) -> Detections:
    """Open PoseTrack18 predictions, a native record, or JSON Lines of detections.

    Args:
        path: of the file, `.json`, `.jsonl`, or one of them compressed, `.gz`.
        fps: of the frames of PoseTrack18 files, which hold no times.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: it is none of these.
    """
    ending = next((ending for ending in ENDINGS if path.name.endswith(ending)), None)
    if ending is None:
        raise ResultFileError(f"{path}: detections must be a .json or .jsonl file")
    skeleton = POSETRACK_15
    if _has_lines(path) and _is_record(path):
        try:
            skeleton = skeleton_of(PosesReader(path).header["skeleton"]["keypoints"])
        except ValueError as error:
            raise ResultFileError(f"{path}: {error}") from None
    return Detections(path, path.name.removesuffix(ending), skeleton, fps)


def poses_of(people: Annotations) -> Poses:
    """What a tracker sees of them, who are `somewhere`; what the file does not say is filled in.

    A keypoint without a score counts as sure, a pose without one has the mean of its keypoints, and
    a box is drawn around the keypoints.
    """
    there = people.labels > 0
    known = np.where(np.isnan(people.keypoint_scores), 1, people.keypoint_scores)
    scores = np.where(there, known, 0)
    means = scores.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return Poses(
        keypoints=np.ascontiguousarray(people.keypoints, np.float32),
        keypoint_scores=np.ascontiguousarray(scores, np.float32),
        scores=np.where(np.isnan(people.scores), means, people.scores).astype(np.float32),
        boxes=person_boxes(people).astype(np.float32),
    )


def somewhere(people: Annotations) -> BoolArray:
    """(N,): who has a box or a keypoint; the others are nowhere."""
    has_box = ~np.isnan(people.boxes).any(axis=1)
    return np.asarray(has_box | (people.labels > 0).any(axis=1))


def _has_lines(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(".jsonl")


def _is_record(path: Path) -> bool:
    """Whether the first line is the header of a native record."""
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            first = file.readline()
    else:
        with path.open("rb") as file:
            first = file.readline()
    try:
        header = json.loads(first)
    except ValueError:
        return False
    return isinstance(header, dict) and "posetrack" in header
