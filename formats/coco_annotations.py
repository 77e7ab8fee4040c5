"""COCO keypoint annotations and results, as COCO, CrowdPose and OCHuman publish them.

Layout: https://cocodataset.org/#format-data. CrowdPose has no areas, and says with `crowdIndex` how
crowded an image is, and counts in `num_keypoints` the visible keypoints only; OCHuman has COCO's
layout and keypoints.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..structures import COCO_17, Annotations, ResultFileError, Skeleton
from ..structures.arrays import Float64Array
from ..structures.partial_file import whole_file
from ..structures.skeleton import skeleton_of
from .annotated_images import PERSON, AnnotatedImages
from .annotation_fields import Fields, box_rows
from .json_stream import Item, json_items

_SYNONYMS = {"top_head": "head_top"}


def read_coco(path: Path) -> AnnotatedImages:
    """Ground truth; annotations of other categories than persons are left out.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: the file is cut off or contradicts itself; file and place are named.
    """
    parts: dict[str, list[Item]] = {"images": [], "annotations": [], "categories": []}
    for item in json_items(path):
        if item.key in parts:
            if item.position < 0 and item.value is not None:
                raise ResultFileError(f"{path}: {item.key} must be an array")
            parts[item.key].append(item)
    for key in ("images", "categories"):
        if not parts[key]:
            raise ResultFileError(f"{path}: {key} is missing: this is no COCO ground truth")
    skeleton, category = _skeleton(path, parts["categories"])
    images: dict[int, Fields] = {}
    for item in parts["images"]:
        image = Fields.of(path, item)
        if images.setdefault(image.integer("id"), image) is not image:
            image.refuse(f"there are two images with id {image.integer('id')}")
    people = _by_image(path, parts["annotations"], images.keys(), category)
    return AnnotatedImages(
        path,
        skeleton,
        [_truth(image, people[i], len(skeleton)) for i, image in images.items()],
        category,
    )


def read_coco_results(path: Path, skeleton: Skeleton, category: int = PERSON) -> AnnotatedImages:
    """Results: one entry for every image that has any, in the order of the file.

    Args:
        path: a JSON array of poses.
        skeleton: of the ground truth; results do not name theirs.
        category: id that the ground truth gives to people; poses of others are left out.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: the file is cut off, or a pose is not as it must be; file and place are
            named.
    """
    people: dict[int, list[Fields]] = {}
    for item in json_items(path):
        if item.key or item.position < 0:
            raise ResultFileError(f"{path}: COCO results must be a JSON array of poses")
        pose = Fields.of(path, item)
        if pose.value.get("category_id", category) == category:
            people.setdefault(pose.integer("image_id"), []).append(_parsed(pose, len(skeleton)))
    return AnnotatedImages(path, skeleton, [_results(i, poses) for i, poses in people.items()])


def results_skeleton(path: Path, truth: Skeleton) -> Skeleton:
    """The skeleton of results that need not have the ground truth's: COCO's for 17 keypoints.

    Results do not name their keypoints; with as many as the ground truth they are taken for its.
    """
    first = next(json_items(path), None)
    numbers = first.value.get("keypoints") if first and isinstance(first.value, dict) else None
    count = len(numbers) // 3 if isinstance(numbers, list) else len(truth)
    return COCO_17 if count == len(COCO_17) else truth


def write_coco(path: Path, truth: AnnotatedImages) -> None:
    """Write ground truth; the file appears when it is whole."""
    keypoints = list(truth.skeleton.keypoints)
    edges = [[a + 1, b + 1] for a, b in truth.skeleton.edges]
    category = {"id": PERSON, "name": "person", "supercategory": "person"}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image in truth.images:
        images.append({"id": image.image_id, "file_name": image.file_name})
        if image.crowd_index == image.crowd_index:
            images[-1]["crowdIndex"] = image.crowd_index
        for row in range(len(image)):
            annotations.append({"id": len(annotations) + 1, **_annotation(image, row)})
    document = {
        "images": images,
        "annotations": annotations,
        "categories": [category | {"keypoints": keypoints, "skeleton": edges}],
    }
    with whole_file(path) as partial:
        partial.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def write_coco_results(path: Path, results: AnnotatedImages) -> None:
    """Write predictions; the file appears when it is whole."""
    poses = []
    for image in results.images:
        for row in range(len(image)):
            triples = np.column_stack((image.keypoints[row], image.keypoint_scores[row]))
            triples[image.labels[row] == 0] = 0
            pose: dict[str, Any] = {"image_id": image.image_id, "category_id": PERSON}
            pose["keypoints"] = triples.ravel().tolist()
            pose["score"] = float(image.scores[row])
            poses.append(pose | _box("bbox", image.boxes[row]))
    with whole_file(path) as partial:
        partial.write_text(json.dumps(poses, allow_nan=False), encoding="utf-8")


def _skeleton(path: Path, items: list[Item]) -> tuple[Skeleton, int]:
    """The skeleton and the id of the first category that has keypoints."""
    for item in items:
        category = Fields.of(path, item)
        names = category.value.get("keypoints")
        if isinstance(names, list) and names and all(isinstance(n, str) for n in names):
            try:
                skeleton = skeleton_of([str(_SYNONYMS.get(name, name)) for name in names])
            except ValueError as error:
                category.refuse(str(error))
            return skeleton, category.integer("id")
    raise ResultFileError(f"{path}: categories: none has a list of keypoints")


def _by_image(path: Path, items: list[Item], images: Any, category: int) -> dict[int, list[Fields]]:
    people: dict[int, list[Fields]] = {image_id: [] for image_id in images}
    seen: set[int] = set()
    for item in items:
        person = Fields.of(path, item)
        if person.value.get("category_id", category) != category:
            continue
        if "id" in person.value and person.integer("id") in seen:
            person.refuse(f"there are two annotations with id {person.integer('id')}")
        seen.add(person.value.get("id", -1))
        image_id = person.integer("image_id")
        if image_id not in people:
            person.refuse(f"there is no image with id {image_id}")
        people[image_id].append(person)
    return people


def _truth(image: Fields, people: list[Fields], num_keypoints: int) -> Annotations:
    rows = [_triples(person, num_keypoints, required=False) for person in people]
    triples = np.array(rows).reshape(len(people), num_keypoints, 3)
    counts: list[int] = []
    for person, row in zip(people, triples, strict=True):
        if not np.isin(row[:, 2], (0, 1, 2)).all():
            person.refuse("the third number of a keypoint must be 0, 1 or 2")
        labelled = int((row[:, 2] > 0).sum())
        counts.append(_num_keypoints(person, labelled))
    return Annotations.of(
        triples[..., :2],
        triples[..., 2],
        boxes=box_rows(people, "bbox"),
        areas=[person.number("area") for person in people],
        head_boxes=box_rows(people, "bbox_head"),
        crowd=[bool(person.value.get("iscrowd", 0)) for person in people],
        ignored=[count == 0 for count in counts],
        image_id=image.integer("id"),
        file_name=image.text("file_name"),
        crowd_index=image.number("crowdIndex"),
    )


def _num_keypoints(person: Fields, labelled: int) -> int:
    """What the file states, else how many are labelled."""
    if "num_keypoints" not in person.value:
        return labelled
    count = person.integer("num_keypoints")
    if count > labelled:
        person.refuse(f"num_keypoints is {count}, but {labelled} keypoints are labelled")
    return count


def _parsed(pose: Fields, num_keypoints: int) -> Fields:
    """The pose with its keypoints and box as arrays, which are a tenth the size of lists."""
    score = pose.number("score")
    if not np.isfinite(score):
        pose.refuse(f"score must be a number, got {pose.value.get('score')!r}")
    pose.value = {
        "triples": _triples(pose, num_keypoints, required=True),
        "score": score,
        "box": pose.box("bbox"),
        "file_name": pose.text("file_name"),
    }
    return pose


def _results(image_id: int, poses: list[Fields]) -> Annotations:
    triples = np.array([pose.value["triples"] for pose in poses])
    return Annotations.of(
        triples[..., :2],
        np.where((triples != 0).any(axis=2), 2, 0),
        keypoint_scores=triples[..., 2],
        scores=[pose.value["score"] for pose in poses],
        boxes=[pose.value["box"] for pose in poses],
        image_id=image_id,
        file_name=poses[0].value["file_name"],
    )


def _triples(person: Fields, num_keypoints: int, *, required: bool) -> Float64Array:
    """(K, 3); zeros for a person whose keypoints nobody labelled."""
    if not required and person.value.get("keypoints") in (None, []):
        return np.zeros((num_keypoints, 3))
    numbers = person.get("keypoints")
    if isinstance(numbers, list) and len(numbers) != 3 * num_keypoints:
        person.refuse(
            f"keypoints must be {3 * num_keypoints} numbers, 3 for each of the {num_keypoints} "
            f"keypoints of the ground truth, got {len(numbers)}: is this another skeleton?"
        )
    return person.array("keypoints", numbers, 3 * num_keypoints).reshape(num_keypoints, 3)


def _annotation(image: Annotations, row: int) -> dict[str, Any]:
    labels = image.labels[row]
    triples = np.column_stack((image.keypoints[row], labels))
    triples[labels == 0] = 0
    annotation: dict[str, Any] = {
        "image_id": image.image_id,
        "category_id": PERSON,
        "keypoints": triples.ravel().tolist(),
        "num_keypoints": 0 if image.ignored[row] else int((labels > 0).sum()),
        "iscrowd": int(image.crowd[row]),
    }
    if image.areas[row] == image.areas[row]:
        annotation["area"] = float(image.areas[row])
    return annotation | _box("bbox", image.boxes[row]) | _box("bbox_head", image.head_boxes[row])


def _box(key: str, box: Float64Array) -> dict[str, Any]:
    """x, y, width, height under a key; nothing where there is no box."""
    if np.isnan(box).any():
        return {}
    return {key: [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]}
