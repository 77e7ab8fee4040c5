"""The confirmed tracks of a native record, as files of PoseTrack's keypoints have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..structures import COCO_17, POSETRACK_15, Annotations, Poses, ResultFileError, TrackState
from ..structures.arrays import Float64Array
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
            triples = self._triples(poses)
            yield Annotations.of(
                triples[..., :2],
                np.where(triples[..., 2] > 0, 2, 0),
                keypoint_scores=triples[..., 2],
                scores=poses.scores,
                boxes=poses.boxes,
                track_ids=poses.track_ids,
                image_id=line.frame,
            )

    def _triples(self, poses: Poses) -> Float64Array:
        """(N, 15, 3) x, y, score of PoseTrack's keypoints."""
        scores = poses.keypoint_scores[..., None]
        triples: Float64Array = np.concatenate((poses.keypoints, scores), axis=2, dtype=np.float64)
        if self._names == POSETRACK_15.keypoints:
            return triples
        names = [*COCO_17.keypoints, "head_bottom", "head_top"]
        everything: Float64Array = np.concatenate((triples, head_ends(triples)), axis=1)
        return everything[:, [names.index(name) for name in POSETRACK_15.keypoints]]
