"""The main job: sources in; records, drawn video and a report out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ...engine import PoseEngine
from ...engine.parallel import find_poses
from ...engine.sessions import available_threads
from ...structures import Frame, PersonScores, Poses, TrackState
from ...structures.arrays import UInt8Array
from ...trackers import PoseTracker, TrackerConfig
from ...trackers.look_ahead import ConfirmationDelay, TrackedFrame
from ..draw import PaintConfig, PosePainter
from ..media.images import FolderSource, ImageSource, is_image
from ..media.sources import Source, SourceError
from ..media.video import VideoSource
from ..progress import RunProgress, sentence
from .options import RunOptions
from .results import COMPLETE, INTERRUPTED, ResultFolder, ResultWriter, unused_name
from .stage_times import StageTimes


@dataclass(slots=True)
class Tally:
    """What has been found so far."""

    frames: int = 0
    people: int = 0  # confirmed poses, summed over the frames
    most: int = 0  # confirmed poses in one frame

    def add(self, people: int) -> None:
        """Count one frame."""
        self.frames += 1
        self.people += people
        self.most = max(self.most, people)


class Run:
    """One source through engine and tracker into its folder of results.

    Args:
        source: open; the caller closes it.
        engine: finds the poses.
        folder: where the results go.
        options: the user's choices.
        model: name and hash of the model, for the record.
    """

    def __init__(
        self,
        source: Source,
        engine: PoseEngine,
        folder: ResultFolder,
        options: RunOptions,
        model: dict[str, Any],
    ) -> None:
        self._source, self._engine, self._folder = source, engine, folder
        self._options, self._model = options, model
        self._config = _tracker_config(engine.spec.person)
        alone = source.kind == "image" or (source.kind == "images" and options.stills)
        self._tracks = options.track and not alone
        self._stages = StageTimes()
        self._tally = Tally()
        self._track_ids: set[int] = set()
        self._painter: PosePainter | None = None
        self._writer: ResultWriter | None = None  # from the first frame on
        self._start = self._first = 0.0  # seconds: the beginning, and the first frame's end

    def execute(self, stopped: Callable[[], bool], *, quiet: bool) -> dict[str, Any]:
        """Work through the source, write its results, return the report.

        Args:
            stopped: asked before every frame; once true, the files are closed and the report's
                reason is `interrupted`.
            quiet: no progress on stderr.

        Raises:
            SourceError: not even one frame could be read; nothing was written.
            OSError, ValueError, RuntimeError: something broke on the way; what was written is
                closed, the reason stands in the report.
        """
        self._start = perf_counter()
        reason = INTERRUPTED  # and it stays that, whatever may end this, until it ended well
        try:
            reason = self._work(stopped, quiet=quiet)
        except Exception as error:
            reason = f"failed: {sentence(error, self._folder.path)}"
            raise
        finally:
            report = self._report(reason)
            if self._writer is not None:
                self._folder.write_report(report)
        return report

    def _work(self, stopped: Callable[[], bool], *, quiet: bool) -> str:
        """Write every frame, close the files; returns the reason why it ended."""
        reason = INTERRUPTED
        try:
            with RunProgress(self._source.stem, self._total(), quiet=quiet) as progress:
                for item in self._tracked(stopped):
                    self._write(item)
                    progress.advance()
            if not stopped():
                reason = self._ending()
        finally:
            if self._writer is not None:
                self._writer.close(self._tally.frames, complete=reason == COMPLETE)
        return reason

    def _ending(self) -> str:
        """Whether the source was read to its end."""
        problem = self._source.problem
        if self._writer is None:
            raise SourceError(problem or f"{self._source.path} holds no frames")
        return f"failed: {problem}" if problem else COMPLETE

    def _total(self) -> int | None:
        counts = (self._source.facts.frames, self._options.max_frames)
        return min((count for count in counts if count is not None), default=None)

    def _tracked(self, stopped: Callable[[], bool]) -> Iterator[TrackedFrame]:
        """Frames in order with poses, ids and settled states."""
        wanted = islice(self._source.frames(), self._options.max_frames)
        frames = self._stages.each("read", _until(stopped, wanted))
        found = find_poses(frames, self._engine, self._options.parallel)
        min_score = self._options.min_score
        threshold = self._engine.spec.min_score if min_score is None else min_score
        tracker = PoseTracker(self._engine.spec.skeleton, self._config)
        delay = ConfirmationDelay(self._config)
        for frame, decoded, seconds in found:
            self._stages.add(seconds)
            poses = decoded[decoded.scores >= threshold]
            if not self._tracks:
                yield TrackedFrame(frame, decoded, poses)
                continue
            with self._stages.timed("track"):
                poses = tracker.update(poses, frame.time_s)
                ready = delay.push(TrackedFrame(frame, decoded, poses))
            yield from ready
        yield from delay.finish()

    def _open_writer(self) -> ResultWriter:
        facts = self._source.facts
        skeleton = self._engine.spec.skeleton
        if self._options.draw:
            self._painter = self._new_painter((facts.height, facts.width))
        header = {
            "source": str(self._source.path),
            "video": facts.as_json(),
            "model": self._model,
            "skeleton": asdict(skeleton),
            "options": self._chosen(),
        }
        return ResultWriter(self._folder, self._source, header, skeleton, self._options)

    def _write(self, item: TrackedFrame) -> None:
        if self._writer is None:
            self._writer = self._open_writer()
        shown = self._shown(item.tracked)
        if shown.track_ids is not None:
            self._track_ids.update(shown.track_ids.tolist())
        painted: UInt8Array | None = None
        if self._options.draw:
            with self._stages.timed("draw"):
                painted = self._paint(item.frame, shown)
        with self._stages.timed("write"):
            self._writer.write(item, shown, painted)
        self._tally.add(len(shown))
        self._first = self._first or perf_counter()

    def _shown(self, poses: Poses) -> Poses:
        """The poses that count as people."""
        if poses.track_states is not None:
            return poses[poses.track_states == TrackState.CONFIRMED]
        if self._options.min_score is not None:
            return poses
        return poses[self._config.clear_people(poses.scores, poses.keypoint_scores.mean(axis=1))]

    def _paint(self, frame: Frame, shown: Poses) -> UInt8Array:
        size = (frame.image.shape[0], frame.image.shape[1])
        if self._painter is None or self._painter.image_size != size:
            self._painter = self._new_painter(size)
        return self._painter.paint(frame.image, shown)

    def _new_painter(self, size: tuple[int, int]) -> PosePainter:
        spec = self._engine.spec
        return PosePainter(spec.skeleton, size, PaintConfig(min_score=spec.person.keypoint))

    def _chosen(self) -> dict[str, Any]:
        options = asdict(self._options)
        return {**options, **asdict(self._engine.options), "sizes": list(self._engine.sizes)}

    def _report(self, reason: str) -> dict[str, Any]:
        session = self._engine.session
        seconds = perf_counter() - self._start
        return {
            "posetrack": version("posetrack"),
            "source": str(self._source.path),
            "model": self._model,
            "backend": session.backend,
            "precision": session.precision,
            "options": self._chosen(),
            "video": self._source.facts.as_json(),
            "frames": self._tally.frames,
            "people": self._tally.people,
            "people_at_most": self._tally.most,
            "tracks": len(self._track_ids),
            "seconds": round(seconds, 3),
            "fps": round(self._tally.frames / seconds, 2),
            "seconds_to_first_frame": round(self._first - self._start, 3) if self._first else None,
            "stages": self._stages.summary(),
            "machine": machine(),
            "reason": reason,
        }


def open_source(path: Path, options: RunOptions) -> Source:
    """The reader for a file or folder.

    Raises:
        FileNotFoundError: there is nothing at `path`.
        SourceError: it cannot be read.
    """
    if path.is_dir():
        return FolderSource(path, options.fps, same_size=options.draw and not options.stills)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    return ImageSource(path) if is_image(path) else VideoSource(path)


def result_folders(sources: list[Path], output: Path) -> list[ResultFolder]:
    """A folder of results per source; equal stems get -2, -3."""
    taken: set[str] = set()
    stems = [path.resolve().name if path.is_dir() else path.stem for path in sources]
    names = [unused_name(stem, taken) for stem in stems]
    return [ResultFolder(output / name, name) for name in names]


def check_results(sources: list[Path], folders: list[ResultFolder], *, overwrite: bool) -> None:
    """Refuse to touch a source, a file in the way or, without `overwrite`, an earlier result.

    Raises:
        FileExistsError: with the path and what to do.
    """
    for folder in folders:
        inside = folder.path.resolve()
        for source in sources:
            if inside == source.resolve() or inside in source.resolve().parents:
                raise FileExistsError(
                    f"the results of {folder.stem} would go into {folder.path}, where the source "
                    f"{source} lies: choose another --output"
                )
        way = (folder.path, *folder.path.parents)
        blocked = next((path for path in way if path.exists() and not path.is_dir()), None)
        if blocked is not None:
            raise FileExistsError(f"{blocked} is not a folder: choose another --output")
        existing = [*folder.results(), *folder.leftovers()]
        if existing and not overwrite:
            raise FileExistsError(
                f"{existing[0]} exists: use --overwrite to replace the earlier results"
            )


def _tracker_config(person: PersonScores) -> TrackerConfig:
    """The tracker's limits for the scores of a model."""
    return TrackerConfig(
        birth_score=person.track,
        confident_score=person.track,
        confirm_score=person.clear,
        confirm_evidence=person.evidence,
        moving_score=person.moving,
    )


def machine() -> dict[str, Any]:
    """What the figures of a run were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_name(),
        "cpus": available_threads(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _until(stopped: Callable[[], bool], frames: Iterator[Frame]) -> Iterator[Frame]:
    for frame in frames:
        if stopped():
            return
        yield frame
