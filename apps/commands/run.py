"""`posetrack run`: find and track people in videos and images."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Literal

import av
import typer

from ...engine import DEFAULT_MODEL, EngineOptions, PoseEngine
from ...engine.parallel import parallel_frames
from ...engine.sessions import available_threads
from ...formats import FORMATS
from ..engine_loading import ModelCard, ModelChoice, load_engine, model_card
from ..media.images import DEFAULT_FPS
from ..progress import say, sentence
from ..run.options import RunOptions
from ..run.results import COMPLETE, INTERRUPTED
from ..run.run import Run, check_results, open_source, result_folders

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_EXIT_SIGNAL = 128  # plus the number of the signal, as shells do
_MAX_SIZE = 4096
_MAX_SCALE = 8.0


def _sizes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= _MAX_SIZE for part in parts):
        raise _wrong(
            "--size", f"must be pixels up to {_MAX_SIZE} such as 256 or 256,512, got {text!r}"
        )
    sizes = tuple(int(part) for part in parts)
    if list(sizes) != sorted(set(sizes)):
        raise _wrong("--size", f"must ascend, got {text!r}")
    return sizes


def _scales(text: str) -> tuple[float, ...]:
    try:
        scales = tuple(float(part) for part in text.split(","))
    except ValueError:
        scales = ()
    if 1.0 not in scales or not all(0 < scale <= _MAX_SCALE for scale in scales):
        raise _wrong(
            "--scales",
            f"must be numbers up to {_MAX_SCALE:g} with 1 among them, such as 0.5,1,2, "
            f"got {text!r}",
        )
    return tuple(sorted(set(scales), reverse=True))


def _formats(text: str, *, tracking: bool) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in FORMATS:
            raise _wrong("--format", f"must be among {', '.join(FORMATS)}, got {name!r}")
        if FORMATS[name].poses == "tracked" and not tracking:
            raise _wrong("--format", f"{name} holds tracks: leave out --no-track and --stills")
    return names


def _wrong(option: str, message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint=f"'{option}'")


Sources = Annotated[
    list[Path], typer.Argument(metavar="SOURCE", help="Videos, images, folders of images.")
]
Output = Annotated[
    Path, typer.Option("-o", "--output", help="Results go to OUTPUT/<name of the source>/.")
]
Model = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        help="A model that ships, an .onnx file, or with --weights a name of `posetrack models "
        "list`; weights alone are identified.",
        show_default=DEFAULT_MODEL,
    ),
]
Weights = Annotated[Path | None, typer.Option(help="A checkpoint of the model; it runs in torch.")]
ScoreWeights = Annotated[
    Path | None, typer.Option(help="A checkpoint of the network that scores whole poses.")
]
Backend = Annotated[
    Literal["auto", "onnxruntime", "openvino", "torch"],
    typer.Option(help="What runs the network."),
]
Precision = Annotated[
    Literal["fp32", "bf16"],
    typer.Option(help="Arithmetic of the network; bf16 needs openvino and a CPU that has it."),
]
Size = Annotated[
    str,
    typer.Option(
        help="Short side of the network's input, pixels; two or more, ascending, find small and "
        "large people each at the size that suits them.",
        show_default="the model's",
    ),
]
Scales = Annotated[
    str,
    typer.Option(
        help="Multi-scale test of the published models: input sizes relative to --size, such as "
        "0.5,1,2, whose maps are averaged.",
        show_default="1",
    ),
]
FlipTest = Annotated[
    bool, typer.Option("--flip-test", help="Average with the flipped image: better, half as fast.")
]
MinScore = Annotated[
    float | None,
    typer.Option(min=0.0, help="Leave out poses below this score.", show_default="the model's"),
]
MaxPeople = Annotated[
    int | None,
    typer.Option(min=1, max=1000, help="Most people in one image.", show_default="the model's"),
]
NoTrack = Annotated[bool, typer.Option("--no-track", help="Poses only, no identities.")]
Fps = Annotated[
    float,
    typer.Option(min=1, max=1000, help="Images per second of a folder; slower ones are --stills."),
]
Stills = Annotated[
    bool,
    typer.Option("--stills", help="The images of a folder do not belong together: no tracking."),
]
MaxFrames = Annotated[
    int | None,
    typer.Option(min=1, help="Stop after this many frames of each source.", show_default="all"),
]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads of the network; 0 = all.")]
NoVideo = Annotated[bool, typer.Option("--no-video", help="Write records, draw nothing.")]
Format = Annotated[
    str, typer.Option(help=f"Write these too: {','.join(FORMATS)}.", show_default="none")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace earlier results.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, only errors.")]


def run(  # noqa: PLR0913 - one parameter per option of the command line
    sources: Sources,
    output: Output = Path("runs"),
    model: Model = None,
    weights: Weights = None,
    score_weights: ScoreWeights = None,
    backend: Backend = "auto",
    precision: Precision = "fp32",
    size: Size = "",
    scales: Scales = "",
    flip_test: FlipTest = False,
    min_score: MinScore = None,
    max_people: MaxPeople = None,
    no_track: NoTrack = False,
    fps: Fps = DEFAULT_FPS,
    stills: Stills = False,
    max_frames: MaxFrames = None,
    threads: Threads = 0,
    no_video: NoVideo = False,
    format: Format = "",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Find and track people in videos and images."""
    threads = threads or available_threads()
    parallel = parallel_frames(threads)
    engine_options = EngineOptions(
        sizes=_sizes(size) if size else (),
        scales=_scales(scales) if scales else (1.0,),
        flip_test=flip_test,
        max_people=max_people,
    )
    choice = ModelChoice(model, weights, score_weights, backend, precision, threads, parallel)
    options = RunOptions(
        min_score=min_score,
        track=not no_track,
        fps=fps,
        stills=stills,
        max_frames=max_frames,
        draw=not no_video,
        formats=_formats(format, tracking=not (no_track or stills)) if format else (),
        parallel=parallel,
    )
    missing = next((path for path in sources if not path.exists()), None)
    if missing is not None:
        raise FileNotFoundError(f"there is no file or folder {missing}")
    check_results(sources, result_folders(sources, output), overwrite=overwrite)
    with _interrupts() as early:  # in the middle of an import they look like broken libraries
        engine = load_engine(choice, engine_options)
    if early:
        say("posetrack: interrupted before the first frame")
        raise typer.Exit(_EXIT_SIGNAL + early[0])
    with engine:
        if not quiet:
            say(_first_line(engine, threads))
        card = model_card(choice, engine)
        code = _run_all(sources, output, engine, options, card, quiet=quiet)
    if code:
        raise typer.Exit(code)


