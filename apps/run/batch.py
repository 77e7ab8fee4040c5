"""Every source of a command in turn, and what is said about each."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from ...engine import EngineOptions, PoseEngine
from ...structures import ResultFileError, SourceError
from ..engine_loading import ModelCard, ModelChoice, load_engine, model_card
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
    choice: ModelChoice,
    engine_options: EngineOptions,
    options: RunOptions,
    manners: Manners,
    interrupted: list[int],
) -> int:
    """Load the model, then run every job.

    Args:
        jobs: sources and their claimed folders.
        choice: of the model.
        engine_options: its engine's.
        options: of every run.
        manners: what is said.
        interrupted: signals received so far; the first one ends the work.

    Returns:
        The exit code.
    """

    def load() -> tuple[PoseEngine, ModelCard]:
        engine = load_engine(choice, engine_options)
        return engine, model_card(choice, engine)

    if manners.debug:
        show_ffmpeg()
    loaded = unless_interrupted(load, interrupted)
    if loaded is None:
        say("posetrack: interrupted before the first frame")
        return EXIT_SIGNAL + interrupted[0]
    engine, card = loaded
    with engine:
        if not manners.quiet:
            _introduce(engine, options, choice.session.threads)
        return _run_all(jobs, engine, card, options, manners, interrupted)


def _run_all(
    jobs: list[Job],
    engine: PoseEngine,
    model: ModelCard,
    options: RunOptions,
    manners: Manners,
    interrupted: list[int],
) -> int:
    """One that fails does not stop the next."""
    failed: list[Path] = []
    same_size = options.draw and not options.stills
    limits = SourceLimits(options.max_pixels, options.pipe_timeout, lambda: bool(interrupted))
    opened = partial(open_source, fps=options.fps, same_size=same_size, limits=limits)
    for job in jobs:
        path, folder = job.source, job.folder
        if interrupted:
            break
        run: Run | None = None
        try:
            with job.claim, opened(path) as source:
                run = Run(source, engine, folder, options, model)
                reason = run.take_up() if job.resume else None
                outcome = reason or run.execute(lambda: bool(interrupted), quiet=manners.quiet)
        except Exception as error:
            hopeless = isinstance(error, ResultFileError | SourceError)  # it would end so again
            how = "" if hopeless else _how_to_go_on(run, job)
            say(f"posetrack: {sentence(error, folder.path)}{how}")
            if manners.debug:
                traceback.print_exc()
            failed.append(path)
            continue
        if isinstance(outcome, RunReport) and isinstance(outcome.ending, Interrupted):
            far = outcome.how_far()
            say(f"posetrack: interrupted after {far} of {path}{_how_to_go_on(run, job)}")
            break
        if not _went_well(path, outcome, manners):
            failed.append(path)
        print(printable(str(folder.path)), flush=True)
    if failed and len(jobs) > 1:
        say(f"posetrack: {len(failed)} of {len(jobs)} sources failed: {_listed(failed)}")
    return EXIT_SIGNAL + interrupted[0] if interrupted else int(bool(failed))


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


def _introduce(engine: PoseEngine, options: RunOptions, threads: int) -> None:
    """What runs, on what; and once, if nobody knows which scores of the model speak of a person."""
    spec, session = engine.spec, engine.session
    sizes = "+".join(map(str, engine.sizes))
    say(
        f"posetrack {version('posetrack')}: {spec.name} at {sizes} px, {session.backend} "
        f"{session.precision} on {session.device}, {threads} thread{'s' * (threads != 1)}"
    )
    if spec.person is None:
        limit = spec.min_score if options.min_score is None else options.min_score
        say(
            f"posetrack: nobody has calibrated the scores of {spec.name}: every pose of at "
            f"least {limit:g} (--min-score) may become a person"
        )
