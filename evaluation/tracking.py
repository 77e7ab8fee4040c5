"""Evaluation of pose tracks over any number of videos, as PoseTrack scores them and as MOT does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from ..structures import POSETRACK_15, Annotations
from .clear_mot import ClearCounts
from .ignore_regions import kept_by_poseval, without_ignored
from .keypoint_ap import KeypointAp, PrecisionRecall
from .keypoint_distance import head_distance
from .pose_clear import PoseClear
from .tracking_scores import (
    Scores,
    differences_from_poseval,
    keypoint_scores,
    mean_scores,
    part_scores,
    people_scores,
)
from .video_tracks import FrameError, Switch, TrackCounts, VideoTracks

FramePairs = Iterable[tuple[Annotations, Annotations]]


@dataclass(frozen=True, slots=True)
class TrackingScores:
    """The scores of some videos together.

    Attributes:
        total: {score: value}: per cent, but for `jitter` (head sizes per frame²) and counts.
        per_keypoint, per_part: {name: {score: per cent}}.
        per_video: {video: as total}.
        switches: of each video.
        lengths: {video: number of its frames}.
        curves: precision and recall of each keypoint of `POSETRACK_15`.
        differences: from poseval: how often a rule of it that is not followed would have had an
            effect; empty if its rules were followed.
    """

    total: Scores
    per_keypoint: dict[str, Scores]
    per_part: dict[str, Scores]
    per_video: dict[str, Scores]
    switches: dict[str, list[Switch]]
    lengths: dict[str, int]
    curves: list[PrecisionRecall]
    differences: dict[str, int]


class TrackingEvaluation:
    """Scores tracks against the truth; videos are added one by one.

    Args:
        strict: give the numbers of poseval, with all its oddities, for `AP`, `MOTA`, `MOTP`,
            precision and recall; docs/evaluation.md lists them.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._ap = KeypointAp(len(POSETRACK_15), ties=not strict)
        self._counts: list[TrackCounts] = []
        self._per_video: dict[str, Scores] = {}
        self._switches: dict[str, list[Switch]] = {}
        self._lengths: dict[str, int] = {}

    def add_video(self, name: str, frames: FramePairs) -> None:
        """Count one video.

        Args:
            name: of the video.
            frames: (truth, predictions) of every frame, in order.

        Raises:
            FrameError: a frame cannot be scored; the message names video and frame.
        """
        video = VideoTracks(strict=self._strict)
        for index, (truth, people) in enumerate(frames):
            try:
                video.update(truth, people)
            except FrameError as error:
                raise FrameError(error.side, f"{name}: frame {index}: {error}") from error
        counts = video.counts()
        self._counts.append(counts)
        self._per_video[name] = self._total(counts, video.ap.result())[0]
        self._ap.add(video.ap)
        self._switches[name] = video.switches
        self._lengths[name] = video.length

    def _total(
        self, counts: TrackCounts, curves: list[PrecisionRecall]
    ) -> tuple[Scores, dict[str, Scores]]:
        keypoints = keypoint_scores(counts.pose, curves, strict=self._strict)
        return mean_scores(list(keypoints.values())) | people_scores(counts), keypoints

    def scores(self) -> TrackingScores:
        """The scores of all videos.

        Raises:
            ValueError: no video was added.
        """
        if not self._counts:
            raise ValueError("no video was evaluated")
        counts, curves = reduce(add, self._counts), self._ap.result()
        total, keypoints = self._total(counts, curves)
        differences = {} if self._strict else differences_from_poseval(counts, keypoints)
        return TrackingScores(
            total,
            keypoints,
            part_scores(keypoints),
            self._per_video,
            self._switches,
            self._lengths,
            curves,
            differences,
        )


class ScoreSweep:
    """MOTA where keypoints below a score are left out, for several least scores at once.

    MOTA hangs on that choice: a keypoint that is wrong costs more than one that is missing.

    Args:
        thresholds: least scores of a keypoint.
        strict: count as poseval does.
    """

    def __init__(self, thresholds: Sequence[float], *, strict: bool = False) -> None:
        self.thresholds, self._strict = tuple(thresholds), strict
        self._counts: list[list[tuple[ClearCounts, ...]]] = [[] for _ in thresholds]

    def add_video(self, frames: FramePairs) -> None:
        """Count one video; frames are those of `TrackingEvaluation.add_video`."""
        clear = [PoseClear(strict=self._strict) for _ in self.thresholds]
        for truth, people in frames:
            if not (len(truth) if self._strict else truth.labelled):
                continue
            regions = truth.ignore_regions
            keep = kept_by_poseval if self._strict else without_ignored
            labelled, people = keep(truth, regions), keep(people, regions)
            for threshold, counter in zip(self.thresholds, clear, strict=True):
                kept = above(people, threshold) if threshold > 0 else people
                counter.update(labelled, kept, head_distance(labelled, kept))
        for counts, counter in zip(self._counts, clear, strict=True):
            counts.append(counter.counts())

    def scores(self) -> list[Scores]:
        """MOTA, precision and recall in per cent at each threshold, means over the keypoints."""
        rows = []
        for threshold, videos in zip(self.thresholds, self._counts, strict=True):
            pose = [reduce(add, counts) for counts in zip(*videos, strict=True)]
            nothing = [PrecisionRecall(np.nan, np.nan, np.nan, np.zeros((0, 2)))] * len(pose)
            keypoints = keypoint_scores(pose, nothing, strict=self._strict)
            mean = mean_scores(list(keypoints.values()))
            chosen = {name: mean[name] for name in ("MOTA", "precision", "recall")}
            rows.append({"keypoint_score": threshold, **chosen})
        return rows


def above(people: Annotations, threshold: float) -> Annotations:
    """The people with the keypoints whose score is at least this, without whoever then has none."""
    labels = people.labels.copy()
    labels[people.keypoint_scores < threshold] = 0
    return people.with_labels(labels)[(labels > 0).any(axis=1)]
