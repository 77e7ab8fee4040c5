"""`posetrack export`: weights -> a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..extras import need_extra
from ..sentences import printable, say
from .parsing import RulesOption


def export(  # noqa: PLR0913 - one parameter per option of the command line
    model: Annotated[str, typer.Argument(help="A name of `posetrack models list`.")],
    weights: Annotated[Path, typer.Option(help="A checkpoint of that network.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .onnx file to write.")],
    post: Annotated[
        Literal["none"],
        typer.Option(help="none: the heads only, decoded by the engine."),
    ] = "none",
    flip_test: Annotated[
        bool, typer.Option("--flip-test", help="Average with the flipped image inside the file.")
    ] = False,
    score_weights: Annotated[
        Path | None, typer.Option(help="A checkpoint of the network that scores whole poses.")
    ] = None,
    rules: RulesOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier model of this name.")
    ] = False,
) -> None:
    """Write a network and its weights as a self-describing ONNX file.

    Further networks that decoding needs get files of their own beside it, `<stem>.<role>.onnx`.
    """
    need_extra("export", "export")
    from ...exporters import ExportOptions, export_onnx, files_of

    options = ExportOptions(post, flip_test, score_weights, overwrite, rules)
    spec = export_onnx(model, weights, output, options)
    say(f"{spec.name}: {', '.join(head.name for head in spec.heads)}")
    for path in filter(Path.exists, files_of(output)):
        say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    print(printable(str(output)))
