"""COCO keypoint results: one JSON array of poses, for AP by pycocotools and its relatives.

Source: https://cocodataset.org/#format-results
"""

from __future__ import annotations

import json
from pathlib import Path

from ..structures import COCO_17, CROWDPOSE_14, Frame, Poses, Skeleton
from .partial_file import PartialFile
from .pose_writer import WriterState, keypoint_triples

# Four decimals: AP and parity checks want more than the 0.01 px of the native record. Scores rank
# the poses, and nine digits are all that a float32 has.
_RESULT = (
    '{"image_id":%%d,"category_id":1,"keypoints":[%s],"score":%%.9g,'
    '"bbox":[%%.4f,%%.4f,%%.4f,%%.4f],"file_name":%%s}'
)
_KEYPOINT = "%.4f,%.4f,%.9g"
# CrowdPose's evaluator reads the same layout.
_SKELETONS = (COCO_17, CROWDPOSE_14)


class CocoWriter:
    """Streams poses to a COCO keypoint result file (see `PoseWriter`, `PartialFile`).

    Beside the standard keys a result has `file_name`, the image's name, empty for a video.

    Args:
        path: the file to make.
        skeleton: of the poses; COCO's 17 keypoints, or CrowdPose's 14.
        state: of an earlier writer of the file, to go on there.

    Raises:
        ValueError: another skeleton.
        ResultFileError: the file is not as the earlier writer left it.
    """

    def __init__(self, path: Path, skeleton: Skeleton, state: WriterState | None = None) -> None:
        if skeleton.keypoints not in [known.keypoints for known in _SKELETONS]:
            names = " or ".join(repr(known.name) for known in _SKELETONS)
            raise ValueError(
                f"COCO results need the skeleton {names}, got {skeleton.name!r}: leave out the "
                "format 'coco' for this model"
            )
        self._keypoints = len(skeleton)
        self._result = _RESULT % ",".join([_KEYPOINT] * len(skeleton))
        self._file = PartialFile(path, None if state is None else state["length"])
        self._separator = state["separator"] if state else "[\n"

    def write(self, frame: Frame, poses: Poses) -> None:
        """See `PoseWriter`."""
        triples = keypoint_triples(poses, self._keypoints, frame)
        boxes = poses.boxes.astype(float)
        boxes[:, 2:] -= boxes[:, :2]
        end = json.dumps(frame.name)
        start = image_id(frame)
        rows = zip(
            triples.reshape(len(poses), 3 * self._keypoints).tolist(),
            poses.scores.tolist(),
            boxes.tolist(),
            strict=True,
        )
        for keypoints, score, box in rows:
            result = self._result % (start, *keypoints, score, *box, end)
            self._file.write(self._separator + result)
            self._separator = ",\n"

    def state(self) -> WriterState:
        """See `PoseWriter`."""
        return {"length": self._file.flush(), "separator": self._separator}

    def close(self, complete: bool) -> None:
        """See `PoseWriter`."""
        if self._file.closed:
            return
        if complete:
            self._file.write("[]\n" if self._separator == "[\n" else "\n]\n")
        self._file.close(complete)


def image_id(frame: Frame) -> int:
    """The number of an image whose name is one, else its index: in name order, or in the video.

    COCO's own images are named by their id, so results of a folder of them can be scored as they
    are. In a folder that mixes both kinds of names two images may share a number; `file_name`
    tells them apart.
    """
    stem = Path(frame.name).stem
    return int(stem) if stem.isascii() and stem.isdigit() else frame.index
