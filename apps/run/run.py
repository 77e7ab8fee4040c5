"""The main job: a source in; records, drawn video and a report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from ...engine import PoseEngine, find_poses
from ...structures import Frame, Poses, SourceError
from ...structures.arrays import UInt8Array
from ...trackers import PeopleTracker, TrackedFrame
from ..draw import PaintConfig, PosePainter
from ..machine import machine, peak_memory_mb
from ..media.sources import Source, SourceDamaged
from ..progress import RunProgress
from ..sentences import sentence
from .folders import ResultFolder
from .options import RunOptions
from .report import Complete, Damaged, Ending, Failed, Interrupted, Running, RunReport, Tally
from .results import ResultWriter
from .stage_times import StageTimes


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
        alone = source.kind == "image" or (source.kind == "images" and options.stills)
        self._people = PeopleTracker(
            engine.spec,
            min_score=options.min_score,
            max_waiting_bytes=options.max_waiting_mb << 20,
            track=options.track and not alone,
        )
        self._stages = StageTimes()
        self._tally = Tally()
        self._track_ids: set[int] = set()
        self._painter: PosePainter | None = None
        self._writer: ResultWriter | None = None  # from the first frame on
        self._start = self._first = 0.0  # seconds: the beginning, and the first frame's end

    def execute(self, stopped: Callable[[], bool], *, quiet: bool) -> RunReport:
        """Work through the source, write its results, return the report.

        Args:
            stopped: asked before every frame; once true, the files are closed and the run ends
                `Interrupted`.
            quiet: no progress on stderr.

        Raises:
            SourceError: not even one frame could be read; nothing was written.
            OSError, ValueError, RuntimeError: something broke on the way; what was written is
                closed, the reason stands in the report.
        """
        self._start = perf_counter()
        ending: Ending = Interrupted()  # and it stays that unless it ended otherwise
        try:
            ending = self._work(stopped, quiet=quiet)
        except Exception as error:
            ending = Failed(sentence(error, self._folder.path))
            raise
        finally:
            files = [] if self._writer is None else self._writer.files
            report = self._report(ending, [file for file in files if file.exists()])
            if self._writer is not None:
                # what broke is told, not that it also broke the report
                with suppress(OSError) if isinstance(ending, Failed) else nullcontext():
                    self._folder.write_report(report.as_json(), again=True)
        return report

    def _work(self, stopped: Callable[[], bool], *, quiet: bool) -> Ending:
        """Write every frame and close the files."""
        ending: Ending = Interrupted()
        try:
            ending = self._write_all(stopped, quiet=quiet)
        finally:
            if self._writer is not None:
                at_the_end = isinstance(ending, Complete | Damaged)
                self._writer.close(self._tally.frames, ending.reason if at_the_end else None)
        if self._writer is None and not isinstance(ending, Interrupted):
            raise SourceError(f"{self._source.path} holds no frames")
        return ending

    def _write_all(self, stopped: Callable[[], bool], *, quiet: bool) -> Ending:
        """Write every frame; how the source ended."""
        try:
            with RunProgress(self._source.stem, self._total(), quiet=quiet) as progress:
                for item in self._tracked(stopped):
                    self._write(item)
                    progress.advance()
        except SourceDamaged as damaged:
            word: Literal["damaged", "partial"] = (
                "partial" if self._source.kind == "images" else "damaged"
            )
            return Interrupted() if stopped() else Damaged(str(damaged), word)
        return Interrupted() if stopped() else Complete(self._source.notice)

    def _total(self) -> int | None:
        counts = (self._source.facts.frames, self._options.max_frames)
        return min((count for count in counts if count is not None), default=None)

    def _tracked(self, stopped: Callable[[], bool]) -> Iterator[TrackedFrame]:
        """Frames in order with the people in them."""
        wanted = self._source.frames(self._options.max_frames)
        frames = self._stages.each("read", takewhile(lambda _: not stopped(), wanted))
        return self._people.follow(self._found(frames), timed=self._stages.timed)

    def _found(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Poses]]:
        for frame, poses, seconds in find_poses(frames, self._engine, self._options.parallel):
            self._stages.add(seconds)
            yield frame, poses

    def _write(self, item: TrackedFrame) -> None:
        if self._writer is None:
            self._writer = self._open_writer()
        if item.people.track_ids is not None:
            self._track_ids.update(item.people.track_ids.tolist())
        painted: UInt8Array | None = None
        if self._options.draw:
            with self._stages.timed("draw"):
                painted = self._paint(item)
        with self._stages.timed("write"):
            self._writer.write(item, painted)
        self._tally.add(len(item.people))
        self._first = self._first or perf_counter()

    def _open_writer(self) -> ResultWriter:
        skeleton = self._engine.spec.skeleton
        header = {
            "source": str(self._source.path),
            "video": self._source.facts.as_json(),
            "model": self._model,
            "skeleton": asdict(skeleton),
            "options": self._chosen(),
        }
        writer = ResultWriter(self._folder, self._source, skeleton, self._options)
        files = dict.fromkeys((*writer.files, *self._folder.listed()))
        writer.begin(header, self._report(Running(), list(files)).as_json())
        return writer

    def _paint(self, item: TrackedFrame) -> UInt8Array:
        size = (item.frame.image.shape[0], item.frame.image.shape[1])
        if self._painter is None or self._painter.image_size != size:
            spec = self._engine.spec
            found = 0.0 if spec.person is None else spec.person.keypoint
            self._painter = PosePainter(spec.skeleton, size, PaintConfig(min_score=found))
        return self._painter.paint(item.frame.image, item.people)

    def _chosen(self) -> dict[str, Any]:
        options = asdict(self._options)
        return {**options, **asdict(self._engine.options), "sizes": list(self._engine.sizes)}

    def _report(self, ending: Ending, files: list[Path]) -> RunReport:
        session = self._engine.session
        return RunReport(
            source=str(self._source.path),
            model=self._model,
            backend=session.backend,
            device=session.device,
            precision=session.precision,
            options=self._chosen(),
            video=self._source.facts.as_json(),
            source_frames=asdict(self._source.count),
            tally=self._tally,
            tracks=len(self._track_ids),
            seconds=perf_counter() - self._start,
            seconds_to_first_frame=self._first - self._start if self._first else None,
            stages=self._stages.summary(),
            machine=machine(),
            peak_memory_mb=peak_memory_mb(),
            files=[str(file.relative_to(self._folder.path)) for file in files],
            ending=ending,
        )
