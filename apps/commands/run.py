"""`posetrack run`: find and track people in videos and images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ...engine import (
    BACKENDS,
    DEFAULT_MODEL,
    MAX_BATCH,
    MAX_PEOPLE,
    PRECISIONS,
    EngineOptions,
    available_threads,
    parallel_frames,
)
from ...formats import FORMATS
from ...models.torch_options import BACKEND as TORCH
from ...structures import SessionOptions
from ...trackers.people import MAX_WAITING_BYTES
from ..engine_loading import ModelChoice
from ..flow_loading import OFF
from ..interrupts import interrupts
from ..leaving import EXIT_SIGNAL
from ..media.images import DEFAULT_FPS
from ..media.limits import MAX_PIXELS
from ..media.reading import no_source
from ..run.batch import Manners, run_jobs
from ..run.claim import Earlier, Job, claimed_jobs
from ..run.options import RunOptions
from .parsing import (
    FlowOption,
    RulesOption,
    TrackerOption,
    check_part,
    choose_earlier,
    one_of,
    option_error,
    read_devices,
    read_flow,
    read_formats,
    read_scales,
    read_sizes,
)

MAX_THREADS = max(64, 4 * available_threads())  # more of them only wait for each other
MAX_FRAMES = 1_000_000_000  # a year at 30 frames per second

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
Backend = Annotated[str, one_of(("auto", *BACKENDS, TORCH), help="What runs the network.")]
Device = Annotated[
    str, typer.Option(help="Where it runs: cpu, cuda (the first GPU) or cuda:1; auto says which.")
]
Precision = Annotated[
    str,
    one_of(
        PRECISIONS,
        help="Arithmetic of the network; bf16 needs openvino and a CPU that has it.",
    ),
]
Batch = Annotated[
    int,
    typer.Option(
        min=1,
        max=MAX_BATCH,
        help="Images that the network takes at once, from up to so many sources; for GPUs.",
    ),
]
Gpus = Annotated[
    str,
    typer.Option(
        help="GPUs that share the sources, such as 0,1: each works on one source after the other.",
        show_default="that of --device",
    ),
]
Rebuild = Annotated[
    bool,
    typer.Option(
        "--rebuild",
        help="Build a TensorRT plan that does not fit this machine again, from the .onnx file "
        "beside it.",
    ),
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
    typer.Option(
        min=0.0, max=1.0, help="Leave out poses below this score.", show_default="the model's"
    ),
]
MaxPeople = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_PEOPLE,
        help="People in one image at most.",
        show_default="the model's",
    ),
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
    typer.Option(
        min=1,
        max=MAX_FRAMES,
        help="Stop after this many frames of each source.",
        show_default="all",
    ),
]
MaxPixels = Annotated[
    int,
    typer.Option(
        min=1, max=1 << 40, help="Refuse an image or frame of more pixels before it is decoded."
    ),
]
MaxWaitingMb = Annotated[
    int,
    typer.Option(
        min=1,
        max=1 << 20,
        help="Megabytes of frames that wait until it is settled who is a person.",
    ),
]
PipeTimeout = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        max=86400.0,
        help="Read videos from pipes too, each silent for so many seconds at most.",
        show_default="regular files only",
    ),
]
Start = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Begin so many seconds after the first frame; numbers and times of frames stay those "
        "of the source.",
        show_default="0",
    ),
]
End = Annotated[
    float | None,
    typer.Option(
        min=0, help="End so many seconds after the first frame.", show_default="the source's end"
    ),
]
Threads = Annotated[
    int, typer.Option(min=0, max=MAX_THREADS, help="CPU threads of the network; 0 = all.")
]
NoVideo = Annotated[bool, typer.Option("--no-video", help="Write records, draw nothing.")]
Format = Annotated[
    str, typer.Option(help=f"Write these too: {','.join(FORMATS)}.", show_default="none")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace earlier results.")]
Unique = Annotated[
    bool,
    typer.Option(
        "--unique",
        help="Take the next free name beside earlier results or another run.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with runs that were stopped, skip those that came to their end; same command "
        "otherwise. With --unique: each source's latest run, whatever its folder is called.",
    ),
]
AcceptDamage = Annotated[
    bool,
    typer.Option("--accept-damage", help="Exit with 0 though a source lacks frames."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of what failed.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, only errors.")]


def run(  # noqa: PLR0913 - one parameter per option of the command line
    sources: Sources,
    output: Output = Path("runs"),
    model: Model = None,
    weights: Weights = None,
    score_weights: ScoreWeights = None,
    rules: RulesOption = None,
    backend: Backend = "auto",
    device: Device = "auto",
    precision: Precision = "fp32",
    batch: Batch = 1,
    gpus: Gpus = "",
    rebuild: Rebuild = False,
    size: Size = "",
    scales: Scales = "",
    flip_test: FlipTest = False,
    min_score: MinScore = None,
    max_people: MaxPeople = None,
    no_track: NoTrack = False,
    tracker: TrackerOption = "fast",
    flow: FlowOption = OFF,
    fps: Fps = DEFAULT_FPS,
    stills: Stills = False,
    start: Start = None,
    end: End = None,
    max_frames: MaxFrames = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    max_waiting_mb: MaxWaitingMb = MAX_WAITING_BYTES >> 20,
    pipe_timeout: PipeTimeout = None,
    threads: Threads = 0,
    no_video: NoVideo = False,
    format: Format = "",
    overwrite: Overwrite = False,
    unique: Unique = False,
    resume: Resume = False,
    accept_damage: AcceptDamage = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Find and track people in videos and images."""
    sessions = _sessions(read_devices(device, gpus), backend, precision, threads, batch)
    chosen = (read_sizes(size), read_scales(scales), flip_test, max_people, batch)
    choices = [ModelChoice(model, weights, score_weights, rules, rebuild, one) for one in sessions]
    options = RunOptions(
        min_score=min_score,
        track=not no_track,
        tracker=tracker,
        flow=read_flow(flow, tracker, tracking=not (no_track or stills)),
        fps=fps,
        stills=stills,
        **_part(start, end, max_frames, stills=stills),
        draw=not no_video,
        formats=read_formats(format, tracking=not (no_track or stills)),
        parallel=parallel_frames(sessions[0].threads, batch),
        max_pixels=max_pixels,
        max_waiting_mb=max_waiting_mb,
        pipe_timeout=pipe_timeout,
    )
    earlier = choose_earlier(overwrite=overwrite, unique=unique, resume=resume)
    given = (choices, EngineOptions(*chosen), options, Manners(quiet, debug, accept_damage))
    _work_in_folders(sources, output, earlier, lambda jobs, told: run_jobs(jobs, *given, told))


