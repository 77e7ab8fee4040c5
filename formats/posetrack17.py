"""PoseTrack17 files: one JSON per video, every scalar a list of one number.

Layout: https://github.com/leonid-pishchulin/poseval#data-preparation. A person is a rectangle
around the head with a list of points; ids 0 to 14 are the keypoints of `POSETRACK_15`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..structures import POSETRACK_15, Annotations, ResultFileError
from ..structures.arrays import Float64Array
from ..structures.partial_file import whole_file
from .annotation_fields import Fields
from .json_stream import json_items

_K = len(POSETRACK_15)
_CORNERS = ("x1", "y1", "x2", "y2")


class PoseTrack17File:
    """Ground truth or predictions of one video; see `TrackFile`.

    A frame that does not say `is_labeled` counts as labelled. A person without points stays as a
    row without keypoints, because evaluators tell such a frame from an empty one, and one without
    even an empty array of points is `ignored`, because they tell these apart too.

    Raises:
        ResultFileError: the file is cut off or contradicts itself; file and place are named. Frames
            are checked while iterating.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Annotations]:
        for item in json_items(self.path):
            if item.key == "annolist":
                if item.position < 0:
                    raise ResultFileError(f"{self.path}: annolist must be an array")
                yield _frame(Fields.of(self.path, item), item.position)


def write_posetrack17(path: Path, frames: Iterable[Annotations]) -> None:
    """Write one video, as ground truth or predictions are; the file appears when it is whole."""
    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
        separator = '{"annolist":[\n'
        for frame in frames:
            file.write(separator + json.dumps(_document(frame), allow_nan=False))
            separator = ",\n"
        file.write("\n]}\n" if separator == ",\n" else '{"annolist":[]}\n')


def _frame(frame: Fields, index: int) -> Annotations:
    people = frame.items("annorect")
    keypoints = np.zeros((len(people), _K, 2))
    labels = np.zeros((len(people), _K), np.uint8)
    point_scores = np.full((len(people), _K), np.nan)
    scores, heads, ids, ignored = [], [], [], []
    for row, person in enumerate(people):
        fields = Fields(frame.path, f"{frame.place}.annorect[{row}]", person)
        there = _read_points(fields, keypoints[row], labels[row], point_scores[row])
        ignored.append(not there)
        scores.append(_scalar(fields, "score"))
        heads.append([_scalar(fields, corner) for corner in _CORNERS])
        track_id = _first(person.get("track_id"))
        ids.append(-1 if track_id is None else fields.as_integer("track_id", track_id))
    return Annotations.of(
        keypoints,
        labels,
        keypoint_scores=point_scores,
        scores=scores,
        head_boxes=np.array(heads).reshape(-1, 4),
        track_ids=ids,
        ignored=ignored,
        image_id=index,
        file_name=_file_name(frame),
        ignore_regions=_regions(frame),
        labelled=bool(_first(frame.value.get("is_labeled", 1))),
    )


def _read_points(
    person: Fields, keypoints: Float64Array, labels: Any, scores: Float64Array
) -> bool:
    """The points of a person, written into one row of each array; whether there is an array."""
    annopoints = _first(person.value.get("annopoints") or {})
    points = annopoints.get("point", []) if isinstance(annopoints, dict) else None
    if not isinstance(points, list):
        person.refuse("annopoints must hold an array of points")
    for number, point in enumerate(points):
        fields = Fields(person.path, f"{person.place}.point[{number}]", point)
        keypoint = _scalar(fields, "id")
        if not (0 <= keypoint < _K and keypoint == int(keypoint)):
            fields.refuse(f"id must be one of the keypoints 0 to {_K - 1}, got {keypoint:g}")
        j = int(keypoint)
        if labels[j]:
            fields.refuse(f"{POSETRACK_15.keypoints[j]} is there twice")
        keypoints[j] = fields.array("x and y", [_scalar(fields, "x"), _scalar(fields, "y")], 2)
        visible = _first(fields.value.get("is_visible", 1))
        labels[j] = 1 if visible in (0, "0") else 2
        scores[j] = _scalar(fields, "score")
    return "point" in annopoints


def _scalar(fields: Fields, key: str) -> float:
    """A number, alone or in a list; NaN if there is none."""
    return fields.as_number(key, _first(fields.value.get(key)))


def _first(value: Any) -> Any:
    """What a list of one holds; None for an empty one; anything else as it is."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _file_name(frame: Fields) -> str:
    image = _first(frame.value.get("image") or {})
    name = _first(image.get("name")) if isinstance(image, dict) else None
    return name if isinstance(name, str) else ""


def _regions(frame: Fields) -> tuple[Float64Array, ...]:
    polygons = []
    for number, region in enumerate(frame.items("ignore_regions")):
        fields = Fields(frame.path, f"{frame.place}.ignore_regions[{number}]", region)
        corners = [
            (_scalar(corner, "x"), _scalar(corner, "y"))
            for corner in (
                Fields(frame.path, fields.place, point) for point in fields.items("point")
            )
        ]
        flat = [value for corner in corners for value in corner]
        polygons.append(fields.array("point", flat, 2 * len(corners)).reshape(-1, 2))
    return tuple(polygons)


def _document(frame: Annotations) -> dict[str, Any]:
    document: dict[str, Any] = {
        "image": [{"name": frame.file_name}],
        "is_labeled": [int(frame.labelled)],
        "annorect": [_person(frame, row) for row in range(len(frame))],
    }
    if frame.ignore_regions:
        document["ignore_regions"] = [
            {"point": [{"x": [float(x)], "y": [float(y)]} for x, y in polygon]}
            for polygon in frame.ignore_regions
        ]
    return document


def _person(frame: Annotations, row: int) -> dict[str, Any]:
    points = []
    for j in np.flatnonzero(frame.labels[row]):
        x, y = frame.keypoints[row, j]
        point: dict[str, Any] = {"id": [int(j)], "x": [float(x)], "y": [float(y)]}
        point["is_visible"] = [int(frame.labels[row, j] == 2)]
        points.append(point | _known("score", frame.keypoint_scores[row, j]))
    person: dict[str, Any] = {"annopoints": [] if frame.ignored[row] else [{"point": points}]}
    for corner, value in zip(_CORNERS, frame.head_boxes[row], strict=True):
        person |= _known(corner, value)
    person |= _known("score", frame.scores[row])
    return person | {"track_id": [int(frame.track_ids[row])]}


def _known(key: str, value: float) -> dict[str, list[float]]:
    return {} if np.isnan(value) else {key: [float(value)]}
