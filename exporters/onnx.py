"""A network and its weights -> one self-describing ONNX file."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import onnx
import onnxslim
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from ..models.companions import Companion, companions_of
from ..models.export_wrapper import ExportWrapper, with_flip_test
from ..models.weights.load import load_model
from ..structures import ModelSpec
from ..structures.model_spec import COMPANIONS, METADATA_KEY, Rules, companion_path
from ..structures.partial_file import whole_file

OPSET = 17
# The height and width that the export traces; the file takes any multiple of the spec's.
TRACE_SIZE = (64, 96)
MAP_AXES = 4  # of (B, C, h, w), whose last two follow the image


class Graph(NamedTuple):
    """A network and how to trace it."""

    module: nn.Module
    example: Tensor  # input that the export traces
    inputs: list[str]  # names
    outputs: list[str]  # names
    axes: dict[str, dict[int, str]]  # input or output -> its dynamic axes and their names
    spec: ModelSpec | None = None  # what the file says of itself; companions say nothing


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What goes into a model file."""

    post: Literal["none"] = "none"  # the head form: the heads, decoded by the engine
    flip_test: bool = False  # average with the flipped image inside the graph
    score_weights: Path | None = None  # of the network that scores whole poses
    overwrite: bool = False  # replace the files of an earlier model of this name
    rules: Rules | None = None  # whose rules hold; None takes the usual ones that the weights fit


def export_onnx(
    name: str | None,
    weights: str | Path,
    output: str | Path,
    options: ExportOptions = ExportOptions(),
) -> ModelSpec:
    """Write a model of `MODELS` as an ONNX file with its `ModelSpec` inside.

    Weights are stored as float16 where that loses nothing, with a Cast behind each that the
    runtime folds at load: half the size, float32 arithmetic. Batch, height and width are dynamic.
    The companions that decoding needs are written beside it: `<stem>.refine.onnx`,
    `<stem>.score.onnx`.

    Args:
        name: a key of `MODELS`; None takes the one that the weights are for.
        weights: the weight file.
        output: the `.onnx` file; an earlier one stays until the new one is complete.
        options: what goes into it.

    Returns:
        What was written into the file.

    Raises:
        ValueError: an unknown name or form, weights of another network, or a flip test, pose
            scoring or rules that the model does not have; or the output is no `.onnx` name.
        FileNotFoundError: no such weight file, or no folder for the output.
        FileExistsError: a file of the model exists and is not to be replaced.
    """
    weights, output = Path(weights), Path(output)
    _check_output(output, overwrite=options.overwrite)
    if options.post != "none":
        raise ValueError(f"post must be 'none' (the head form), got {options.post!r}")
    network, spec = load_model(name, weights, rules=options.rules)
    spec = replace(spec, weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest())
    companions = companions_of(network, spec, options.score_weights)
    if options.flip_test:
        network, spec = with_flip_test(network, spec)
    graphs = {output: _head_form(network, spec)}
    for role, companion in companions.items():
        graphs[companion_path(output, role)] = _companion_form(companion)
    _write_all(graphs)
    for path in files_of(output):
        if path not in graphs:  # of the model that was replaced
            path.unlink(missing_ok=True)
    return spec


def files_of(output: Path) -> list[Path]:
    """Every file that a model of this name can have."""
    return [output, *(companion_path(output, role) for role in COMPANIONS)]


def _check_output(output: Path, *, overwrite: bool) -> None:
    """Refuse at once what could not be written at the end, or must not be replaced."""
    if output.suffix != ".onnx":
        raise ValueError(f"the output must be an .onnx file, got {output}")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {output.parent} to write {output.name} into")
    for path in files_of(output):
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder: choose another output")
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists: use --overwrite to replace it")


def _head_form(network: nn.Module, spec: ModelSpec) -> Graph:
    module = ExportWrapper(network, spec).eval()
    names = [head.name for head in spec.heads]
    example = torch.zeros((1, *(spec.sizing.crop or TRACE_SIZE), 3), dtype=torch.uint8)
    axes = {"image": {0: "batch", 1: "height", 2: "width"}}
    with torch.inference_mode():
        outputs = module(example)
    for head, output in zip(spec.heads, outputs, strict=True):
        axes[head.name] = {0: "batch"}
        if output.ndim == MAP_AXES:  # maps of another stride have sizes of their own
            suffix = "" if head.stride == spec.heads[0].stride else f"_{head.stride}"
            axes[head.name] |= {2: f"rows{suffix}", 3: f"columns{suffix}"}
    return Graph(module, example, ["image"], names, axes, spec)


def _companion_form(companion: Companion) -> Graph:
    axes = {name: {0: "poses"} for name in ("features", companion.output)}
    example = torch.zeros((2, *companion.feature_shape))
    return Graph(companion.module.eval(), example, ["features"], [companion.output], axes)


def _write_all(graphs: dict[Path, Graph]) -> None:
    """All files, or none: each is complete before the first gets its name."""
    with ExitStack() as files:
        for path, graph in graphs.items():
            _write(graph, files.enter_context(whole_file(path)))


def _write(graph: Graph, file: Path) -> None:
    _trace(graph, file)
    model = onnxslim.slim(onnx.load(file))
    _store_as_float16(model.graph)
    model.producer_name = "posetrack"
    if graph.spec is not None:
        model.metadata_props.add(key=METADATA_KEY, value=graph.spec.to_json())
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, file)


def _trace(graph: Graph, path: Path) -> None:
    with warnings.catch_warnings():
        # that the TorchScript exporter is not the newest one, and of the constants that it leaves
        # to onnxslim
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "Constant folding")
        torch.onnx.export(
            graph.module,
            (graph.example,),
            str(path),
            input_names=graph.inputs,
            output_names=graph.outputs,
            dynamic_axes=graph.axes,
            opset_version=OPSET,
            dynamo=False,
        )


def _store_as_float16(graph: onnx.GraphProto) -> None:
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim == 0:
            continue
        with np.errstate(over="ignore"):  # what is too large becomes inf and stays float32
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        stored = tensor.name + ".float16"
        cast = onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(half, stored))
        graph.node.insert(0, cast)
