"""What is counted of one video's tracks, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from ..structures import POSETRACK_15, Annotations
from ..structures.arrays import Float64Array, Int64Array
from .boxes import person_boxes
from .clear_mot import ClearCounts, ClearMot
from .hota import Hota, HotaCounts
from .identity import MIN_SIMILARITY, Identity, IdentityCounts
from .ignore_regions import kept_by_poseval, without_ignored
from .jitter import Jitter, JitterCounts
from .keypoint_ap import KeypointAp
from .keypoint_distance import head_distance, head_sizes
from .matching import box_similarity
from .pose_clear import PoseClear

_K = len(POSETRACK_15)


class FrameError(ValueError):
    """A frame that cannot be scored.

    Attributes:
        side: whose fault it is.
    """

    def __init__(self, side: Literal["truth", "predictions"], message: str) -> None:
        super().__init__(message)
        self.side = side


class Switch(NamedTuple):
    """A true person whose predicted id changed.

    Attributes:
        frame: position in the video, from 0.
        person: id in the ground truth.
        before, after: predicted ids.
        box: (4,) of the true person.
    """

    frame: int
    person: int
    before: int
    after: int
    box: Float64Array


@dataclass(frozen=True, slots=True)
class Differences:
    """How often poseval's way of counting differs from the plain one (docs/evaluation.md).

    Attributes:
        last_frames: left out by poseval.
        frames_without_truth: labelled frames in which nobody is, left out too, with predictions.
        one_sided_frames: others in which one side is empty, counted as one miss and one false
            positive a keypoint.
    """

    last_frames: int = 0
    frames_without_truth: int = 0
    one_sided_frames: int = 0

    def __add__(self, other: Differences) -> Differences:
        return Differences(
            self.last_frames + other.last_frames,
            self.frames_without_truth + other.frames_without_truth,
            self.one_sided_frames + other.one_sided_frames,
        )


@dataclass(frozen=True, slots=True)
class TrackCounts:
    """What was counted of some videos; sums of several are sums of these.

    Attributes:
        frames, people, predictions: labelled frames; true and predicted people in them.
        pose: CLEAR counts of each of the K keypoints; distances in head sizes.
        boxes: CLEAR counts of whole people; distances are 1 - intersection over union.
        identity, hota: of whole people by intersection over union.
        jitter: of their keypoints.
        differences: from poseval.
    """

    frames: int
    people: int
    predictions: int
    pose: tuple[ClearCounts, ...]
    boxes: ClearCounts
    identity: IdentityCounts
    hota: HotaCounts
    jitter: JitterCounts
    differences: Differences

    def __add__(self, other: TrackCounts) -> TrackCounts:
        return TrackCounts(
            self.frames + other.frames,
            self.people + other.people,
            self.predictions + other.predictions,
            tuple(a + b for a, b in zip(self.pose, other.pose, strict=True)),
            self.boxes + other.boxes,
            self.identity + other.identity,
            self.hota + other.hota,
            self.jitter + other.jitter,
            self.differences + other.differences,
        )


@dataclass(slots=True)
class VideoTracks:
    """Counts one video; frames come in order.

    Args:
        strict: count poses as poseval does, ties of scores and empty frames included.
    """

    strict: bool = False
    ap: KeypointAp = field(init=False)
    switches: list[Switch] = field(init=False, default_factory=list)
    _pose: PoseClear = field(init=False)
    _boxes: ClearMot = field(init=False)
    _identity: Identity = field(init=False, default_factory=Identity)
    _hota: Hota = field(init=False, default_factory=Hota)
    _jitter: Jitter = field(init=False, default_factory=Jitter)
    _sums: dict[str, int] = field(init=False)
    _index: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        self.ap = KeypointAp(_K, ties=not self.strict)
        self._pose = PoseClear(strict=self.strict)
        self._boxes = ClearMot(lifetimes=True)
        self._sums = dict.fromkeys(("frames", "people", "predictions", "without", "one_sided"), 0)

    def update(self, truth: Annotations, people: Annotations) -> None:
        """Count one frame.

        Args:
            truth: of `POSETRACK_15`; everybody with a keypoint has a head box.
            people: the predictions, likewise.

        Raises:
            FrameError: a true person lacks a head box or a track id, a prediction a track id, or
                somebody is there twice.
        """
        self._index += 1
        regions, empty = truth.ignore_regions, not len(truth)
        counts = truth.labelled
        if self.strict and not empty:
            self._update_poses(kept_by_poseval(truth, regions), kept_by_poseval(people, regions))
        truth, people = without_ignored(truth, regions), without_ignored(people, regions)
        _check(truth, people)
        if not self.strict and counts:
            self._update_poses(truth, people)
        if counts:
            self._sums["without"] += empty and len(people) > 0
            self._sums["one_sided"] += not empty and not (len(truth) and len(people))
            self._update_people(truth, people)

    def _update_poses(self, truth: Annotations, people: Annotations) -> None:
        distance = head_distance(truth, people)
        scores = _keypoint_scores(people, strict=self.strict)
        self.ap.update(~np.isnan(distance), truth.labels > 0, scores)
        self._pose.update(truth, people, distance)

    def _update_people(self, truth: Annotations, people: Annotations) -> None:
        for name, count in (("frames", 1), ("people", len(truth)), ("predictions", len(people))):
            self._sums[name] += count
        objects, hypotheses = truth.track_ids.tolist(), people.track_ids.tolist()
        boxes = person_boxes(truth)
        similarity = box_similarity(boxes, person_boxes(people))
        self._identity.update(objects, hypotheses, similarity)
        self._hota.update(objects, hypotheses, similarity)
        distance = np.where(similarity >= MIN_SIMILARITY, 1 - similarity, np.nan)
        before = [self._boxes.partner(name) for name in objects]
        pairs = self._boxes.update(objects, hypotheses, distance)
        self._jitter.update(truth, people, [(row, column) for row, column, _ in pairs])
        for row, column, switched in pairs:
            if switched:
                self.switches.append(
                    Switch(self._index, objects[row], before[row], hypotheses[column], boxes[row])
                )

    @property
    def length(self) -> int:
        """Frames so far, also those that do not count."""
        return self._index + 1

    def counts(self) -> TrackCounts:
        """What was counted so far."""
        sums = self._sums
        return TrackCounts(
            sums["frames"],
            sums["people"],
            sums["predictions"],
            self._pose.counts(),
            self._boxes.counts(),
            self._identity.counts(),
            self._hota.counts(),
            self._jitter.counts(),
            Differences(int(self._index >= 0), sums["without"], sums["one_sided"]),
        )


def _keypoint_scores(people: Annotations, *, strict: bool) -> Float64Array:
    """(M, K); NaN where the keypoint is not there.

    A keypoint without a score has that of its pose, or is last; in poseval it is always last.
    """
    scores = people.keypoint_scores
    if not strict:
        scores = np.where(np.isnan(scores), people.scores[:, None], scores)
    scores = np.where(np.isnan(scores), -9999.0, scores)
    result: Float64Array = np.where(people.labels > 0, scores, np.nan)
    return result


def _check(truth: Annotations, people: Annotations) -> None:
    _check_ids("truth", truth.track_ids, "true person")
    _check_ids("predictions", people.track_ids, "predicted person")
    lacking = truth.track_ids[~(head_sizes(truth) > 0)]
    if len(lacking):
        raise FrameError(
            "truth",
            f"the true person with track_id {lacking[0]} has no head box (bbox_head, or x1 to y2), "
            "which sets the scale of distances",
        )


def _check_ids(side: Literal["truth", "predictions"], ids: Int64Array, what: str) -> None:
    if (ids < 0).any():
        raise FrameError(side, f"a {what} has no track_id")
    if len(set(ids.tolist())) < len(ids):
        values, counts = np.unique(ids, return_counts=True)
        raise FrameError(side, f"two {what}s have track_id {values[counts > 1][0]}")
