"""`posetrack export`: weights -> a model file."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..extras import need_extra
from ..sentences import printable, say
from .parsing import RulesOption, read_image_size

if TYPE_CHECKING:  # imports torch
    from ...exporters import ExportOptions

RANDOM = "--random-weights"
AUTO = "auto"
_MADE_UP_IMAGES, _GATE_IMAGES = 2, 8


Model = Annotated[str, typer.Argument(help="A name of `posetrack models list`.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="The .onnx file to write.")]
Weights = Annotated[
    Path | None,
    typer.Option(help="A checkpoint of that network.", show_default="those that ship"),
]
RandomWeights = Annotated[bool, typer.Option(RANDOM, help="Draw weights, to try the file out.")]
Post = Annotated[
    Literal["graph", "none"],
    typer.Option(
        help="graph: from images to poses, whatever runs the file. none: the heads only, "
        "decoded by the engine; for several sizes and multi-scale tests."
    ),
]
FlipTest = Annotated[
    bool, typer.Option("--flip-test", help="Average with the flipped image inside the file.")
]
ScoreWeights = Annotated[
    Path | None, typer.Option(help="A checkpoint of the network that scores whole poses.")
]
Batch = Annotated[
    int | None,
    typer.Option(help="Images that the file takes at a time.", show_default="any number"),
]
Size = Annotated[
    str, typer.Option(help="Height x width of the images, such as 256x448.", show_default="any")
]
Precision = Annotated[
    Literal["fp32", "fp16"],
    typer.Option(
        help="Arithmetic of the network, by the types in the file; what comes after it stays "
        "fp32. For GPUs: a CPU computes fp16 files in float32."
    ),
]
KeepFp32 = Annotated[
    str,
    typer.Option(
        help="Layers that stay float32, by commas; auto: those that float16 cannot hold.",
        show_default="none",
    ),
]
AnySize = Annotated[
    bool,
    typer.Option("--any-size", help="Take images as they are; --size is the network's then."),
]
Inline = Annotated[
    bool,
    typer.Option("--inline", help="Standard operators alone, for runtimes without functions."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier model of this name.")
]
GateImages = Annotated[
    Path | None,
    typer.Option(
        "--images",
        help="A folder, image or video that the file is tried on before it is written.",
        show_default="made-up pictures",
    ),
]
NoGate = Annotated[
    bool, typer.Option("--no-gate", help="Write the file without holding it against its network.")
]


def export(  # noqa: PLR0913 - one parameter per option of the command line
    model: Model,
    output: Output,
    weights: Weights = None,
    random_weights: RandomWeights = False,
    post: Post = "graph",
    flip_test: FlipTest = False,
    score_weights: ScoreWeights = None,
    rules: RulesOption = None,
    batch: Batch = None,
    size: Size = "",
    precision: Precision = "fp32",
    keep_fp32: KeepFp32 = "",
    any_size: AnySize = False,
    inline: Inline = False,
    images: GateImages = None,
    no_gate: NoGate = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a network and its weights as a self-describing ONNX file.

    In the head form, further networks that decoding needs get files of their own beside it,
    `<stem>.<role>.onnx`. The file is held against its network on a few images first; one that says
    something else is not written.
    """
    if weights is not None and random_weights:
        raise typer.BadParameter(
            "there are --weights: leave one of both out", param_hint="--random-weights"
        )
    need_extra("export", "export")
    from ...exporters import ExportOptions, check_output, export_onnx, files_of

    kept = tuple(part.strip() for part in keep_fp32.split(",") if part.strip())
    options = ExportOptions(
        *(post, flip_test, score_weights, overwrite, rules, batch, read_image_size(size)),
        *(any_size, random_weights, inline, precision, () if kept == (AUTO,) else kept),
    )
    check_output(output, overwrite=overwrite)
    if not (no_gate or random_weights):
        options = _passed(model, weights, options, images, auto=kept == (AUTO,))
    spec = export_onnx(model, weights, output, options)
    say(f"{spec.name}: {', '.join(head.name for head in spec.heads)}")
    for path in filter(Path.exists, files_of(output)):
        say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    print(printable(str(output)))


def _passed(
    model: str, weights: Path | None, options: ExportOptions, images: Path | None, *, auto: bool
) -> ExportOptions:
    """The options, with the layers that must stay float32, of a file that passes the gate."""
    if find_spec("onnxruntime") is None:
        say("posetrack: onnxruntime is not installed, so the file is not held against its network")
        return options
    from ..comparing.gate import Gate, pass_gate
    from ..comparing.pictures import made_up_pictures, pictures_of

    pictures = made_up_pictures() if images is None else pictures_of(images, _GATE_IMAGES)
    few = islice(pictures, _MADE_UP_IMAGES if images is None else _GATE_IMAGES)
    gate = Gate([picture.image for picture in few])
    kept = pass_gate(model, weights, options, gate, auto=auto)
    if kept and auto:
        say(f"in float32 stay {', '.join(kept)}")
    return replace(options, keep_fp32=kept)
