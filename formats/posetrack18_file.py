"""Reads PoseTrack18 files, and writes annotations as such; `posetrack18.py` writes those of a run.

Images and annotations are separate arrays, in either order. A first pass collects what is known of
the images; the people are then read frame by frame, so a long video needs little memory if its
annotations are in the order of its images, as they are in the data set. Those of a small file stay
in memory, which saves the second pass.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ..structures import POSETRACK_15, Annotations, ResultFileError
from ..structures.arrays import Float64Array, Int64Array
from ..structures.partial_file import whole_file
from .annotation_fields import Fields, box_rows, number_rows
from .json_stream import Item, json_items
from .posetrack18 import CATEGORY, KEYPOINTS

_SMALL = 8 << 20  # bytes of a file whose people are kept from the first pass
_TO_17 = [KEYPOINTS.index(name) for name in POSETRACK_15.keypoints]


class PoseTrack18File:
    """Ground truth or predictions of one video; see `TrackFile`.

    A keypoint 0, 0, 0 is not there; any other counts, whatever its third number. Keypoints are
    found by the names in `categories`. An image that does not say `is_labeled` counts as labelled.
    Image ids may be any numbers that differ.

    Raises:
        ResultFileError: the file is cut off or contradicts itself; file and place are named.
            Annotations are checked while iterating.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: list[str] = []
        self._labelled = bytearray()
        self._regions: dict[int, tuple[Float64Array, ...]] = {}  # by position, where there are any
        self._keypoints: list[int] = []  # of `POSETRACK_15`, in the file's order
        self._num_keypoints = 0
        self._kept: list[Fields] | None = [] if path.stat().st_size <= _SMALL else None
        ids, order = array("q"), array("q")
        for item in _entries(path):
            if item.key == "images":
                ids.append(self._read_image(Fields.of(path, item)))
            elif item.key == "categories" and not self._keypoints:
                self._read_category(Fields.of(path, item))
            elif item.key == "annotations":
                person = Fields.of(path, item)
                if self._kept is not None:
                    self._kept.append(person)
                image_id = person.integer("image_id")
                if not order or order[-1] != image_id:
                    order.append(image_id)
        if not len(ids) or not self._keypoints:
            missing = "categories" if len(ids) else "images"
            raise ResultFileError(f"{path}: {missing} is missing: this is no PoseTrack18 file")
        self._ids = np.array(ids, np.int64)
        self._positions = self._find(np.array(order, np.int64))
        self._in_order = bool((np.diff(self._positions) > 0).all())

    def _read_image(self, image: Fields) -> int:
        if regions := _regions(image):
            self._regions[len(self._names)] = regions
        self._names.append(image.text("file_name"))
        self._labelled.append(bool(image.value.get("is_labeled", True)))
        return image.integer("id")

    def _read_category(self, category: Fields) -> None:
        names = category.items("keypoints")
        missing = [name for name in POSETRACK_15.keypoints if name not in names]
        if missing:
            category.refuse(
                f"PoseTrack's keypoint {missing[0]!r} is not among the keypoints: is this another "
                "skeleton?"
            )
        self._keypoints = [names.index(name) for name in POSETRACK_15.keypoints]
        self._num_keypoints = len(names)

    def _find(self, image_ids: Int64Array) -> Int64Array:
        """Positions of images by their ids."""
        order = np.argsort(self._ids, kind="stable")
        ordered = self._ids[order]
        if (np.diff(ordered) == 0).any():
            twice = ordered[1:][np.diff(ordered) == 0][0]
            raise ResultFileError(f"{self.path}: images: there are two with id {twice}")
        at = np.searchsorted(ordered, image_ids).clip(max=len(ordered) - 1)
        unknown = image_ids[ordered[at] != image_ids]
        if len(unknown):
            raise ResultFileError(
                f"{self.path}: annotations: one has image_id {unknown[0]}, and no image has that id"
            )
        found: Int64Array = order[at]
        return found

    def __iter__(self) -> Iterator[Annotations]:
        waiting = iter(self._people())
        position, people = next(waiting, (-1, []))
        for index in range(len(self._names)):
            here: list[Fields] = []
            if index == position:
                here = people
                position, people = next(waiting, (-1, []))
            yield self._frame(index, here)

    def _annotations(self) -> Iterable[Fields]:
        if self._kept is not None:
            return self._kept
        return (
            Fields.of(self.path, item) for item in _entries(self.path) if item.key == "annotations"
        )

    def _people(self) -> Iterable[tuple[int, list[Fields]]]:
        """(position of an image, its annotations), by position."""
        groups = groupby(self._annotations(), key=lambda person: person.value["image_id"])
        grouped = zip(self._positions.tolist(), (list(people) for _, people in groups), strict=True)
        if self._in_order:
            return grouped
        by_position: dict[int, list[Fields]] = {}
        for position, people in grouped:
            by_position.setdefault(position, []).extend(people)
        return sorted(by_position.items())

    def _frame(self, index: int, people: list[Fields]) -> Annotations:
        size = 3 * self._num_keypoints
        rows = number_rows(people, "keypoints", size, required=True)
        triples = rows.reshape(len(people), self._num_keypoints, 3)[:, self._keypoints]
        scores = number_rows(people, "scores", self._num_keypoints, required=False)
        return Annotations.of(
            triples[..., :2],
            np.where((triples != 0).any(axis=2), 2, 0),
            keypoint_scores=scores[:, self._keypoints],
            scores=[person.number("score") for person in people],
            boxes=box_rows(people, "bbox"),
            head_boxes=box_rows(people, "bbox_head"),
            track_ids=[_track_id(person) for person in people],
            image_id=int(self._ids[index]),
            file_name=self._names[index],
            ignore_regions=self._regions.get(index, ()),
            labelled=bool(self._labelled[index]),
        )


