"""Every operator of domain `posetrack` in standard operators: slow, right, and run anywhere.

A body is a Python function that makes nodes; it is called as the kernel, takes its inputs and
attributes by their names, and gives its outputs in order. Inputs that an operator is left without
are None. `kernels.reference` defines what is right; of equal values the lower index goes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import helper

from ....kernels.graph_ops import DOMAIN, OPS, GraphOp
from ....kernels.plan import DTYPES
from ..nodes import OPSET, Nodes, Value

__all__ = ["function_of", "has_body"]

Body: TypeAlias = Callable[..., "Value | Sequence[Value]"]

_MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
# name of a kernel -> the function that makes its nodes
_BODIES: dict[str, Body] = {
    op.contract.name: getattr(module, op.contract.name.removeprefix("pt_"))
    for op in OPS.values()
    for module in _MODULES
    if hasattr(module, op.contract.name.removeprefix("pt_"))
}
# What a compiler of the graph needs to find a plugin of the operator's name.
_PLUGIN = ("plugin_namespace", "plugin_version")


def function_of(op: GraphOp, attributes: Mapping[str, Any]) -> onnx.FunctionProto:
    """The operator's definition.

    Args:
        op: of `OPS`.
        attributes: of the node that needs it. The body reads them when it runs; one that must know
            a number when it is written, `Attribute.number`, fits other nodes with this number.
    """
    nodes = Nodes()
    inputs: dict[str, Value | None] = {
        array.name: Value(nodes, array.name, _dtype(array.type), (-1,) * len(array.shape))
        for array in op.inputs
    }
    if op.left_out:
        inputs[op.left_out] = None
    told = {
        a.name: nodes.attribute(a.name, "i8" if a.type == "int64_t" else "f4", attributes[a.name])
        for a in op.attributes
    }
    made = _BODIES[op.contract.name](nodes, **inputs, **told)
    outputs = (made,) if isinstance(made, Value) else made
    for array, value in zip(op.outputs, outputs, strict=True):
        wanted = _dtype(array.type)
        if value.dtype != wanted:
            raise TypeError(f"{op.name}: {array.name} must be {wanted}, got {value.dtype}")
        nodes.place("Identity", [value], [Value(nodes, array.name, wanted)])
    return helper.make_function(
        DOMAIN,
        op.name,
        [array.name for array in op.inputs],
        [array.name for array in op.outputs],
        nodes.protos,
        [helper.make_opsetid("", OPSET)],
        [*told, *_PLUGIN],
    )


def has_body(op: GraphOp) -> bool:
    """Whether the operator is defined here."""
    return op.contract.name in _BODIES


def _dtype(kind: str) -> np.dtype[Any]:
    """A head is float32 here."""
    return np.dtype(np.float32) if kind == "void" else DTYPES[kind]
