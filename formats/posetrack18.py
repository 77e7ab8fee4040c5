"""PoseTrack18 predictions: one JSON per video, read by poseval and the PoseTrack evaluators.

Layout: https://github.com/leonid-pishchulin/poseval#data-preparation and its `py/convert.py`.
"""

from __future__ import annotations

import json
import re
from array import array
from pathlib import Path

import numpy as np

from ..structures import COCO_17, POSETRACK_15, Frame, Poses, Skeleton
from ..structures.arrays import Float64Array, Int64Array
from .partial_file import PartialFile
from .pose_writer import WriterState, keypoint_triples

SUFFIX = ".posetrack18.json"

# COCO's, but for the eyes.
KEYPOINTS = ("nose", "head_bottom", "head_top", *COCO_17.keypoints[3:])
_HEAD_ENDS = [KEYPOINTS.index("head_bottom"), KEYPOINTS.index("head_top")]
CATEGORY = {
    "supercategory": "person",
    "id": 1,
    "name": "person",
    "keypoints": KEYPOINTS,
    "skeleton": [
        [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8],
        [7, 9], [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
    ],
}  # fmt: skip

# Along the line from mid-shoulder to mid-ear, or to the nose, at which multiple of it the neck and
# the head's top lie; `head_ends` says where the numbers are from.
EAR_BOTTOM, EAR_TOP = 0.28, 1.77
NOSE_BOTTOM, NOSE_TOP = 0.28, 1.49

_ANNOTATION = (
    '{"id":%d,"image_id":%d,"track_id":%d,"category_id":1,"keypoints":['
    + ",".join(["%.4f,%.4f,%d"] * len(KEYPOINTS))
    + '],"scores":['
    + ",".join(["%.6f"] * len(KEYPOINTS))
    + '],"bbox":[%.4f,%.4f,%.4f,%.4f]}'
)
_SOURCES = {"mpii": 1, "bonn": 2, "mpiinew": 3}  # the first digit of an image id


class PoseTrack18Writer:
    """Streams tracked poses to a PoseTrack18 file (see `PoseWriter`, `PartialFile`).

    Only poses that have a track id are written; the ears stay zero, as in the data set. A keypoint
    that was not found is 0, 0, 0, one that was has 1 as its third number and its score in `scores`.
    Coordinates and box edges are not shifted, boxes of heads (which evaluators take from the
    ground truth) not given.

    Args:
        path: the file to make; without `.posetrack18.json` its name is that of the video. From
            one like `003418_mpii_test` follow the image ids of the data set; any other becomes
            `000001_mpii_<name>`, because evaluators read number and source from it.
        skeleton: of the poses; COCO's 17 keypoints (see `head_ends`) or PoseTrack's 15.
        state: of an earlier writer of the file, to go on there.

    Raises:
        ValueError: another skeleton.
        ResultFileError: the file is not as the earlier writer left it.
    """

    def __init__(self, path: Path, skeleton: Skeleton, state: WriterState | None = None) -> None:
        if skeleton.keypoints not in (COCO_17.keypoints, POSETRACK_15.keypoints):
            raise ValueError(
                f"PoseTrack18 files need the skeleton {COCO_17.name!r} or {POSETRACK_15.name!r}, "
                f"got {skeleton.name!r}: leave out the format 'posetrack18' for this model"
            )
        # Where each keypoint comes from and goes to, by name; the data set has no ears.
        names = [n for n in KEYPOINTS if n in skeleton.keypoints and not n.endswith("_ear")]
        self._from = [skeleton.keypoints.index(name) for name in names]
        self._to = [KEYPOINTS.index(name) for name in names]
        self._num_keypoints = len(skeleton)
        self._has_head_ends = "head_top" in skeleton.keypoints
        self._video = video_name(path.name.removesuffix(SUFFIX))
        self._ids = array("q")  # of the images, 8 bytes each
        self._names: dict[int, str] = {}  # of those that have a name, by position
        self._separator = '{"annotations":[\n'
        if state:
            self._ids.extend(i for first, last in state["ids"] for i in range(first, last + 1))
            self._names.update(state["names"])
            self._separator = state["separator"]
        self._file = PartialFile(path, None if state is None else state["length"])

    def write(self, frame: Frame, poses: Poses) -> None:
        """See `PoseWriter`."""
        image_id = image_id_of(self._video, frame.index)
        if frame.name:
            self._names[len(self._ids)] = frame.name
        self._ids.append(image_id)
        if poses.track_ids is None or not len(poses):
            return
        tracked = poses.track_ids >= 1
        ids, poses = poses.track_ids[tracked], poses[tracked]
        rows = zip(ids.tolist(), self._numbers(frame, poses), strict=True)
        for row, (track_id, numbers) in enumerate(rows):
            # Two digits count the people of an image; a crowd takes five, past all other ids.
            annotation_id = image_id * (100 if row < 100 else 100_000) + row
            annotation = _ANNOTATION % (annotation_id, image_id, track_id, *numbers)
            self._file.write(self._separator + annotation)
            self._separator = ",\n"

    def state(self) -> WriterState:
        """See `PoseWriter`."""
        return {
            "length": self._file.flush(),
            "separator": self._separator,
            "ids": _runs(np.array(self._ids)),
            "names": list(self._names.items()),
        }

    def close(self, complete: bool) -> None:
        """See `PoseWriter`."""
        if self._file.closed:
            return
        if complete:
            start = self._separator if self._separator != ",\n" else ""
            self._file.write(start + '\n],"images":[\n')
            for position, image_id in enumerate(self._ids):
                self._file.write(",\n" if position else "")
                self._file.write(json.dumps(self._image(position, image_id)))
            self._file.write(f'\n],"categories":[{json.dumps(CATEGORY)}]}}\n')
        self._file.close(complete)

    def _numbers(self, frame: Frame, poses: Poses) -> list[list[float]]:
        """Keypoints, scores and box of every pose, in the order of the file."""
        triples = keypoint_triples(poses, self._num_keypoints, frame)
        slots = np.zeros((len(poses), len(KEYPOINTS), 3))
        slots[:, self._to] = triples[:, self._from]
        if not self._has_head_ends:
            slots[:, _HEAD_ENDS] = head_ends(triples)
        scores = slots[..., 2].copy()
        slots[..., 2] = scores > 0
        slots[scores <= 0] = 0
        boxes = poses.boxes.astype(float)
        boxes[:, 2:] -= boxes[:, :2]
        flat = slots.reshape(len(poses), 3 * len(KEYPOINTS))
        numbers: list[list[float]] = np.column_stack((flat, scores, boxes)).tolist()
        return numbers

    def _image(self, position: int, image_id: int) -> dict[str, int | str | bool]:
        index = int(str(image_id)[7:])
        name = self._names.get(position, f"{index:06d}.jpg")
        return {
            "id": image_id,
            "file_name": f"images/{self._video}/{name}",
            "vid_id": self._video[:6],
            "frame_id": image_id,
            "nframes": len(self._ids),
            "is_labeled": True,
        }


def head_ends(triples: Float64Array) -> Float64Array:
    """PoseTrack's head_bottom and head_top, which COCO lacks, from COCO's keypoints.

    With m = mid-shoulder and c = mid-ear, or the nose unless both ears were found:
    head_bottom = m + a (c - m), head_top = m + b (c - m); a = 0.28, b = 1.77 for the ears and
    a = 0.28, b = 1.49 for the nose. The score is the least of the keypoints used; without a
    shoulder or without c there is no such point.

    Args:
        triples: (N, 17, 3) x, y, score of `COCO_17`.

    Returns:
        (N, 2, 3) x, y, score of head_bottom and head_top; zeros where there is none.

    Source: medians of the projections of the hand-labelled neck and head top of Leeds Sports Pose
    Extended (Johnson & Everingham, 2011) onto c - m, shoulders by hand, c by MoveNet SinglePose
    Lightning where it agreed with the labels (score >= 0.5). Residuals in head lengths (neck to
    head top), median and 90th percentile:

    ====  ======  ==================  ==================
    c     people  head_bottom         head_top
    ====  ======  ==================  ==================
    ears  2026    0.17, 0.37          0.24, 0.52
    nose  2370    0.17, 0.37          0.55, 1.01
    ====  ======  ==================  ==================

    DetectAndTrack (Girdhar et al., CVPR 2018) takes a = 0, b = 2 of the nose: 0.26, 0.51 and
    0.65, 1.29 on the same 2370. In the 13 people of PoseTrack18's own labels at hand the medians
    for the nose are a = 0.28, b = 1.47 (its ears are not labelled).
    """
    index = COCO_17.keypoints.index
    shoulders = triples[:, [index("left_shoulder"), index("right_shoulder")]]
    ears = triples[:, [index("left_ear"), index("right_ear")]]
    nose = triples[:, index("nose")]
    ear_score = ears[..., 2].min(axis=1)
    has_ears = ear_score > 0
    center = np.where(has_ears[:, None], ears[..., :2].mean(axis=1), nose[:, :2])
    at = np.where(has_ears[:, None], (EAR_BOTTOM, EAR_TOP), (NOSE_BOTTOM, NOSE_TOP))
    score = np.where(has_ears, ear_score, nose[:, 2])
    score = np.minimum(score, shoulders[..., 2].min(axis=1))
    middle = shoulders[..., :2].mean(axis=1)
    ends = np.empty((len(triples), 2, 3))
    ends[..., :2] = middle[:, None] + at[..., None] * (center - middle)[:, None]
    ends[..., 2] = score[:, None]
    ends[~(score > 0)] = 0
    return ends


def _runs(numbers: Int64Array) -> list[list[int]]:
    """First and last of each run of consecutive numbers."""
    if not len(numbers):
        return []
    cuts = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [[int(run[0]), int(run[-1])] for run in np.split(numbers, cuts)]


def video_name(name: str) -> str:
    """The name of a video from which evaluators can read number and source."""
    return name if re.match(r"\d{6}_(mpii|bonn|mpiinew)(_|$)", name) else f"000001_mpii_{name}"


def image_id_of(video: str, index: int) -> int:
    """Digits: one of the video's source, six of the video, four or more of the frame."""
    number, source = video.split("_")[:2]
    return int(f"{_SOURCES[source]}{number}{index:04d}")