def write_posetrack18(path: Path, video: str, frames: Iterable[Annotations]) -> None:
    """Write one video, as ground truth or predictions are; the file appears when it is whole.

    Args:
        path: of the file.
        video: its name, such as `003418_mpii_test`.
        frames: in order; images are numbered by `image_id`, which must differ.
    """
    images = []
    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
        separator = '{"annotations":[\n'
        for frame in frames:
            images.append(json.dumps(_image(frame, video), allow_nan=False))
            for row in range(len(frame)):
                file.write(separator + json.dumps(_annotation(frame, row), allow_nan=False))
                separator = ",\n"
        file.write((separator if separator != ",\n" else "") + '\n],"images":[\n')
        file.write(",\n".join(images))
        file.write(f'\n],"categories":[{json.dumps(CATEGORY)}]}}\n')


def _entries(path: Path) -> Iterator[Item]:
    """The elements of the file's arrays."""
    for item in json_items(path):
        if item.position >= 0:
            yield item
        elif item.key in ("images", "annotations", "categories") and item.value is not None:
            raise ResultFileError(f"{path}: {item.key} must be an array")


def _track_id(person: Fields) -> int:
    return -1 if person.value.get("track_id") is None else person.integer("track_id")


def _regions(image: Fields) -> tuple[Float64Array, ...]:
    """Polygons; the file has a list of x and one of y for each, or for the only one."""
    xs, ys = image.items("ignore_regions_x"), image.items("ignore_regions_y")
    if xs and ys and not isinstance(xs[0], list):
        xs, ys = [xs], [ys]
    if len(xs) != len(ys):
        image.refuse("ignore_regions_x and ignore_regions_y must have as many polygons")
    if not all(isinstance(x, list) for x in xs):
        image.refuse("ignore_regions_x must be polygons, each a list of numbers")
    polygons = []
    for x, y in zip(xs, ys, strict=True):
        columns = [
            image.array(f"ignore_regions_{name}", values, len(x))
            for name, values in (("x", x), ("y", y))
        ]
        polygons.append(np.column_stack(columns))
    return tuple(polygons)


def _image(frame: Annotations, video: str) -> dict[str, Any]:
    image: dict[str, Any] = {
        "id": frame.image_id,
        "frame_id": frame.image_id,
        "file_name": frame.file_name,
        "vid_id": video[:6],
        "is_labeled": frame.labelled,
    }
    if frame.ignore_regions:
        for axis, name in enumerate("xy"):
            image[f"ignore_regions_{name}"] = [p[:, axis].tolist() for p in frame.ignore_regions]
    return image


def _annotation(frame: Annotations, row: int) -> dict[str, Any]:
    triples, scores = np.zeros((len(KEYPOINTS), 3)), np.zeros(len(KEYPOINTS))
    here = frame.labels[row] > 0
    triples[_TO_17, :2] = np.where(here[:, None], frame.keypoints[row], 0)
    triples[_TO_17, 2] = here
    annotation: dict[str, Any] = {
        "id": frame.image_id * 100 + row,
        "image_id": frame.image_id,
        "category_id": 1,
        "track_id": int(frame.track_ids[row]),
        "keypoints": triples.ravel().tolist(),
    }
    known = frame.keypoint_scores[row]
    if not np.isnan(known[here]).any() and here.any():
        scores[_TO_17] = np.where(here, known, 0)
        annotation["scores"] = scores.tolist()
    if not np.isnan(frame.scores[row]):
        annotation["score"] = float(frame.scores[row])
    for key, box in (("bbox", frame.boxes[row]), ("bbox_head", frame.head_boxes[row])):
        if not np.isnan(box).any():
            width, height = box[2:] - box[:2]
            annotation[key] = [float(box[0]), float(box[1]), float(width), float(height)]
    return annotation
