"""Detections in, the same with track ids out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from time import perf_counter
from typing import Literal, TypeAlias

import numpy as np

from ...evaluation import above
from ...formats import PosesWriter, posetrack18, posetrack_people, write_posetrack18
from ...structures import (
    Annotations,
    FlowField,
    Frame,
    Observation,
    Poses,
    ResultFileError,
    SourceError,
)
from ...structures.arrays import Int64Array, UInt8Array
from ...structures.partial_file import whole_file
from ...trackers import PoseTracker, TrackerConfig
from ...trackers.pose_tracker import ScoreLimits
from ..evaluating.html.thumbnails import video_of
from ..flow_loading import FlowMaker
from ..media.reading import open_source
from ..run.flow_ahead import FlowAhead
from .appearance_file import AppearanceFile
from .detections import Detected, Detections, poses_of, somewhere

OutputFormat: TypeAlias = Literal["posetrack18", "jsonl"]
ENDING = {"posetrack18": ".json", "jsonl": ".jsonl"}
_ENOUGH = 20  # people, before a video is told that it is another
_NO_IMAGE = np.zeros((0, 0, 3), np.uint8)


@dataclass(slots=True)
class TrackReport:
    """What was done with one video."""

    name: str
    frames: int = 0
    detections: int = 0
    tracked: int = 0  # detections that have a track
    ids: set[int] = field(default_factory=set)
    seconds: float = 0.0  # of the tracker alone
    limits: ScoreLimits | None = None  # at the end

    def add(self, track_ids: Int64Array, limits: ScoreLimits) -> None:
        """Count another frame by the ids in it."""
        self.frames += 1
        self.tracked += len(track_ids)
        self.ids.update(track_ids.tolist())
        self.limits = limits


@dataclass(frozen=True, slots=True)
class TrackJob:
    """What to do with a video's detections.

    Attributes:
        config: of the tracker.
        output_format: of the result.
        min_keypoint_score: keypoints below it are not written.
        appearance: embeddings of the detections, if there are any.
        video: of the detections, or a folder of such, if there is one.
        alone: whether there is one file of detections, or a folder of them.
        make_flow: makes what finds the flow of each video, if the tracker is to have it.
    """

    config: TrackerConfig
    output_format: OutputFormat
    min_keypoint_score: float = 0.0
    appearance: AppearanceFile | None = None
    video: Path | None = None
    alone: bool = True
    make_flow: FlowMaker | None = None

    def run(self, detections: Detections, output: Path) -> TrackReport:
        """Track one video; the output appears when it is whole.

        Raises:
            ResultFileError: the detections or the embeddings are not what they must be.
        """
        report = TrackReport(detections.name)
        frames = self._tracked(detections, report)
        if self.output_format == "posetrack18":
            written = (self._written(detections, people) for _, people, _ in frames)
            write_posetrack18(output, detections.name, written)
        else:
            self._write_record(detections, frames, output)
        return report

    def _tracked(
        self, detections: Detections, report: TrackReport
    ) -> Iterator[tuple[Detected, Annotations, Poses]]:
        """Every frame, the people in it who have a track, and their poses."""
        tracker = PoseTracker(detections.skeleton, self.config)
        embeddings = None
        if self.appearance is not None:
            count = sum(len(frame.people) for frame in detections)
            embeddings = self.appearance.sequence(detections.name, count)
        for frame, image, flow in self._with_images(detections):
            first, here = report.detections, somewhere(frame.people)
            report.detections += len(here)
            looks = None if embeddings is None else embeddings[first : report.detections][here]
            people = frame.people[here]
            observation = Observation(poses_of(people), frame.time_s, image, looks, flow)
            start = perf_counter()
            try:
                poses = tracker.update_all(observation)
            except ValueError as error:
                place = f"{detections.path}: frame {report.frames}"
                raise ResultFileError(f"{place}: {error}") from error
            report.seconds += perf_counter() - start
            assert poses.track_ids is not None
            everybody = people.followed_by(Annotations.of_poses(poses[len(people) :], 0))
            mine = np.flatnonzero((poses.track_ids >= 1) & ~tracker.passed_over(poses))
            report.add(poses.track_ids[mine], tracker.limits)
            yield frame, replace(everybody, track_ids=poses.track_ids)[mine], poses[mine]

    def _with_images(
        self, detections: Detections
    ) -> Iterator[tuple[Detected, UInt8Array | None, FlowField | None]]:
        """Every frame with its image and its flow, if there is a video.

        Raises:
            SourceError: it has another number of frames, or most people are not in its pictures.
        """
        if self.video is None:
            yield from ((frame, None, None) for frame in detections)
            return
        path = video_of(detections.name, self.video, single=self.alone)
        make, beyond = self.make_flow, _Beyond(path, detections.path)
        with (
            closing(open_source(path, detections.fps)) as source,
            FlowAhead(None if make is None else make()) as flow,
        ):
            for frame, shown in zip_longest(detections, flow.each(source.frames())):
                if frame is None or shown is None:
                    shorter = "more" if frame is None else "fewer"
                    raise SourceError(
                        f"{path}: has {shorter} frames than {detections.path}, which has "
                        f"{sum(1 for _ in detections)}: is it their video?"
                    )
                beyond.look(frame.people, shown.image)
                yield frame, shown.image, flow.of(shown)

    def _written(self, detections: Detections, people: Annotations) -> Annotations:
        """As PoseTrack18 files have them."""
        if self.min_keypoint_score > 0:
            people = above(people, self.min_keypoint_score)
        people = posetrack_people(people, detections.skeleton.keypoints, detections.path)
        if not _numbered(detections):
            return people
        video = posetrack18.video_name(detections.name)
        return replace(
            people,
            file_name=f"images/{video}/{people.image_id:06d}.jpg",
            image_id=posetrack18.image_id_of(video, people.image_id),
        )

    def _write_record(
        self,
        detections: Detections,
        frames: Iterator[tuple[Detected, Annotations, Poses]],
        output: Path,
    ) -> None:
        header = {"source": str(detections.path), "skeleton": asdict(detections.skeleton)}
        with whole_file(output) as partial, PosesWriter(partial, header) as writer:
            count = 0
            for count, (frame, people, poses) in enumerate(frames, start=1):
                index = people.image_id if _numbered(detections) else count - 1
                weak = poses.keypoint_scores < self.min_keypoint_score
                scores = np.where(weak, np.float32(0), poses.keypoint_scores)
                writer.write(
                    Frame(_NO_IMAGE, index, index, frame.time_s),
                    replace(poses, keypoint_scores=scores),
                )
            writer.end(count)


@dataclass(slots=True)
class _Beyond:
    """Counts who is beyond the border of the pictures."""

    video: Path
    detections: Path
    people: int = 0
    outside: int = 0

    def look(self, people: Annotations, image: UInt8Array) -> None:
        """Count the people of one frame.

        Raises:
            SourceError: most people until now are not in their picture.
        """
        boxes = people.boxes[~np.isnan(people.boxes).any(axis=1)]
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        size = (image.shape[1], image.shape[0])
        self.people += len(boxes)
        self.outside += int((~((middles >= 0) & (middles <= size)).all(axis=1)).sum())
        if self.people >= _ENOUGH and self.outside > self.people / 2:
            raise SourceError(
                f"{self.video}: {self.outside} of the first {self.people} people of "
                f"{self.detections} are not in its pictures of {size[0]}x{size[1]}: is it their "
                "video?"
            )


def _numbered(detections: Detections) -> bool:
    """Whether the format numbers frames, not images."""
    return detections.path.name.removesuffix(".gz").endswith(".jsonl")
