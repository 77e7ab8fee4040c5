"""A network in PyTorch -> an ONNX model in memory."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import onnx
import onnxslim
import torch
from torch import Tensor, nn

from ..models.companions import Companion
from ..models.export_wrapper import ExportWrapper
from ..structures import ModelSpec
from .graph.nodes import OPSET

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


def of_network(
    network: nn.Module,
    spec: ModelSpec,
    *,
    batch: int | None = None,
    size: tuple[int, int] | None = None,
    flipped: str | None = None,
) -> Graph:
    """Images in, heads out.

    Args:
        network: normalised images -> named heads.
        spec: what its heads are.
        batch: how many images there always are; None: any number.
        size: (h, w) of every image; None: any.
        flipped: the ending of the names of the flipped images' heads; None: there are none.
    """
    module = ExportWrapper(network, spec, flipped=flipped is not None).eval()
    heads = [(head, head.name) for head in spec.heads]
    if flipped is not None:
        heads += [(head, head.name + flipped) for head in spec.heads]
    size = spec.sizing.crop or size
    example = torch.zeros((batch or 1, *(size or TRACE_SIZE), 3), dtype=torch.uint8)
    open_batch = {} if batch else {0: "batch"}
    axes = {"image": open_batch | ({} if size else {1: "height", 2: "width"})}
    with torch.inference_mode():
        outputs = module(example)
    for (head, name), output in zip(heads, outputs, strict=True):
        axes[name] = dict(open_batch)
        if output.ndim == MAP_AXES and not size:  # maps of another stride have sizes of their own
            suffix = "" if head.stride == spec.heads[0].stride else f"_{head.stride}"
            axes[name] |= {2: f"rows{suffix}", 3: f"columns{suffix}"}
    return Graph(module, example, ["image"], [name for _, name in heads], axes)


def of_companion(companion: Companion) -> Graph:
    """Features of poses in, what is made of them out."""
    axes = {name: {0: "poses"} for name in ("features", companion.output)}
    example = torch.zeros((2, *companion.feature_shape))
    return Graph(companion.module.eval(), example, ["features"], [companion.output], axes)


def traced(graph: Graph) -> onnx.ModelProto:
    """The graph as a model, made as simple as onnxslim can."""
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        file = Path(folder) / "traced.onnx"
        # that the TorchScript exporter is not the newest one, and of the constants that it leaves
        # to onnxslim
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "Constant folding")
        torch.onnx.export(
            graph.module,
            (graph.example,),
            str(file),
            input_names=graph.inputs,
            output_names=graph.outputs,
            dynamic_axes=graph.axes,
            opset_version=OPSET,
            dynamo=False,
        )
        model: onnx.ModelProto = onnxslim.slim(onnx.load(file))
    return model
