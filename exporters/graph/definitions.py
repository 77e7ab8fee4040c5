"""Definitions of the operators that a model's nodes are of."""

from __future__ import annotations

import onnx
from onnx import helper

from ...kernels.graph_ops import DOMAIN, OPS, VERSION
from .functions import function_of, has_body
from .nodes import OPSET, every_node

__all__ = ["add_functions"]


def add_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Define the operators of domain `posetrack` that a model uses and does not define yet.

    Args:
        model: at opset 17; it is changed.

    Returns:
        The same model, which runs where these operators are not known.

    Raises:
        ValueError: another opset, an operator or an attribute that there is not, or nodes whose
            attributes would need two definitions of one operator.
    """
    known = {function.name for function in model.functions if function.domain == DOMAIN}
    made: dict[str, onnx.FunctionProto] = {}
    for node in every_node(model.graph.node):
        if node.domain != DOMAIN or node.op_type in known:
            continue
        function = _definition(node)
        if made.setdefault(node.op_type, function) != function:
            raise ValueError(f"{node.op_type} would need two definitions in one file")
    if made:
        _import_opset(model)
        model.functions.extend(made.values())
    return model


def _definition(node: onnx.NodeProto) -> onnx.FunctionProto:
    op = OPS.get(node.op_type)
    if op is None or not has_body(op):
        raise ValueError(f"{node.name}: there is no definition of {node.op_type}")
    told = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    missing = [one.name for one in op.attributes if one.name not in told]
    if missing:
        raise ValueError(f"{node.name}: {node.op_type} needs {', '.join(missing)}")
    return function_of(op, {one.name: told[one.name] for one in op.attributes})


def _import_opset(model: onnx.ModelProto) -> None:
    versions = {one.domain: one.version for one in model.opset_import}
    if versions.get("", versions.get("ai.onnx")) != OPSET:
        raise ValueError(f"definitions are written for opset {OPSET}, the model imports {versions}")
    if versions.setdefault(DOMAIN, VERSION) != VERSION:
        raise ValueError(f"{DOMAIN} must be imported at version {VERSION}, got {versions[DOMAIN]}")
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(*one) for one in versions.items())
