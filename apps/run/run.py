"""The main job: a source in; records, drawn video and a report out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from itertools import chain, islice
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np

from ...engine import PoseEngine, find_poses
from ...structures import Frame, Poses, ResultFileError, SourceError
from ...structures.arrays import UInt8Array
from ...structures.errors_last import ErrorsLast
from ...trackers import PeopleTracker, TrackedFrame, TrackerConfig, preset
from ...trackers.flow import Flow
from ..draw import PaintConfig, PosePainter
from ..machine import machine, peak_memory_mb
from ..media.sources import Source, SourceDamaged
from ..progress import RunProgress
from ..sentences import sentence
from .flow_ahead import FlowAhead
from .folders import ResultFolder
from .options import RunOptions
from .report import (
    FINISHED,
    Complete,
    Damaged,
    Ending,
    Failed,
    Interrupted,
    Running,
    RunReport,
    Tally,
)
from .results import ResultWriter
from .resume import check_same, finished_reason, libraries, source_mark
from .snapshot import Snapshot, SnapshotPace, unpacked
from .stage_times import StageTimes

_PEOPLE, _DRAWN = "people_", "drawn_"  # begin the names of a snapshot's arrays
_FLOW = "flow"  # the name of what the flow goes on from


class Run:
    """One source through engine and tracker into its folder of results.

    Args:
        source: open; the caller closes it.
        engine: finds the poses.
        folder: where the results go.
        options: the user's choices.
        model: name and hash of the model, for the record.
        flow: finds where everything goes, for the tracker; used by one thread of the run's.
    """

    def __init__(
        self,
        source: Source,
        engine: PoseEngine,
        folder: ResultFolder,
        options: RunOptions,
        model: dict[str, Any],
        flow: Flow | None = None,
    ) -> None:
        self._source, self._engine, self._folder = source, engine, folder
        self._options, self._model = options, model
        self._mark = source_mark(source)
        alone = source.kind == "image" or (source.kind == "images" and options.stills)
        self._people = PeopleTracker(
            engine.spec,
            TrackerConfig.of(engine.spec, preset(options.tracker, flow=flow is not None)),
            min_score=options.min_score,
            max_waiting_bytes=options.max_waiting_mb << 20,
            track=options.track and not alone,
        )
        self._flow = FlowAhead(flow)
        self._stages = StageTimes()
        self._tally = Tally()
        self._track_ids: set[int] = set()
        self._painter: PosePainter | None = None
        self._writer: ResultWriter | None = None  # from the first frame on
        self._start = self._first = 0.0  # seconds: the beginning, and the first frame's end
        self._earlier: Snapshot | None = None  # of the stopped run that this one goes on with
        self._resumed_at: list[int] = []
        self._pace = SnapshotPace()

    def take_up(self) -> str | None:
        """Go on with the run whose results lie in the folder, if there is one; before `execute`.

        Returns:
            How it ended if it came to its end, so that nothing is left to do, else None.

        Raises:
            ResultFileError: it is of another source, model or version, or has other options; or
                the source can be read only once.
        """
        earlier = self._folder.read_report()
        if earlier is None:
            return None
        if not self._mark:
            raise ResultFileError(
                f"{self._source.path} is a pipe, which can be read only once, and "
                f"{self._folder.path} holds results: use --overwrite to replace them"
            )
        snapshot = None
        lost = earlier.get("source_frames", {}).get("missing", 0)
        if earlier["reason"] not in FINISHED and self._folder.snapshot.is_file():
            snapshot = Snapshot.load(self._folder.snapshot)
            lost = snapshot.facts["lost"]
        now = self._report(Running(), []).as_json()
        check_same(self._folder.path, earlier, now, lost=lost > 0)
        reason = finished_reason(self._folder.path, earlier)
        if reason is not None:
            self._folder.snapshot.unlink(missing_ok=True)  # its very last step
        elif snapshot is not None:
            self._earlier, facts = snapshot, snapshot.facts
            self._tally = Tally(**facts["tally"])
            self._track_ids = set(snapshot.arrays["track_ids"].tolist())
            self._resumed_at = [*facts["resumed_at"], self._tally.frames]
        return reason

    @property
    def has_results(self) -> bool:
        """Whether something was done that can be gone on with."""
        begun = self._writer is not None or self._earlier is not None
        return begun and self._mark != "" and self._folder.poses.is_file()

    def execute(self, stopped: Callable[[], bool], *, quiet: bool, bar: bool = True) -> RunReport:
        """Work through the source, write its results, return the report.

        Args:
            stopped: asked before every frame; once true, the files are closed and the run ends
                `Interrupted`.
            quiet: no progress on stderr.
            bar: it may be a bar on a terminal; one at a time can be.

        Raises:
            SourceError: not even one frame could be read; nothing was written.
            OSError, ValueError, RuntimeError: something broke on the way; what was written is
                closed, the reason stands in the report.
        """
        self._start = perf_counter()
        if self._earlier is not None:
            self._start -= self._earlier.facts["seconds"]
            self._first = self._start + self._earlier.facts["seconds_to_first_frame"]
        fresh = not self._folder.earlier()
        if fresh:  # else the earlier results stay until there is a frame
            self._folder.write_report(self._report(Running(), [self._folder.report]).as_json())
        ending: Ending = Interrupted()  # and it stays that unless it ended otherwise
        try:
            ending = self._work(stopped, quiet=quiet, bar=bar)
        except Exception as error:
            ending = Failed(sentence(error, self._folder.path))
            raise
        finally:
            files = [] if self._writer is None else self._writer.files
            there = [file for file in files if file.exists() or file == self._folder.report]
            report = self._report(ending, there)
            if self._writer is not None:
                # what broke is told, not that it also broke the report
                with suppress(OSError) if isinstance(ending, Failed) else nullcontext():
                    self._folder.write_report(report.as_json(), again=True)
            elif fresh:
                self._folder.report.unlink(missing_ok=True)
        if isinstance(ending, Complete | Damaged):
            self._folder.snapshot.unlink(missing_ok=True)
        return report

    def _work(self, stopped: Callable[[], bool], *, quiet: bool, bar: bool) -> Ending:
        """Write every frame and close the files."""
        ending: Ending = Interrupted()
        try:
            with self._flow:
                ending = self._write_all(stopped, quiet=quiet, bar=bar)
        finally:
            if self._writer is not None:
                at_the_end = isinstance(ending, Complete | Damaged)
                self._writer.close(self._tally.frames, ending.reason if at_the_end else None)
        if self._writer is None and not isinstance(ending, Interrupted):
            raise SourceError(f"{self._source.path} holds no frames")
        return ending

    def _write_all(self, stopped: Callable[[], bool], *, quiet: bool, bar: bool) -> Ending:
        """Write every frame; how the source ended."""
        try:
            done = self._tally.frames
            shown = RunProgress(self._source.stem, self._total(), done, quiet=quiet, bar=bar)
            with shown as progress:
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
        facts = self._source.facts
        return self._options.part.length(facts.frames, facts.fps)

    def _tracked(self, stopped: Callable[[], bool]) -> Iterator[TrackedFrame]:
        """Frames in order with the people in them."""
        if self._earlier is None:
            wanted = self._source.frames(self._options.part, stopped)
        else:
            wanted = self._caught_up(self._earlier, stopped)
        frames = self._flow.each(self._stages.each("read", wanted))
        found = self._found(frames, stopped)
        return self._people.follow(found, timed=self._stages.timed, flow=self._flow.of)

    def _found(
        self, frames: Iterator[Frame], stopped: Callable[[], bool]
    ) -> Iterator[tuple[Frame, Poses]]:
        """Frames with their poses; whoever asks for the next has written all that is settled."""
        for frame, poses, seconds in find_poses(frames, self._engine, self._options.parallel):
            self._stages.add(seconds)
            yield frame, poses
            if self._pace.is_due():
                self._save()
        if stopped():  # before the frames in waiting are settled, for want of later ones
            self._save()

    def _save(self) -> None:
        """Take a snapshot, if there is anything to go on with."""
        if self._writer is None or self._earlier is not None:
            return
        if self._source.kind == "image" or not self._mark:
            return
        with self._pace.timed():
            files = self._writer.state()
            facts = {
                "tally": asdict(self._tally),
                "resumed_at": self._resumed_at,
                "seconds": perf_counter() - self._start,
                "seconds_to_first_frame": self._first - self._start,
                "unreadable": self._source.unreadable,
                "lost": self._source.lost,
                "waiting": self._people.waiting,
            }
            arrays = {
                "track_ids": np.array(sorted(self._track_ids), np.int64),
                **{_PEOPLE + name: a for name, a in self._people.state(images=False).items()},
                **{_DRAWN + name: a for name, a in files.arrays.items()},
            }
            if self._flow.last is not None:
                arrays[_FLOW] = self._flow.last
            Snapshot({**facts, **files.facts}, arrays).save(self._folder.snapshot)

    def _caught_up(self, earlier: Snapshot, stopped: Callable[[], bool]) -> Iterator[Frame]:
        """Restore the stopped run, with the frames that this needs; then the frames behind it."""
        facts = earlier.facts
        part = replace(
            self._options.part, skip=facts["first"], unreadable=frozenset(facts["unreadable"])
        )
        with ErrorsLast(self._source.frames(part, stopped)) as source:
            first = list(islice(source, 1))  # from here on the facts of the source are complete
            frames = chain(first, source)
            self._writer = self._open_writer()
            lost = unpacked(earlier.part(_DRAWN))
            for people, frame in zip(lost, frames, strict=False):
                self._writer.draw(frame, people, self._paint(frame, people))
            waiting = [frame.image for frame in islice(frames, facts["waiting"])]
            if stopped():
                return
            if len(waiting) < facts["waiting"]:
                raise ResultFileError(
                    f"{self._source.path} has fewer frames than before: use --overwrite to start "
                    "again"
                )
            self._people.restore(earlier.part(_PEOPLE), waiting)
            self._flow.go_on_from(earlier.arrays.get(_FLOW))
            self._earlier = None
            yield from frames
            source.raise_error()

    def _write(self, item: TrackedFrame) -> None:
        if self._writer is None:
            self._writer = self._open_writer()
        if item.people.track_ids is not None:
            self._track_ids.update(item.people.track_ids.tolist())
        painted: UInt8Array | None = None
        if self._options.draw:
            with self._stages.timed("draw"):
                painted = self._paint(item.frame, item.people)
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
        writer = ResultWriter(self._folder, self._source, skeleton, self._options, self._earlier)
        files = dict.fromkeys((*writer.files, *self._folder.listed()))
        writer.begin(header, self._report(Running(), list(files)).as_json())
        return writer

    def _paint(self, frame: Frame, people: Poses) -> UInt8Array:
        size = (frame.image.shape[0], frame.image.shape[1])
        if self._painter is None or self._painter.image_size != size:
            spec = self._engine.spec
            found = 0.0 if spec.person is None else spec.person.keypoint
            self._painter = PosePainter(spec.skeleton, size, PaintConfig(min_score=found))
        return self._painter.paint(frame.image, people)

    def _chosen(self) -> dict[str, Any]:
        options = asdict(self._options)
        return {**options, **asdict(self._engine.options), "sizes": list(self._engine.sizes)}

    def _score_limits(self) -> dict[str, float] | None:
        limits = self._people.limits
        if limits is None or not math.isfinite(limits.birth):
            return None
        return {name: round(limit, 4) for name, limit in limits._asdict().items()}

    def _report(self, ending: Ending, files: list[Path]) -> RunReport:
        session = self._engine.session
        return RunReport(
            source=str(self._source.path),
            source_mark=self._mark,
            model=self._model,
            backend=session.backend,
            device=session.device,
            precision=session.precision,
            libraries=libraries(session.backend),
            options=self._chosen(),
            video=self._source.facts.as_json(),
            source_frames=asdict(self._source.count),
            tally=self._tally,
            tracks=len(self._track_ids),
            score_limits=self._score_limits(),
            resumed_at=self._resumed_at,
            seconds=perf_counter() - self._start,
            seconds_to_first_frame=self._first - self._start if self._first else None,
            stages=self._stages.summary(),
            machine=machine(),
            peak_memory_mb=peak_memory_mb(),
            files=[str(file.relative_to(self._folder.path)) for file in files],
            ending=ending,
        )
