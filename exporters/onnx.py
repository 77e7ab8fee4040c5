"""A network and its weights -> one self-describing ONNX file."""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxslim
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from ..models import MODELS, read_weights
from ..structures import ModelSpec
from ..structures.model_spec import METADATA_KEY

OPSET = 17
# The height and width that the export traces; the file takes any multiple of the spec's.
TRACE_SIZE = (64, 96)


class HeadForm(nn.Module):
    """Image in, heads out: casts, normalises and transposes in front of the network."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        self.network = network
        self.names = [head.name for head in spec.heads]
        self.register_buffer("mean", torch.tensor(spec.mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(spec.std).reshape(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(B, H, W, 3) uint8 RGB -> the heads in the order of the spec."""
        pixels = image.permute(0, 3, 1, 2).to(torch.float32)
        heads = self.network((pixels - self.mean) / self.std)
        return tuple(heads[name] for name in self.names)


def export_onnx(
    name: str, weights: Path, output: Path, *, post: Literal["none"] = "none"
) -> ModelSpec:
    """Write a model of `MODELS` as an ONNX file with its `ModelSpec` inside.

    Weights are stored as float16 where that loses nothing, with a Cast behind each that the
    runtime folds at load: half the size, float32 arithmetic. Batch, height and width are dynamic.

    Args:
        name: a key of `MODELS`.
        weights: the weight file.
        output: the `.onnx` file; replaced only once the new one is complete.
        post: `none` writes the head form: the network's heads, decoded by the engine.

    Returns:
        What was written into the file.

    Raises:
        ValueError: an unknown name or form, or weights of another network.
        FileNotFoundError: no such weight file.
    """
    if name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(sorted(MODELS))}, got {name!r}")
    if post != "none":
        raise ValueError(f"post must be 'none' (the head form), got {post!r}")
    network, spec = MODELS[name](read_weights(weights))
    spec = replace(spec, weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest())
    partial = output.with_name(output.name + ".partial")
    try:
        _trace(HeadForm(network, spec).eval(), spec, partial)
        model = onnxslim.slim(onnx.load(partial))
        _store_as_float16(model.graph)
        model.producer_name = "posetrack"
        model.metadata_props.add(key=METADATA_KEY, value=spec.to_json())
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, partial)
        os.replace(partial, output)
    finally:
        partial.unlink(missing_ok=True)
    return spec


def _trace(module: nn.Module, spec: ModelSpec, path: Path) -> None:
    names = [head.name for head in spec.heads]
    size = {1: "height", 2: "width"}
    cells = {0: "batch", 2: "rows", 3: "columns"}
    with warnings.catch_warnings():
        # that the TorchScript exporter is not the newest one, and what it leaves to onnxslim
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "Constant folding")
        torch.onnx.export(
            module,
            (torch.zeros((1, *TRACE_SIZE, 3), dtype=torch.uint8),),
            str(path),
            input_names=["image"],
            output_names=names,
            dynamic_axes={"image": {0: "batch", **size}, **dict.fromkeys(names, cells)},
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
