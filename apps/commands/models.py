"""`posetrack models`: what networks there are, what a weight file holds, the zoo."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ...kernels.native import onnxruntime_operators
from ...models import FAMILIES
from ...models.weights.zoo import ZOO, PublishedWeights
from ...models.weights.zoo import fetch as fetch_weights
from ...structures import InputSizing
from ..extras import need_extra
from ..sentences import printable, say

if TYPE_CHECKING:  # onnx may be absent
    from ...exporters.inspection import OnnxFile

# How a description says where a flip test belongs -> where there is one.
_FLIP = {
    "inside": "not in the file: export --flip-test puts it there",
    "done": "in the file",
    "around": "around the network: run --flip-test",
    "never": "none",
}

models_app = typer.Typer(
    name="models", help="Networks, weight files, and published weights.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@models_app.command("list")
def list_models(as_json: Json = False) -> None:
    """List the networks and the published weights for them."""
    networks = [(name, family) for family, names in FAMILIES.items() for name in names]
    if as_json:
        named = [{"name": name, "family": family} for name, family in networks]
        weights = [asdict(entry) for entry in ZOO.values()]
        print(json.dumps({"networks": named, "weights": weights}, indent=2))
        return
    print("networks")
    _print_table(networks)
    print("\npublished weights")
    _print_table([_zoo_row(entry) for entry in ZOO.values()])


@models_app.command()
def inspect(
    file: Annotated[
        Path, typer.Argument(help="Weights: .npz, PyTorch or .safetensors; or a model: .onnx.")
    ],
    as_json: Json = False,
) -> None:
    """Tell what a file holds: of weights the networks they fit, of a model how it is run."""
    facts = _model_facts(file) if file.suffix == ".onnx" else _weight_facts(file)
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    for key, value in facts.items():
        values = value if isinstance(value, list) else [value]
        for line in values or ["none"]:
            print(f"{key:<11}{'none' if line is None else line}")


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Published weights: see `posetrack models list`.")],
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of downloads.", show_default="~/.cache/posetrack"),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never connect.")] = False,
) -> None:
    """Download published weights unless they are there; print their path."""
    with _shown(name) as progress:
        path = fetch_weights(name, cache, offline=offline or None, progress=progress)
    print(printable(str(path)))


def _model_facts(file: Path) -> dict[str, Any]:
    need_extra("inspect", "onnx")
    from ...exporters.inspection import inspect_onnx

    found = inspect_onnx(file)
    spec = found.spec
    return {
        "file": str(file),
        "format": "onnx",
        "size": f"{found.size / 1e6:.1f} MB",
        "producer": found.producer or None,
        "opset": ", ".join(f"{name or 'onnx'} {v}" for name, v in found.opsets.items()),
        "model": spec.name if spec else None,
        "family": spec.family if spec else None,
        "decoder": spec.decoder.name if spec else None,
        "skeleton": spec.skeleton.name if spec else None,
        "rules": spec.rules if spec else None,
        "sizing": _sizing(spec.sizing) if spec else None,
        "people": spec.max_people if spec else None,
        "min_score": spec.min_score if spec else None,
        "flip": _FLIP[spec.flip] if spec else None,
        "precision": spec.precision if spec else None,
        "licence": (spec.weights_licence or None) if spec else None,
        "inputs": [str(value) for value in found.inputs],
        "outputs": [str(value) for value in found.outputs],
        "weights": [f"{count} {dtype}" for dtype, count in found.weights.items()],
        "operators": [f"{count} {name}" for name, count in found.operators.items()],
        "functions": list(found.functions),
        "custom": list(found.custom),
        "runs": _where(found),
    }


def _sizing(sizing: InputSizing) -> str:
    """How an image is brought to the input."""
    if sizing.rule == "inside":
        return "inside the file"
    if sizing.crop is not None:
        return "crops of {}x{}".format(*sizing.crop)
    return f"short side {sizing.size}, multiples of {sizing.multiple_of}, {sizing.convention}"


def _where(found: OnnxFile) -> str:
    """Which runtimes take the file."""
    if found.foreign:
        return "in ONNX Runtime with a library that has the custom operators"
    if found.custom and onnxruntime_operators() is None:
        return "in ONNX Runtime with posetrack's operators, which are not built here"
    if found.custom:
        return "in ONNX Runtime with posetrack's operators, as here"
    if not found.functions:
        return "in any ONNX Runtime"
    by_kernels = "" if onnxruntime_operators() is None else "; here by posetrack's operators"
    return "in any ONNX Runtime, as its functions are in the file" + by_kernels


def _weight_facts(file: Path) -> dict[str, Any]:
    need_extra("inspect", "torch")
    from ...models.weights.checkpoint import read_checkpoint
    from ...models.weights.differences import shapes_of
    from ...models.weights.identify import identify

    checkpoint = read_checkpoint(file)
    found = identify(shapes_of(checkpoint.weights))
    return {
        "file": str(file),
        "format": checkpoint.file_format,
        "wrapper": " ".join(checkpoint.wrapper) or None,
        "family": found.family,
        "backbone": found.backbone or None,
        "keypoints": found.keypoints,
        "skeleton": found.skeleton.name if found.skeleton else None,
        "fits": list(found.names),
        "rules": found.rules,
        "tensors": len(checkpoint.weights),
        "parameters": found.parameters,
        "problems": list(found.problems),
    }


def _zoo_row(entry: PublishedWeights) -> tuple[str, str, str, str]:
    score = "" if entry.score is None else f"{entry.score:g} {entry.metric}"
    how = "fetch" if entry.direct else "by hand"
    return entry.name, how, entry.licence, score


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())


@contextmanager
def _shown(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr while bytes arrive; elsewhere than on a terminal one line."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    shown = console.is_terminal and not console.is_dumb_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(name, total=None, visible=False)

        def advance(done: int, total: int | None) -> None:
            if not shown and not bar.tasks[0].visible:
                say(f"downloading {name}")
            bar.update(task, completed=done, total=total, visible=True)

        yield advance