def _run_all(
    sources: list[Path],
    output: Path,
    engine: PoseEngine,
    options: RunOptions,
    model: ModelCard,
    *,
    quiet: bool,
) -> int:
    """Every source in turn; one that fails does not stop the next. Returns the exit code."""
    code = 0
    with _interrupts() as interrupted:
        for path, folder in zip(sources, result_folders(sources, output), strict=True):
            try:
                with open_source(path, options) as source:
                    job = Run(source, engine, folder, options, model)
                    report = job.execute(lambda: bool(interrupted), quiet=quiet)
                    warning = source.warning
            except (OSError, ValueError, RuntimeError, av.FFmpegError) as error:
                say(f"posetrack: {sentence(error, folder.path)}")
                code = 1
                continue
            if report["reason"] == INTERRUPTED:
                say(f"posetrack: interrupted after {_how_far(report)} of {path}")
                return _EXIT_SIGNAL + interrupted[0]
            if warning:
                say(f"posetrack: {warning}")
            if report["reason"] != COMPLETE:
                say(f"posetrack: {report['reason'].removeprefix('failed: ')}")
                code = 1
            if not quiet:
                say(f"{path}: {_summary(report)}")
            _tell(folder.path)
    return code


def _tell(path: Path) -> None:
    """One line on stdout; a reader that has seen enough (`| head`) does not stop the work."""
    try:
        print(path, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _how_far(report: dict[str, Any]) -> str:
    done, claimed = report["frames"], report["video"]["frames"]
    return f"{done} of {claimed} frames" if claimed else f"{done} frame{'s' * (done != 1)}"


def _summary(report: dict[str, Any]) -> str:
    frames = report["frames"]
    count = f"{frames} frame{'s' * (frames != 1)}, {report['fps']:.1f} FPS"
    if report["people"] == 0:
        return f"{count}: no people found"
    at_most = report["people_at_most"]
    people = f"{at_most} {'people' if at_most > 1 else 'person'}"
    if report["tracks"] == 0:
        return f"{count}: {people}" + (" at most" if frames > 1 else "")
    tracks = f"{report['tracks']} track{'s' * (report['tracks'] != 1)}"
    return f"{count}: {tracks}, at most {people} at once"


def _first_line(engine: PoseEngine, threads: int) -> str:
    session = engine.session
    sizes = "+".join(map(str, engine.sizes))
    return (
        f"posetrack {version('posetrack')}: {engine.spec.name} at {sizes} px, "
        f"{session.backend} {session.precision}, {threads} thread{'s' * (threads != 1)}"
    )


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collects the first Ctrl-C (or `kill`), so that files are closed; the second ends at once."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            sys.exit(_EXIT_SIGNAL + number)

    # what is ignored from outside, as under nohup, stays ignored
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, note) for number in heard}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
