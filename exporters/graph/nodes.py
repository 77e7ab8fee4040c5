"""ONNX nodes from Python expressions, in a graph or in a function's body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from .value import BOOL, INT64, Operand, Value, broadcast

__all__ = ["OPSET", "Attribute", "Nodes", "Value", "every_node"]

OPSET = 17  # the version of the standard operators
# Operators that work on every element.
_ELEMENTWISE = {
    *("Abs", "Ceil", "Exp", "Floor", "IsInf", "IsNaN", "Log", "Max", "Min", "Mod", "Round"),
    *("Sigmoid", "Sign", "Sqrt", "Where"),
}
# Operators whose results have another type than their first input.
_RESULT_DTYPES: dict[str, tuple[np.dtype[Any], ...]] = {
    **dict.fromkeys(("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"), (BOOL,)),
    **dict.fromkeys(("And", "Or", "Not", "IsNaN", "IsInf"), (BOOL,)),
    **dict.fromkeys(("Shape", "ArgMax", "ArgMin", "NonZero", "Size"), (INT64,)),
}


class Attribute(Value):
    """A number that a function's caller gives.

    Attributes:
        number: what it is in the node that the body is written for.
    """

    number: float


class Nodes:
    """Nodes in the order in which they are made.

    Args:
        prefix: of every name.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._scopes: list[list[onnx.NodeProto]] = [[]]
        self._constants: list[dict[Any, Value]] = [{}]
        self._count = 0

    @property
    def protos(self) -> list[onnx.NodeProto]:
        """All nodes."""
        return self._scopes[0]

    def fresh(self, hint: str) -> str:
        """A name that nothing has yet."""
        self._count += 1
        return f"{self._prefix}{hint}_{self._count}"

    def constant(self, array: npt.ArrayLike) -> Value:
        """A NumPy array, or a number, in the graph; equal ones are one."""
        held = np.asarray(array)
        key = (held.dtype.str, held.shape, held.tobytes())
        for known in self._constants:
            if key in known:
                return known[key]
        name = self.fresh("constant")
        tensor = numpy_helper.from_array(np.ascontiguousarray(held).reshape(held.shape), name)
        self._scopes[-1].append(helper.make_node("Constant", [], [name], value=tensor))
        value = Value(self, name, held.dtype, held.shape)
        self._constants[-1][key] = value
        return value

    def known(self, value: Value) -> npt.NDArray[Any]:
        """The array of a constant.

        Raises:
            ValueError: it is none.
        """
        for node in (node for scope in self._scopes for node in scope):
            if node.op_type == "Constant" and node.output[0] == value.name:
                return numpy_helper.to_array(node.attribute[0].t)
        raise ValueError(f"{value.name} is known only when the graph runs")

    def attribute(self, name: str, dtype: npt.DTypeLike, number: float) -> Attribute:
        """In a function's body: what its caller gives by the attribute of that name."""
        whole = np.dtype(dtype).kind == "i"
        node = helper.make_node("Constant", [], [self.fresh(name)])
        node.attribute.append(
            onnx.AttributeProto(
                name="value_int" if whole else "value_float",
                type=onnx.AttributeProto.INT if whole else onnx.AttributeProto.FLOAT,
                ref_attr_name=name,
            )
        )
        self._scopes[-1].append(node)
        value = Attribute(self, node.output[0], np.int64 if whole else np.float32, ())
        value.number = number
        return value

    def add(
        self,
        kind: str,
        inputs: Sequence[Operand],
        *,
        dtype: npt.DTypeLike | None = None,
        shape: Sequence[int] | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> Value:
        """A node with one output."""
        values = [self.value(one) for one in inputs]
        if dtype is None:
            dtype = _RESULT_DTYPES.get(kind, (values[0].dtype,))[0]
        output = Value(self, self.fresh(kind), dtype, shape)
        self.place(kind, values, [output], domain=domain, **attributes)
        return output

    def place(
        self, kind: str, inputs: Sequence[Value], outputs: Sequence[Value], **attributes: Any
    ) -> None:
        """A node between values that have their names."""
        names = [value.name for value in outputs]
        node = helper.make_node(
            kind, [value.name for value in inputs], names, name=f"{names[0]}_node", **attributes
        )
        self._scopes[-1].append(node)

    def value(self, operand: Operand) -> Value:
        """An operand as a value: whole numbers are int64, others float32."""
        if isinstance(operand, Value):
            return operand
        if isinstance(operand, (float, np.floating)):
            operand = np.float32(operand)
        elif isinstance(operand, (int, list)) and not isinstance(operand, bool):
            operand = np.array(operand, np.int64)
        return self.constant(operand)

    # ---- standard operators by their names, for function bodies

    def __getattr__(self, kind: str) -> Callable[..., Value]:
        """`nodes.Where(a, b, c)`: the operator of that name with one output."""
        if not kind[0].isupper():
            raise AttributeError(kind)

        def make(*inputs: Operand, dtype: npt.DTypeLike | None = None, **attributes: Any) -> Value:
            values = [self.value(one) for one in inputs]
            if kind == "Where" and dtype is None:
                dtype = values[1].dtype
            shape = broadcast(*values) if kind in _ELEMENTWISE else None
            return self.add(kind, values, dtype=dtype, shape=shape, **attributes)

        return make

    def top_k(self, values: Operand, count: Operand, axis: int = -1) -> tuple[Value, Value]:
        """The largest values along an axis, falling, and where they were; equal ones in order."""
        given = self.value(values)
        outputs = Value(self, self.fresh("top"), given.dtype), Value(self, self.fresh("at"), INT64)
        self.place("TopK", [given, self.value(count)], outputs, axis=axis, largest=1, sorted=1)
        return outputs

    def loop(
        self, trips: Operand, body: Callable[..., Sequence[Value]], *state: Operand
    ) -> tuple[Value, ...]:
        """Repeat `body(number of the trip, *state) -> state`; the state of the last trip."""
        first = [self.value(one) for one in state]
        number = Value(self, self.fresh("trip"), INT64, ())
        going = Value(self, self.fresh("going"), BOOL, ())
        seen = [Value(self, self.fresh("state"), one.dtype) for one in first]
        with self._subgraph() as scope:
            after = [self.value(one) for one in body(number, *seen)]
            still = self.add("Identity", [going])
            ends = [self.add("Identity", [one]) for one in after]
        graph = helper.make_graph(
            scope,
            self.fresh("body"),
            [_info(one) for one in (number, going, *seen)],
            [_info(one) for one in (still, *ends)],
        )
        outputs = [Value(self, self.fresh("looped"), one.dtype) for one in first]
        self.place("Loop", [self.value(trips), self.constant(True), *first], outputs, body=graph)
        return tuple(outputs)

    @contextmanager
    def _subgraph(self) -> Iterator[list[onnx.NodeProto]]:
        """Nodes made in this block are gathered apart."""
        scope: list[onnx.NodeProto] = []
        self._scopes.append(scope)
        self._constants.append({})
        yield scope
        self._scopes.pop()
        self._constants.pop()


def every_node(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Nodes and those of their subgraphs, such as a loop's body."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from every_node(graph.node)


def _info(value: Value) -> onnx.ValueInfoProto:
    """Type of a subgraph's input or output, of any shape."""
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    shape: list[int] | None = [] if value._shape == () else None
    return helper.make_tensor_value_info(value.name, kind, shape)
