"""The confirmed tracks of a native record, as files of PoseTrack's keypoints have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..structures import COCO_17, POSETRACK_15, Annotations, ResultFileError, TrackState
from .poses_jsonl import PosesReader
from .posetrack18 import head_ends


class RecordTracks:
    """Predictions of one video from `poses.jsonl`; see `TrackFile`.

    Head top and head bottom, which COCO's skeleton lacks, are made as in PoseTrack18 files of a run
    (`head_ends`). Poses without a confirmed track are left out, as there.

    Raises:
        ResultFileError: the run did not reach its end, or its skeleton is neither COCO's nor
            PoseTrack's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._record = PosesReader(path)
        self._names = tuple(self._record.header["skeleton"]["keypoints"])
        if not self._record.reason:
            raise ResultFileError(f"{path}: the run did not reach its end: run it again")
        if self._names not in (COCO_17.keypoints, POSETRACK_15.keypoints):
            raise ResultFileError(
                f"{path}: the record must have the skeleton {COCO_17.name!r} or "
                f"{POSETRACK_15.name!r}, got keypoints {', '.join(self._names[:3])} ..."
            )

    def __iter__(self) -> Iterator[Annotations]:
        for line in self._record:
            assert line.poses.track_states is not None, "a reader always gives states"
            poses = line.poses[np.flatnonzero(line.poses.track_states == TrackState.CONFIRMED)]
            people = Annotations.of_poses(poses, line.frame)
            yield posetrack_people(people, self._names, self.path)


def posetrack_people(people: Annotations, names: Sequence[str], path: Path) -> Annotations:
    """The same people with the keypoints of `POSETRACK_15`; head ends are made from COCO's.

    Args:
        people: with the keypoints `names`.
        names: COCO's, PoseTrack's, or others that have PoseTrack's among them.
        path: of their file, for the message.

    Raises:
        ResultFileError: other keypoints.
    """
    if tuple(names) == POSETRACK_15.keypoints:
        return people
    if set(POSETRACK_15.keypoints) <= set(names):
        return people.select_keypoints([names.index(name) for name in POSETRACK_15.keypoints])
    if tuple(names) != COCO_17.keypoints:
        raise ResultFileError(
            f"{path}: must have the skeleton {COCO_17.name!r} or {POSETRACK_15.name!r}, got "
            f"keypoints {', '.join(names[:3])} ..."
        )
    scores = np.where(people.labels > 0, people.keypoint_scores, 0)
    triples = np.concatenate((people.keypoints, scores[..., None]), axis=2)
    everything = np.concatenate((triples, head_ends(triples)), axis=1)
    here = [*COCO_17.keypoints, "head_bottom", "head_top"]
    triples = everything[:, [here.index(name) for name in POSETRACK_15.keypoints]]
    return replace(
        people,
        keypoints=triples[..., :2],
        labels=np.where(triples[..., 2] > 0, 2, 0).astype(np.uint8),
        keypoint_scores=triples[..., 2],
    )
