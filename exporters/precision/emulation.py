"""What a GPU would make of a float16 network, told by a CPU.

A CPU computes float16 files in float32 and rounds little. Here every layer's result is rounded to
float16 as soon as it is there, and looked at before: what is beyond the largest number would be
infinite. Sums inside a layer are float32, as those of tensor cores are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from ...structures import ModelSpec
from ...structures.arrays import AnyArray
from ...structures.closeable import Closeable
from ..graph.definitions import add_functions
from .half import LARGEST, tensor_kinds

SMALLEST = float(np.finfo(np.float16).tiny)  # below, numbers lose digits
_LARGEST_OF, _SMALL_OF = "largest/", "small/"


@dataclass
class LayerRange:
    """What a layer gave, over all images, before it was rounded.

    Attributes:
        largest: absolute value; infinite or NaN where the layer computed that itself.
        small: share of the numbers other than 0 that lose digits because they are so small.
    """

    largest: float = 0.0
    small: float = 0.0

    @property
    def overflows(self) -> bool:
        """Whether float16 cannot hold it."""
        return not self.largest <= LARGEST


@dataclass
class EmulatedSession(Closeable):
    """A network in float16, emulated; see `Session`.

    Args:
        model: in head form, with float16 layers; `read` takes a file.
        spec: of the model.

    Attributes:
        layers: ranges by the names of layers, in their order.
    """

    model: onnx.ModelProto
    spec: ModelSpec
    layers: dict[str, LayerRange] = field(default_factory=dict)
    backend = "emulated"
    device = "cpu"

    def __post_init__(self) -> None:
        self.precision = self.spec.precision
        self.spec_json = self.spec.to_json()
        self.inputs = tuple(one.name for one in self.model.graph.input)
        self.outputs = tuple(one.name for one in self.model.graph.output)
        settings = ort.SessionOptions()
        # whoever optimises takes roundings out again
        settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        settings.log_severity_level = 4
        rounded = _rounded(self.model).SerializeToString()
        self._session: Any = ort.InferenceSession(
            rounded, settings, providers=["CPUExecutionProvider"]
        )

    @staticmethod
    def read(file: Path, spec: ModelSpec) -> EmulatedSession:
        """Of a file that `export_onnx` wrote."""
        return EmulatedSession(onnx.load(file), spec)

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `Session.run`."""
        names = [one.name for one in self._session.get_outputs()]
        found = dict(zip(names, self._session.run(None, arrays), strict=True))
        for name, value in found.items():
            if name.startswith(_LARGEST_OF):
                layer = self.layers.setdefault(name.removeprefix(_LARGEST_OF), LayerRange())
                layer.largest = float(np.maximum(layer.largest, value))  # NaN stays
            elif name.startswith(_SMALL_OF):
                layer = self.layers.setdefault(name.removeprefix(_SMALL_OF), LayerRange())
                layer.small = max(layer.small, float(value))
        return {name: found[name] for name in self.outputs}

    @property
    def overflowing(self) -> list[str]:
        """Layers whose results float16 does not hold; what lies behind one is its consequence."""
        return [name for name, layer in self.layers.items() if layer.overflows]

    def close(self) -> None:
        """Free the network."""
        self._session = None


def _rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network in float32, where float16 results are rounded, with the ranges as outputs."""
    plain = onnx.ModelProto.FromString(model.SerializeToString())
    graph, kinds = plain.graph, tensor_kinds(model)
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        half = [n for n in node.output if kinds.get(n) == TensorProto.FLOAT16]
        if node.op_type == "Cast" and half:
            nodes += _rounding(node.input[0], node.output[0])
            continue
        for index, name in enumerate(node.output):
            if name in half:
                node.output[index] = f"{name}.raw"
        nodes.append(node)
        for name in half:
            nodes += [*_range_of(f"{name}.raw", node.name), *_rounding(f"{name}.raw", name)]
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    for node in nodes:
        graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [])
            for name in node.output
            if name.startswith((_LARGEST_OF, _SMALL_OF))
        )
    return add_functions(plain)


def _rounding(given: str, rounded: str) -> list[onnx.NodeProto]:
    """To float16 and back."""
    return [
        helper.make_node("Cast", [given], [f"{rounded}.rounded"], to=TensorProto.FLOAT16),
        helper.make_node("Cast", [f"{rounded}.rounded"], [rounded], to=TensorProto.FLOAT),
    ]


def _range_of(tensor: str, layer: str) -> list[onnx.NodeProto]:
    """The largest absolute value of a tensor, and the share of it that is too small."""

    def name(what: str) -> str:
        return f"{tensor}.{what}"

    def constant(what: str, value: float) -> onnx.NodeProto:
        held = numpy_helper.from_array(np.array(value, np.float32))
        return helper.make_node("Constant", [], [name(what)], value=held)

    return [
        helper.make_node("Abs", [tensor], [name("abs")]),
        helper.make_node("ReduceMax", [name("abs")], [_LARGEST_OF + layer], keepdims=0),
        constant("tiny", SMALLEST),
        constant("zero", 0.0),
        helper.make_node("Less", [name("abs"), name("tiny")], [name("less")]),
        helper.make_node("Greater", [name("abs"), name("zero")], [name("some")]),
        helper.make_node("And", [name("less"), name("some")], [name("lost")]),
        helper.make_node("Cast", [name("lost")], [name("count")], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", [name("count")], [_SMALL_OF + layer], keepdims=0),
    ]
