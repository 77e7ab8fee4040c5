"""What a file says of the people in one image: labels made by hand, or predictions to be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import AnyArray, BoolArray, Float64Array, Int64Array, UInt8Array
from .poses import Poses

_PER_PERSON = {
    "keypoints": (np.float64, ("K", 2)),
    "labels": (np.uint8, ("K",)),
    "keypoint_scores": (np.float64, ("K",)),
    "scores": (np.float64, ()),
    "boxes": (np.float64, (4,)),
    "areas": (np.float64, ()),
    "head_boxes": (np.float64, (4,)),
    "track_ids": (np.int64, ()),
    "crowd": (np.bool_, ()),
    "ignored": (np.bool_, ()),
}


@dataclass(frozen=True, slots=True)
class Annotations:
    """Everybody whom a file names in one image, one row per person, in the order of the file.

    Unlike `Poses`, which come from a network, these are double precision: scores are compared with
    those of official tools to 1e-6. What a file does not say is NaN, or -1 for a track id.

    Attributes:
        keypoints: (N, K, 2) float64 x, y in image pixels; meaningless where the label is 0.
        labels: (N, K) uint8: 0 not there, 1 there but hidden, 2 there and visible. Predictions have
            0 or 2.
        keypoint_scores: (N, K) float64.
        scores: (N,) float64, the whole pose.
        boxes: (N, 4) float64 x1, y1, x2, y2.
        areas: (N,) float64 px² of the person's segment.
        head_boxes: (N, 4) float64 x1, y1, x2, y2.
        track_ids: (N,) int64.
        crowd: (N,) bool: a region of many people, who are not labelled one by one.
        ignored: (N,) bool: whoever finds this person is neither right nor wrong.
        image_id: of the image in its data set.
        file_name: of the image; empty if the file does not say.
        ignore_regions: (P, 2) float64 polygons in which nothing counts.
        labelled: whether the image was labelled at all; if not, nothing in it counts.
        crowd_index: how crowded the image is, in [0, 1] (CrowdPose).

    Raises:
        ValueError: two arrays disagree on N or K.
        TypeError: an array has another dtype than stated.
    """

    keypoints: Float64Array
    labels: UInt8Array
    keypoint_scores: Float64Array
    scores: Float64Array
    boxes: Float64Array
    areas: Float64Array
    head_boxes: Float64Array
    track_ids: Int64Array
    crowd: BoolArray
    ignored: BoolArray
    image_id: int = 0
    file_name: str = ""
    ignore_regions: tuple[Float64Array, ...] = ()
    labelled: bool = True
    crowd_index: float = float("nan")

    def __post_init__(self) -> None:
        n, k = self.labels.shape
        for name, (dtype, shape) in _PER_PERSON.items():
            array = getattr(self, name)
            wanted = (n, *(k if size == "K" else size for size in shape))
            if array.shape != wanted:
                raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
            if array.dtype != dtype:
                raise TypeError(f"{name} must be {np.dtype(dtype)}, got {array.dtype}")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: AnyArray | slice) -> Annotations:
        """The people named by a mask, by indices or by a slice, in that order."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _PER_PERSON})

    def followed_by(self, others: Annotations) -> Annotations:
        """Everybody here, then everybody of `others`; the image is this one's."""
        arrays: dict[str, Any] = {
            name: np.concatenate((getattr(self, name), getattr(others, name)))
            for name in _PER_PERSON
        }
        return replace(self, **arrays)

    def select_keypoints(self, columns: Sequence[int]) -> Annotations:
        """Everybody with these keypoints only, in this order."""
        arrays = ("keypoints", "labels", "keypoint_scores")
        return replace(self, **{name: getattr(self, name)[:, list(columns)] for name in arrays})

    def with_labels(self, labels: UInt8Array) -> Annotations:
        """The same people with other labels."""
        return replace(self, labels=labels)

    @staticmethod
    def of_poses(poses: Poses, image_id: int) -> Annotations:
        """Predictions of one image; a keypoint that was not found is not there."""
        known = {} if poses.track_ids is None else {"track_ids": poses.track_ids}
        return Annotations.of(
            poses.keypoints,
            np.where(poses.keypoint_scores > 0, 2, 0),
            keypoint_scores=poses.keypoint_scores,
            scores=poses.scores,
            boxes=poses.boxes,
            image_id=image_id,
            **known,
        )

    @staticmethod
    def of(keypoints: npt.ArrayLike, labels: npt.ArrayLike, **known: Any) -> Annotations:
        """From what is known; every other array is NaN, -1 or False.

        Args:
            keypoints: (N, K, 2).
            labels: (N, K).
            known: other attributes by name; arrays are converted to their dtype.
        """
        marks = np.asarray(labels, np.uint8)
        if marks.ndim != 2:
            raise ValueError(f"labels must have shape (N, K), got {marks.shape}")
        n, k = marks.shape
        known |= {"keypoints": keypoints, "labels": marks}
        for name, (dtype, shape) in _PER_PERSON.items():
            sizes = (n, *(k if size == "K" else size for size in shape))
            if name in known:
                known[name] = np.asarray(known[name], dtype)
            elif dtype is np.float64:
                known[name] = np.full(sizes, np.nan)
            else:
                known[name] = np.full(sizes, -1 if dtype is np.int64 else False, dtype)
        unknown = set(known) - {field.name for field in fields(Annotations)}
        if unknown:
            raise TypeError(f"annotations have no {', '.join(sorted(unknown))}")
        return Annotations(**known)
