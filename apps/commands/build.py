"""`posetrack build`: an ONNX file -> a TensorRT plan for the GPU here."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from ...engine import model_path
from ...engine.network import ships
from ...structures import SessionOptions
from ...structures.plan_manifest import PLAN_SUFFIX, PlanManifest
from ..extras import need_extra
from ..interrupts import interrupts, unless_interrupted
from ..leaving import EXIT_SIGNAL
from ..sentences import printable, say
from .parsing import option_error, read_image_sizes, read_range

Model = Annotated[
    Path, typer.Argument(help="An .onnx file of `posetrack export`, or a model that ships.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="The .engine file to write.", show_default="beside the model"
    ),
]
Batch = Annotated[
    str,
    typer.Option(
        help="Images at a time, smallest,usual,largest or one number for all.",
        show_default="1; of crops 1,8,16",
    ),
]
Size = Annotated[
    str,
    typer.Option(
        help="Height x width likewise, such as 256x256,256x448,448x448.",
        show_default="the model's, for videos up to 16:9, lying and upright",
    ),
]
Workspace = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1 << 20,
        help="Megabytes of working memory that a layer may take.",
        show_default="all there are",
    ),
]
TimingCache = Annotated[
    Path | None,
    typer.Option(
        help="What TensorRT measured before; read and added to.",
        show_default="in the cache folder",
    ),
]
NoPlugins = Annotated[
    bool,
    typer.Option("--no-plugins", help="Post-processing in standard operators, much slower."),
]
Device = Annotated[str, typer.Option(help="The GPU: cuda (the first one), cuda:1.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier plan of this name.")
]


def build(  # noqa: PLR0913 - one parameter per option of the command line
    model: Model,
    output: Output = None,
    batch: Batch = "",
    size: Size = "",
    workspace: Workspace = None,
    timing_cache: TimingCache = None,
    no_plugins: NoPlugins = False,
    device: Device = "cuda",
    overwrite: Overwrite = False,
) -> None:
    """Build a model file into a TensorRT plan, which runs on GPUs like the one here.

    Types in the file decide on the precision. Beside the plan lies a manifest, <name>.engine.json,
    that says what the plan needs; keep both together.
    """
    with option_error("--device"):
        gpu = SessionOptions(device=device).gpu
    if gpu is None:
        raise typer.BadParameter("must be cuda or cuda:n", param_hint="'--device'")
    ranges, sizes = read_range(batch), read_image_sizes(size)
    need_extra("build", "onnx")
    from ...exporters.plan import BuildOptions, build_plan

    options = BuildOptions(
        ranges, sizes, workspace, timing_cache, not no_plugins, gpu, overwrite=overwrite
    )
    start = perf_counter()
    file = model_path(str(model))
    target = output or Path(file.name if ships(file) else file).with_suffix(PLAN_SUFFIX)
    with interrupts() as received:  # TensorRT hears none
        plans = unless_interrupted(lambda: build_plan(file, target, options), received)
    if plans is None:
        say("posetrack: interrupted, and no plan is built")
        raise typer.Exit(EXIT_SIGNAL + received[0])
    for path, manifest in plans.items():
        say(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {_words(manifest)}")
    say(f"built in {perf_counter() - start:.0f} s")
    print(printable(str(next(iter(plans)))))


def _words(manifest: PlanManifest) -> str:
    machine = manifest.machine
    shapes = "; ".join(
        f"{name} {' to '.join('x'.join(map(str, one)) for one in (profile.min, profile.max))}"
        for name, profile in manifest.profiles.items()
    )
    plugins = "with posetrack's plugins" if manifest.plugins else "without plugins"
    return f"{manifest.precision} {plugins}, TensorRT {machine.tensorrt} on {machine.gpu}; {shapes}"
