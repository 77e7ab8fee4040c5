"""Detections as JSON Lines without a header: one line a frame, with its time.

    {"frame":0,"time_s":0.0,"persons":[{"score":0.9,"bbox":[x,y,w,h],"keypoints":[[x,y,score],...]}]}

Keypoints are PoseTrack18's 17 in its order; 0, 0, 0 is not there.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..structures import POSETRACK_15, Annotations, ResultFileError
from .annotation_fields import Fields, box_rows
from .posetrack18 import KEYPOINTS

_TO_15 = [KEYPOINTS.index(name) for name in POSETRACK_15.keypoints]


def read_detection_lines(path: Path) -> Iterator[tuple[float, Annotations]]:
    """Time in seconds and people of every frame, with the keypoints of `POSETRACK_15`.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: a line is not what it must be; file and line are named.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            try:
                value = json.loads(text)
            except ValueError as error:
                raise ResultFileError(f"{path}:{number}: not JSON: {error}") from None
            yield _frame(Fields(path, f"line {number}", value))


def _frame(line: Fields) -> tuple[float, Annotations]:
    time_s = line.as_number("time_s", line.get("time_s"))
    people = [
        Fields(line.path, f"{line.place}: persons[{i}]", person)
        for i, person in enumerate(line.items("persons"))
    ]
    rows = [p.array("keypoints", _flat(p), 3 * len(KEYPOINTS)) for p in people]
    triples = np.array(rows).reshape(len(people), len(KEYPOINTS), 3)[:, _TO_15]
    return time_s, Annotations.of(
        triples[..., :2],
        np.where((triples != 0).any(axis=2), 2, 0),
        keypoint_scores=triples[..., 2],
        scores=[person.number("score") for person in people],
        boxes=box_rows(people, "bbox"),
        image_id=line.integer("frame"),
    )


def _flat(person: Fields) -> object:
    """The numbers of a list of triples; anything else as it is, for the check to name."""
    points = person.get("keypoints")
    if isinstance(points, list) and all(isinstance(point, list) for point in points):
        return [number for point in points for number in point]
    return points
