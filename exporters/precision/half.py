"""A network whose layers compute in float16, written into the types of its file.

Half precision stops at the heads: what comes in is normalised in float32, what goes out is float32
again. Layers that must not be rounded stay float32, with a Cast on either side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
import onnx
from onnx import TensorProto, defs, helper, numpy_helper

from ..graph.nodes import OPSET

LARGEST = float(np.finfo(np.float16).max)  # 65504
# Layers that have weights: what lies before the first of them is the normalisation of the image.
_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_FLOAT, _HALF = "tensor(float)", "tensor(float16)"


def halved_layers(model: onnx.ModelProto, keep: Collection[str] = ()) -> list[str]:
    """Names of the nodes that are to compute in float16, in their order.

    Args:
        model: a network in float32, without subgraphs.
        keep: names of nodes that stay float32.

    Raises:
        ValueError: a node to be kept is not there.
    """
    nodes = {node.name: node for node in model.graph.node}
    unknown = sorted(set(keep) - nodes.keys())
    if unknown:
        raise ValueError(f"the network has no layer {unknown[0]} to keep in float32")
    kinds = tensor_kinds(model)
    behind = _behind_weights(model.graph)
    return [
        name
        for name, node in nodes.items()
        if name in behind and name not in keep and list(_floats(node, kinds))
    ]


def to_half(model: onnx.ModelProto, keep: Collection[str] = ()) -> onnx.ModelProto:
    """The network with every layer in float16 that is not to be kept; it is changed.

    Raises:
        ValueError: a node to be kept is not there, or weights are beyond float16.
    """
    name_nodes(model.graph)
    halved, kinds = set(halved_layers(model, keep)), tensor_kinds(model)
    graph = model.graph
    held = {tensor.name: tensor for tensor in graph.initializer}
    half: dict[str, str] = {}  # a float32 tensor -> its float16 twin
    whole: dict[str, str] = {}  # a float16 tensor -> its float32 twin
    nodes: list[onnx.NodeProto] = []
    made_half: set[str] = set()
    for node in graph.node:
        floats = set(_floats(node, kinds)) if node.name in halved else set()
        for index, name in enumerate(node.input):
            if index in floats:
                if name in held:
                    node.input[index] = half.setdefault(name, f"{name}.half")
                elif name not in made_half:
                    node.input[index] = _cast(name, half, nodes, TensorProto.FLOAT16)
            elif name in made_half:
                node.input[index] = _cast(name, whole, nodes, TensorProto.FLOAT)
        if floats and _gives_half(node):
            made_half.update(name for name in node.output if kinds.get(name) == TensorProto.FLOAT)
        nodes.append(node)
    _heads_are_float(graph, made_half, nodes)
    graph.initializer.extend(_halves(held, half))
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    return model


def tensor_kinds(model: onnx.ModelProto) -> dict[str, int]:
    """Element types of all tensors, by name."""
    inferred = onnx.shape_inference.infer_shapes(model)
    graph = inferred.graph
    kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        kinds[value.name] = value.type.tensor_type.elem_type
    return kinds


def name_nodes(graph: onnx.GraphProto) -> None:
    """Every node has a name of its own."""
    seen: set[str] = set()
    for number, node in enumerate(graph.node):
        if not node.name or node.name in seen:
            node.name = f"{node.op_type}_{number}"
        seen.add(node.name)


def _behind_weights(graph: onnx.GraphProto) -> set[str]:
    """Names of the nodes with weights, and of all behind one."""
    behind: set[str] = set()
    tensors: set[str] = set()
    for node in graph.node:
        if node.op_type in _WEIGHTED or tensors.intersection(node.input):
            behind.add(node.name)
            tensors.update(node.output)
    return behind


def _floats(node: onnx.NodeProto, kinds: dict[str, int]) -> Iterator[int]:
    """Places of the inputs that are float32 and may be float16 instead; none of other operators."""
    if node.domain not in ("", "ai.onnx"):
        return
    schema = defs.get_schema(node.op_type, OPSET, "")
    either = {
        one.type_param_str
        for one in schema.type_constraints
        if {_FLOAT, _HALF} <= set(one.allowed_type_strs)
    }
    for index, name in enumerate(node.input):
        declared = schema.inputs[min(index, len(schema.inputs) - 1)]
        if name and declared.type_str in either and kinds.get(name) == TensorProto.FLOAT:
            yield index


def _gives_half(node: onnx.NodeProto) -> bool:
    """Whether the output has the type of the inputs; a Cast says its own."""
    return node.op_type != "Cast"


def _cast(name: str, known: dict[str, str], nodes: list[onnx.NodeProto], kind: int) -> str:
    """The twin of a tensor in another type; one node makes it for everybody."""
    if name not in known:
        known[name] = f"{name}.{'half' if kind == TensorProto.FLOAT16 else 'float'}"
        nodes.append(helper.make_node("Cast", [name], [known[name]], name=known[name], to=kind))
    return known[name]


def _heads_are_float(
    graph: onnx.GraphProto, made_half: set[str], nodes: list[onnx.NodeProto]
) -> None:
    """Outputs keep their names and are float32: a Cast stands before each."""
    for output in graph.output:
        if output.name not in made_half:
            continue
        inner = f"{output.name}.half"
        for node in nodes:
            for names in (node.input, node.output):
                for index, name in enumerate(names):
                    if name == output.name:
                        names[index] = inner
        cast = helper.make_node(
            "Cast", [inner], [output.name], name=f"{output.name}.cast", to=TensorProto.FLOAT
        )
        nodes.append(cast)


def _halves(held: dict[str, TensorProto], half: dict[str, str]) -> Iterable[TensorProto]:
    """Weights in float16.

    Raises:
        ValueError: one is beyond what float16 holds.
    """
    for name, twin in half.items():
        if name not in held:
            continue
        values = numpy_helper.to_array(held[name])
        # some exporters write the largest float32 for `no limit`
        limits = np.abs(values) >= np.finfo(np.float32).max
        if (np.abs(values[~limits]) > LARGEST).any():
            raise ValueError(
                f"the weights {name} are beyond {LARGEST:g}, the largest number of float16: keep "
                "their layer in float32"
            )
        yield numpy_helper.from_array(values.clip(-LARGEST, LARGEST).astype(np.float16), twin)
