"""What an ONNX file holds: its description, inputs and outputs, arithmetic and operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from ..kernels.graph_ops import DOMAIN, OPS
from ..structures import ModelFileError, ModelSpec
from ..structures.model_spec import METADATA_KEY
from .graph.nodes import every_node

_STANDARD = ("", "ai.onnx", "ai.onnx.ml")


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output.

    Attributes:
        name: in the graph.
        dtype: as ONNX names it, `uint8`, `float`.
        shape: sides; a name where the side may be any, `?` where nothing is said of it.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} ({', '.join(map(str, self.shape))})"


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """What is known of an ONNX file without running it.

    Attributes:
        spec: how posetrack runs it; None: the file does not say.
        producer: the program that wrote it, and its version.
        opsets: version of each domain of operators; "" is ONNX's own.
        inputs, outputs: of the graph.
        operators: how often each is used in the graph and its subgraphs, the most used first; of
            other domains than ONNX's with the domain in front.
        weights: numbers by dtype.
        functions: operators that the file itself defines in standard ones.
        custom: operators that are neither standard nor defined in the file.
        foreign: those of them that posetrack's library for ONNX Runtime does not have.
        size: bytes, external data included.
    """

    spec: ModelSpec | None
    producer: str
    opsets: dict[str, int]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    operators: dict[str, int]
    weights: dict[str, int]
    functions: tuple[str, ...]
    custom: tuple[str, ...]
    foreign: tuple[str, ...]
    size: int


def inspect_onnx(path: Path) -> OnnxFile:
    """Read an ONNX file, but not the weights that lie in files beside it.

    Raises:
        OSError: it cannot be read.
        ModelFileError: it is no ONNX file, or its `ModelSpec` cannot be read.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise ModelFileError(f"{path} is no ONNX file") from error
    graph = model.graph
    if not model.ir_version or not graph.node:
        raise ModelFileError(f"{path} is no ONNX file, or one without a graph")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    functions = tuple(_full_name(one.domain, one.name) for one in model.functions)
    used = Counter(_full_name(node.domain, node.op_type) for node in every_node(graph.node))
    inside = [node for function in model.functions for node in every_node(function.node)]
    called = used.keys() | {_full_name(node.domain, node.op_type) for node in inside}
    weights = Counter[str]()
    for tensor in graph.initializer:
        weights[_dtype(tensor.data_type)] += prod(tensor.dims)
    held = {tensor.name for tensor in graph.initializer}
    custom = tuple(sorted(n for n in called if "::" in n and n not in functions))
    ours = {_full_name(DOMAIN, name) for name in OPS}
    return OnnxFile(
        spec=ModelSpec.from_json(metadata[METADATA_KEY]) if METADATA_KEY in metadata else None,
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        opsets={opset.domain: opset.version for opset in model.opset_import},
        inputs=tuple(_value(one) for one in graph.input if one.name not in held),
        outputs=tuple(map(_value, graph.output)),
        operators=dict(used.most_common()),
        weights=dict(weights.most_common()),
        functions=functions,
        custom=custom,
        foreign=tuple(name for name in custom if name not in ours),
        size=path.stat().st_size + _external_bytes(graph.initializer, path.parent),
    )


def _full_name(domain: str, name: str) -> str:
    return name if domain in _STANDARD else f"{domain}::{name}"


def _dtype(number: int) -> str:
    name: str = onnx.TensorProto.DataType.Name(number)
    return name.lower()


def _value(value: onnx.ValueInfoProto) -> Value:
    tensor = value.type.tensor_type
    sides = (
        side.dim_value if side.HasField("dim_value") else side.dim_param or "?"
        for side in tensor.shape.dim
    )
    return Value(value.name, _dtype(tensor.elem_type), tuple(sides))


def _external_bytes(tensors: Iterable[onnx.TensorProto], folder: Path) -> int:
    entries = (entry for tensor in tensors for entry in tensor.external_data)
    files = {entry.value for entry in entries if entry.key == "location"}
    return sum((folder / name).stat().st_size for name in files if (folder / name).is_file())
