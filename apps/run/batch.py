"""Every source of a command, and what is said about each."""

from __future__ import annotations

import traceback
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from ...engine import EngineOptions, PoseEngine
from ...structures import ResultFileError, SourceError
from ..engine_loading import ModelCard, ModelChoice, load_engine, model_card
from ..flow_loading import FlowMaker, open_flow
from ..interrupts import unless_interrupted
from ..leaving import EXIT_SIGNAL
from ..media.limits import SourceLimits
from ..media.reading import open_source
from ..media.video import show_ffmpeg
from ..sentences import printable, say, sentence
from .claim import Job
from .options import RunOptions
from .report import Complete, Damaged, Failed, Interrupted, RunReport
from .run import Run

_NAMED = 5  # sources that failed, in the last line


@dataclass(frozen=True, slots=True)
class Manners:
    """What a command says, and what it counts as a failure; results do not depend on it."""

    quiet: bool = False  # no progress, only errors
    debug: bool = False  # the traceback of what failed
    accept_damage: bool = False  # a source that lacks frames is no failure


def run_jobs(
    jobs: list[Job],
    choices: list[ModelChoice],
    engine_options: EngineOptions,
    options: RunOptions,
    manners: Manners,
    interrupted: list[int],
) -> int:
    """Load the model, then run every job.

    Args:
        jobs: sources and their claimed folders.
        choices: of the model; one for each GPU that is to work.
        engine_options: its engine's.
        options: of every run.
        manners: what is said.
        interrupted: signals received so far; the first one ends the work.

    Returns:
        The exit code.
    """

    def load() -> tuple[list[PoseEngine], ModelCard]:
        with ExitStack() as stack:
            engines = [stack.enter_context(load_engine(one, engine_options)) for one in choices]
            card = model_card(choices[0], engines[0])
            stack.pop_all()
        return engines, card

    if manners.debug:
        show_ffmpeg()
    loaded = unless_interrupted(load, interrupted)
    if loaded is None:
        say("posetrack: interrupted before the first frame")
        return EXIT_SIGNAL + interrupted[0]
    engines, card = loaded
    with ExitStack() as stack:
        for engine in engines:
            stack.enter_context(engine)
            if not manners.quiet:
                _introduce(engine, choices[0].session.threads)
        if not manners.quiet:
            _warn_of_uncalibrated(engines[0], options)
        flow = stack.enter_context(open_flow(options.flow))
        at_once = min(engine_options.batch, -(-len(jobs) // len(engines)))
        each = replace(options, parallel=-(-options.parallel // at_once))  # of the frames
        work = _Work(jobs, card, each, manners, interrupted, flow)
        work.do(engines, at_once)
    if work.failed and len(jobs) > 1:
        failed = [job.source for job in jobs if job in work.failed]
        say(f"posetrack: {len(failed)} of {len(jobs)} sources failed: {_listed(failed)}")
    return EXIT_SIGNAL + interrupted[0] if interrupted else int(bool(work.failed))


class _Work:
    """Every source, one after the other or several at once; one that fails does not stop others.

    Attributes:
        failed: jobs that did not go well.
    """

    def __init__(
        self,
        jobs: list[Job],
        model: ModelCard,
        options: RunOptions,
        manners: Manners,
        interrupted: list[int],
        flow: FlowMaker | None,
    ) -> None:
        self._left, self._model, self._flow = deque(jobs), model, flow
        self._options, self._manners, self._interrupted = options, manners, interrupted
        self.failed: list[Job] = []
        self._alone = True  # no other source is worked on meanwhile

    def do(self, engines: list[PoseEngine], at_once: int) -> None:
        """Run the jobs, on each engine so many at once."""
        workers = [engine for engine in engines for _ in range(at_once)]
        self._alone = len(workers) == 1
        if len(workers) == 1:
            self._run_on(workers[0])
            return
        with ThreadPoolExecutor(len(workers), thread_name_prefix="source") as pool:
            for done in [pool.submit(self._run_on, engine) for engine in workers]:
                done.result()

    def _run_on(self, engine: PoseEngine) -> None:
        """One job after the other, until none is left."""
        while not self._interrupted and (job := self._next()) is not None:
            self._run(job, engine)

    def _next(self) -> Job | None:
        try:
            return self._left.popleft()
        except IndexError:
            return None

    def _run(self, job: Job, engine: PoseEngine) -> None:
        path, folder, options = job.source, job.folder, self._options
        limits = SourceLimits(
            options.max_pixels, options.pipe_timeout, lambda: bool(self._interrupted)
        )
        same_size = options.draw and not options.stills
        run: Run | None = None
        try:
            with (
                job.claim,
                open_source(path, options.fps, same_size=same_size, limits=limits) as source,
            ):
                flow = None if self._flow is None else self._flow()
                run = Run(source, engine, folder, options, self._model, flow)
                reason = run.take_up() if job.resume else None
                outcome = reason or run.execute(
                    lambda: bool(self._interrupted), quiet=self._manners.quiet, bar=self._alone
                )
        except Exception as error:
            hopeless = isinstance(error, ResultFileError | SourceError)  # it would end so again
            how = "" if hopeless else _how_to_go_on(run, job)
            say(f"posetrack: {sentence(error, folder.path)}{how}")
            if self._manners.debug:
                traceback.print_exc()
            self.failed.append(job)
            return
        if isinstance(outcome, RunReport) and isinstance(outcome.ending, Interrupted):
            far = outcome.how_far()
            say(f"posetrack: interrupted after {far} of {path}{_how_to_go_on(run, job)}")
            return
        if not _went_well(path, outcome, self._manners):
            self.failed.append(job)
        print(printable(str(folder.path)), flush=True)


def _went_well(path: Path, outcome: RunReport | str, manners: Manners) -> bool:
    """Say what was found, and before it what lacks or is odd; or how an earlier run ended."""
    if isinstance(outcome, str):
        return _was_done_well(path, outcome, manners)
    well = _is_whole(outcome, manners)
    if not manners.quiet:
        say(f"{path}: {outcome.summary()}")
    return well


def _is_whole(report: RunReport, manners: Manners) -> bool:
    match report.ending:
        case Failed(why):
            say(f"posetrack: {why}")
            return False
        case Damaged(why):
            say(f"posetrack: {why}")
            return manners.accept_damage
        case Complete(notice) if notice and not manners.quiet:
            say(f"posetrack: {notice}")
    return True


def _was_done_well(path: Path, reason: str, manners: Manners) -> bool:
    """Say that an earlier run came to its end, and how."""
    if reason != Complete.reason or not manners.quiet:
        say(f"posetrack: {path} was done before: {reason}")
    return reason == Complete.reason or manners.accept_damage


def _how_to_go_on(run: Run | None, job: Job) -> str:
    """The end of a sentence on a run that was stopped."""
    return f": use {job.again} to go on" if run is not None and run.has_results else ""


def _listed(paths: list[Path]) -> str:
    """The first few of them."""
    more = len(paths) - _NAMED
    named = ", ".join(map(str, paths[:_NAMED]))
    return f"{named} and {more} more" if more > 0 else named


def _introduce(engine: PoseEngine, threads: int) -> None:
    """What runs, on what."""
    session = engine.session
    sizes = "+".join(map(str, engine.sizes))
    precision = session.precision
    if getattr(session, "custom_ops", False):
        precision += " with posetrack's operators"
    say(
        f"posetrack {version('posetrack')}: {engine.spec.name} at {sizes} px, {session.backend} "
        f"{precision} on {session.device}, {threads} thread{'s' * (threads != 1)}"
    )


def _warn_of_uncalibrated(engine: PoseEngine, options: RunOptions) -> None:
    """Say it if nobody knows which scores of the model speak of a person."""
    spec = engine.spec
    if spec.person is None:
        limit = spec.min_score if options.min_score is None else options.min_score
        say(
            f"posetrack: nobody has calibrated the scores of {spec.name}: poses of at least "
            f"{limit:g} (--min-score) are kept, and each source shows what a good score is"
        )
