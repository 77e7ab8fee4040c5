"""The operators of domain `posetrack` as a table; run as a module, it prints it."""

from __future__ import annotations

from ..kernels.contract import Argument
from ..kernels.graph_ops import OPS, GraphOp

_TYPES = {"float": "float", "int32_t": "int32", "uint8_t": "uint8", "void": "T"}


def operators_table() -> str:
    """Markdown: of every operator its inputs, outputs and attributes, and its kernel."""
    lines = ["| operator | inputs | outputs | attributes |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + [_row(op) for op in OPS.values()]) + "\n"


def _row(op: GraphOp) -> str:
    inputs = "<br>".join(_array(array, "T") for array in op.inputs)
    outputs = "<br>".join(_array(array, "float") for array in op.outputs)
    attributes = ", ".join(f"`{a.name}` {_attribute(a)}" for a in op.attributes)
    return (
        f"| `{op.name}`<br>`{op.contract.name}` | {inputs} | {outputs} | {attributes or 'none'} |"
    )


def _array(array: Argument, head: str) -> str:
    kind = head if array.type == "void" else _TYPES[array.type]
    return f"`{array.name}` {kind} ({', '.join(array.shape)})"


def _attribute(argument: Argument) -> str:
    return "int" if argument.type == "int64_t" else "float"


if __name__ == "__main__":
    import sys

    sys.stdout.write(operators_table())
