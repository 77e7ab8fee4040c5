"""Every source of a command in turn, and what is said about each."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ...engine import EngineOptions, PoseEngine
from ...structures import ResultFileError
from ..engine_loading import ModelCard, ModelChoice, load_engine, model_card
from ..interrupts import EXIT_SIGNAL, interrupts
from ..media.reading import open_source
from ..progress import say, sentence
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
) -> int:
    """Load the model, then run every job. Returns the exit code."""
    with interrupts() as early:  # in the middle of an import they look like broken libraries
        engine = load_engine(choice, engine_options)
    if early:
        say("posetrack: interrupted before the first frame")
        return EXIT_SIGNAL + early[0]
    with engine:
        if not manners.quiet:
            _introduce(engine, options, choice.session.threads)
        return _run_all(jobs, engine, model_card(choice, engine), options, manners)


def _run_all(
    jobs: list[Job], engine: PoseEngine, model: ModelCard, options: RunOptions, manners: Manners
) -> int:
    """One that fails does not stop the next."""
    failed: list[Path] = []
    same_size = options.draw and not options.stills
    with interrupts() as interrupted:
        for path, folder, claim, resume in jobs:
            run: Run | None = None
            try:
                with claim, open_source(path, options.fps, same_size=same_size) as source:
                    run = Run(source, engine, folder, options, model)
                    finished = run.take_up() if resume else None
                    if finished is None:
                        report = run.execute(lambda: bool(interrupted), quiet=manners.quiet)
            except Exception as error:
                how = "" if isinstance(error, ResultFileError) else _how_to_go_on(run)
                say(f"posetrack: {sentence(error, folder.path)}{how}")
                if manners.debug:
                    traceback.print_exc()
                failed.append(path)
                continue
            if finished is not None:
                if not _was_done_well(path, finished, manners):
                    failed.append(path)
                _print_path(folder.path)
                continue
            if isinstance(report.ending, Interrupted):
                far = report.how_far()
                say(f"posetrack: interrupted after {far} of {path}{_how_to_go_on(run)}")
                return EXIT_SIGNAL + interrupted[0]
            if not _went_well(path, report, manners):
                failed.append(path)
            _print_path(folder.path)
    if failed and len(jobs) > 1:
        say(f"posetrack: {len(failed)} of {len(jobs)} sources failed: {_listed(failed)}")
    return int(bool(failed))


def _went_well(path: Path, report: RunReport, manners: Manners) -> bool:
    """Say what was found, and before it what lacks or is odd."""
    well = _is_whole(report, manners)
    if not manners.quiet:
        say(f"{path}: {report.summary()}")
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


def _how_to_go_on(run: Run | None) -> str:
    """The end of a sentence on a run that was stopped."""
    return ": use --resume to go on" if run is not None and run.has_results else ""


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


def _print_path(path: Path) -> None:
    """One line on stdout; a reader that has seen enough (`| head`) does not stop the work."""
    try:
        print(path, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
