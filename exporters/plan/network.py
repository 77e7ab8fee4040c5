"""What of an ONNX file TensorRT is given to parse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, inliner, numpy_helper

from ...engine.sessions.inlining import inlined
from ...kernels.graph_ops import DOMAIN, PLUGINS
from ...structures import ModelFileError, ModelSpec
from ...structures.model_spec import METADATA_KEY
from ..graph.nodes import every_node

_QUANTIZING = ("QuantizeLinear", "DequantizeLinear")


@dataclass(frozen=True)
class Network:
    """A network to build a plan of.

    Attributes:
        model: without functions; with operators of ours only where they are to be plugins.
        spec: of the file; None: a further network that decoding needs.
        plugins: how many of its nodes are operators of ours.
        precision: the lowest that the types in the file ask for.
        lower_types: TensorRT's names of all below float32.
    """

    model: onnx.ModelProto
    spec: ModelSpec | None
    plugins: int
    precision: str
    lower_types: tuple[str, ...] = ()

    @property
    def inputs(self) -> dict[str, tuple[int | None, ...]]:
        """Names and shapes; None where a side is open."""
        held = {tensor.name for tensor in self.model.graph.initializer}
        return {
            one.name: tuple(side.dim_value or None for side in one.type.tensor_type.shape.dim)
            for one in self.model.graph.input
            if one.name not in held
        }


def read_network(path: Path, *, plugins: bool) -> Network:
    """An ONNX file as TensorRT takes it.

    Weights that are stored as float16 become float32 again, as everywhere else. Functions are left
    out: parsers prefer them to a plugin, or do not know them.

    Args:
        path: the `.onnx` file.
        plugins: whether operators of ours become plugins; else standard operators define them.

    Raises:
        FileNotFoundError: there is none.
        ModelFileError: it is no ONNX file, or asks for int8 without saying how numbers are rounded.
    """
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise ModelFileError(f"{path} is no ONNX file") from error
    if not model.ir_version or not model.graph.node:
        raise ModelFileError(f"{path} is no ONNX file, or one without a graph")
    described = {entry.key: entry.value for entry in model.metadata_props}
    spec = ModelSpec.from_json(described[METADATA_KEY]) if METADATA_KEY in described else None
    model = _with_plugins(model) if plugins else inlined(model)
    _unfold_weights(model.graph)
    nodes = list(every_node(model.graph.node))
    _check_bytes(path, model)
    lower = _lower_types(model, nodes)
    precision = lower[0].lower() if lower else "fp32"
    if spec is not None and spec.precision == "int8" != precision:
        raise ModelFileError(
            f"{path} is to be computed in int8 and has no QuantizeLinear nodes that say how: "
            "export it again with a calibration"
        )
    ours = sum(node.domain == DOMAIN for node in nodes)
    return Network(model, spec, ours, precision, lower)


def _with_plugins(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without functions: what can be no plugin is defined by standard operators."""
    inline = [
        (one.domain, one.name)
        for one in model.functions
        if one.domain != DOMAIN or one.name not in PLUGINS
    ]
    if inline:
        model = inliner.inline_selected_functions(model, inline)
    del model.functions[:]
    return model


def _unfold_weights(graph: onnx.GraphProto) -> None:
    """Weights behind a Cast from float16 become float32 themselves."""
    held = {tensor.name: tensor for tensor in graph.initializer}
    uses: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
    for node in list(graph.node):
        if node.op_type != "Cast" or node.input[0] not in held:
            continue
        tensor = held[node.input[0]]
        if tensor.data_type != TensorProto.FLOAT16 or node.attribute[0].i != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)
        if uses[tensor.name] == 1:
            graph.initializer.remove(tensor)


def _check_bytes(path: Path, model: onnx.ModelProto) -> None:
    """TensorRT lets nothing but a Cast read the bytes of an input."""
    graph = model.graph
    inputs = {
        one.name for one in graph.input if one.type.tensor_type.elem_type == TensorProto.UINT8
    }
    for node in graph.node:
        if inputs.intersection(node.input) and node.op_type != "Cast":
            raise ModelFileError(
                f"{path} works on the bytes of its images by {node.op_type}, as files do that take "
                "any size, and TensorRT does not: export it without --any-size"
            )


def _lower_types(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> tuple[str, ...]:
    """Types below float32 that the file asks for, the lowest first."""
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    for node in nodes:
        kinds |= {one.i for one in node.attribute if node.op_type == "Cast" and one.name == "to"}
        kinds |= {one.t.data_type for one in node.attribute if node.op_type == "Constant"}
    found = []
    if any(node.op_type in _QUANTIZING for node in nodes):
        found.append("INT8")
    if TensorProto.FLOAT16 in kinds:
        found.append("FP16")
    if TensorProto.BFLOAT16 in kinds:
        found.append("BF16")
    return tuple(found)
