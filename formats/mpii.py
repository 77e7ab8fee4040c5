"""MPII Human Pose annotations in MATLAB files, and predictions that go with them.

Layout: http://human-pose.mpi-inf.mpg.de/#download (`RELEASE`), and the arrays of its validation set
that evaluation code passes around (`pos_gt_src`, `headboxes_src`, `jnt_missing`). MATLAB counts
pixels from 1, so 1 is taken from every coordinate, and added when writing. Needs SciPy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..structures import MPII_16, Annotations, ResultFileError
from ..structures.arrays import Float64Array
from ..structures.partial_file import whole_file
from .annotated_images import AnnotatedImages

_K = len(MPII_16)
_CORNERS = ("x1", "y1", "x2", "y2")


def read_mpii(path: Path) -> AnnotatedImages:
    """Ground truth: everybody with at least one keypoint.

    An image's id is the number that its name is, as in results of a folder of images; in the arrays
    of the validation set, which name no images, every person is an image of their own, numbered in
    order.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: the file is no MATLAB file, is cut off, or holds something else.
    """
    content = _load(path)
    if "RELEASE" in content:
        return AnnotatedImages(path, MPII_16, _release(path, content["RELEASE"]))
    missing = [
        name for name in ("pos_gt_src", "headboxes_src", "jnt_missing") if name not in content
    ]
    if not missing:
        return AnnotatedImages(path, MPII_16, _validation(path, content))
    raise ResultFileError(
        f"{path}: must hold RELEASE, or pos_gt_src, headboxes_src and jnt_missing; it lacks "
        f"{missing[0]}"
    )


def read_mpii_predictions(path: Path, truth: AnnotatedImages) -> AnnotatedImages:
    """Predictions `preds`, (N, 16, 2), one for every person of the truth, in order.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: the file is not as it must be.
    """
    content = _load(path)
    people = sum(map(len, truth.images))
    preds = np.asarray(content.get("preds", np.zeros(0)))
    if preds.shape[:2] != (people, _K) or preds.ndim != 3 or preds.shape[2] < 2:
        raise ResultFileError(
            f"{path}: preds must have shape {(people, _K, 2)}, one for each person of "
            f"{truth.path}, got {preds.shape}"
        )
    points, start, images = preds[..., :2].astype(np.float64) - 1, 0, []
    for image in truth.images:
        rows = points[start : start + len(image)]
        labels = np.where(np.isfinite(rows).all(axis=2), 2, 0)
        scores = np.ones(len(image))
        images.append(Annotations.of(rows, labels, scores=scores, image_id=image.image_id))
        start += len(image)
    return AnnotatedImages(path, MPII_16, images)


def write_mpii(path: Path, truth: AnnotatedImages) -> None:
    """Write ground truth as `RELEASE`; the file appears when it is whole.

    Raises:
        ValueError: the skeleton is not MPII's.
    """
    from scipy.io import savemat

    if truth.skeleton.keypoints != MPII_16.keypoints:
        raise ValueError(f"MPII files need the skeleton 'mpii-16', got {truth.skeleton.name!r}")
    annolist = [
        {"image": {"name": image.file_name}, "annorect": _structs(_people(image))}
        for image in truth.images
    ]
    with whole_file(path) as partial, partial.open("wb") as file:
        savemat(file, {"RELEASE": {"annolist": _structs(annolist)}})


def _load(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    with path.open("rb") as file:
        try:
            content: dict[str, Any] = loadmat(file, squeeze_me=True, struct_as_record=False)
        except Exception as error:  # SciPy raises whatever comes of reading wrong bytes
            raise ResultFileError(f"{path}: no whole MATLAB file: {error}") from error
    return content


def _release(path: Path, release: Any) -> list[Annotations]:
    images = []
    for number, entry in enumerate(np.atleast_1d(getattr(release, "annolist", []))):
        place = f"{path}: annolist({number + 1})"
        name = getattr(getattr(entry, "image", None), "name", None)
        if not isinstance(name, str):
            raise ResultFileError(f"{place}: image.name is missing")
        people = [
            _person(f"{place}.annorect({row + 1})", person)
            for row, person in enumerate(np.atleast_1d(getattr(entry, "annorect", [])))
            if np.size(getattr(person, "annopoints", [])) and hasattr(person.annopoints, "point")
        ]
        stem = Path(name).stem
        images.append(
            Annotations.of(
                np.array([points for points, _, _ in people]).reshape(-1, _K, 2),
                np.array([labels for _, labels, _ in people]).reshape(-1, _K),
                head_boxes=np.array([head for _, _, head in people]).reshape(-1, 4),
                image_id=int(stem) if stem.isascii() and stem.isdigit() else number + 1,
                file_name=name,
            )
        )
    if not images:
        raise ResultFileError(f"{path}: RELEASE.annolist is missing or empty")
    return images


def _person(place: str, person: Any) -> tuple[Float64Array, Any, list[float]]:
    """(16, 2) keypoints, (16,) labels, head box."""
    points, labels = np.zeros((_K, 2)), np.zeros(_K, np.uint8)
    for point in np.atleast_1d(person.annopoints.point):
        keypoint = _number(place, point, "id")
        if not (0 <= keypoint < _K and keypoint == int(keypoint)):
            raise ResultFileError(f"{place}: a point has id {keypoint:g}, which must be 0 to 15")
        points[int(keypoint)] = _number(place, point, "x") - 1, _number(place, point, "y") - 1
        hidden = str(getattr(point, "is_visible", "1")) in ("0", "False")
        labels[int(keypoint)] = 1 if hidden else 2
    return points, labels, [_number(place, person, corner) - 1 for corner in _CORNERS]


def _number(place: str, struct: Any, name: str) -> float:
    value = getattr(struct, name, None)
    if isinstance(value, int | float) and np.isfinite(value):
        return float(value)
    raise ResultFileError(f"{place}: {name} must be a number, got {value!r}")


def _validation(path: Path, content: dict[str, Any]) -> list[Annotations]:
    points = np.asarray(content["pos_gt_src"], np.float64)
    heads = np.asarray(content["headboxes_src"], np.float64)
    missing = np.asarray(content["jnt_missing"])
    count = points.shape[-1]
    wanted = {
        "pos_gt_src": (_K, 2, count),
        "headboxes_src": (2, 2, count),
        "jnt_missing": (_K, count),
    }
    for name, array in zip(wanted, (points, heads, missing), strict=True):
        if array.shape != wanted[name]:
            raise ResultFileError(
                f"{path}: {name} must have shape {wanted[name]}, got {array.shape}"
            )
    return [
        Annotations.of(
            points[None, ..., n] - 1,
            np.where(missing[None, :, n] == 0, 2, 0),
            head_boxes=heads[..., n].reshape(1, 4) - 1,
            image_id=n + 1,
        )
        for n in range(count)
    ]


def _people(image: Annotations) -> list[dict[str, Any]]:
    people = []
    for labels, points, head in zip(image.labels, image.keypoints, image.head_boxes, strict=True):
        point = [
            {"x": x + 1, "y": y + 1, "id": int(k), "is_visible": int(labels[k] == 2)}
            for k, (x, y) in enumerate(points.tolist())
            if labels[k]
        ]
        corners = dict(zip(_CORNERS, (head + 1).tolist(), strict=True))
        people.append({**corners, "annopoints": {"point": _structs(point)}})
    return people


def _structs(rows: list[dict[str, Any]]) -> Any:
    """A MATLAB array of structs."""
    if not rows:
        return np.zeros((1, 0))
    array = np.empty((1, len(rows)), [(name, object) for name in rows[0]])
    for column, row in enumerate(rows):
        array[0, column] = tuple(row.values())
    return array