def _part(
    start: float | None, end: float | None, max_frames: int | None, *, stills: bool
) -> dict[str, Any]:
    check_part(start, end, stills=stills)
    return {"start_s": start or 0.0, "end_s": end, "max_frames": max_frames}


def _sessions(
    devices: list[str], backend: str, precision: str, threads: int, batch: int
) -> list[SessionOptions]:
    threads = threads or available_threads()
    # of batches two are under way: one is computed, one is copied
    parallel = parallel_frames(threads) if batch == 1 else 2
    with option_error("--device"):
        return [SessionOptions(backend, one, precision, threads, parallel) for one in devices]


def _work_in_folders(
    sources: list[Path],
    output: Path,
    earlier: Earlier,
    work: Callable[[list[Job], list[int]], int],
) -> None:
    """Claim the folders, do the work, and end with its exit code or that of a signal."""
    _check_there(sources)
    with interrupts() as interrupted:  # so that claimed folders are let go
        with claimed_jobs(sources, output, earlier) as jobs:
            code = work(jobs, interrupted)
        code = EXIT_SIGNAL + interrupted[0] if interrupted else code
    if code:
        raise typer.Exit(code)


def _check_there(sources: list[Path]) -> None:
    missing = next((path for path in sources if not path.exists()), None)
    if missing is not None:
        raise FileNotFoundError(no_source(missing))
