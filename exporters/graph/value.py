"""A value of an ONNX graph that is being written, with the operators of an array."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import helper

if TYPE_CHECKING:
    from .nodes import Nodes

BOOL, INT64 = np.dtype(np.bool_), np.dtype(np.int64)
# What can stand beside a value: a value, a NumPy array, a number, or a list of whole numbers.
Operand: TypeAlias = Any

_END = int(np.iinfo(np.int64).max)  # of an axis, whatever its length


class Value:
    """An array that a graph will hold when it runs.

    Operators follow NumPy: numbers take the array's type, a truth value beside a number is 0 or 1.
    Between two arrays of numbers the types must be the same.

    Attributes:
        nodes: where it is made.
        name: in the graph.
        dtype: of its elements.
        shape: of the example that is traced. In function bodies sides are unknown, -1, or the shape
            is None until `of_rank` says how many axes there are.
    """

    __array_ufunc__ = None  # so that NumPy leaves `array * value` to us

    def __init__(
        self,
        nodes: Nodes,
        name: str,
        dtype: npt.DTypeLike,
        shape: Sequence[int] | None = None,
    ) -> None:
        self.nodes, self.name = nodes, name
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._shape = None if shape is None else tuple(shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the example."""
        if self._shape is None:
            raise ValueError(f"the shape of {self.name} is known only when the graph runs")
        return self._shape

    @property
    def posetrack_device(self) -> Nodes:
        """The device that it lies on for a kernel; see `GraphDevice`."""
        return self.nodes

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def of_rank(self, rank: int) -> Value:
        """The same value, of which the number of axes is known now."""
        return Value(self.nodes, self.name, self.dtype, (-1,) * rank)

    def cast(self, dtype: npt.DTypeLike) -> Value:
        """With elements of another type; a float becomes an integer as C does it."""
        if self.dtype == np.dtype(dtype):
            return self
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.nodes.add("Cast", [self], dtype=dtype, shape=self._shape, to=kind)

    def reshape(self, *sides_or_shape: int | tuple[int, ...]) -> Value:
        """As NumPy; a side as long as the present one at its place follows the input's."""
        shape: list[int] = []
        for one in sides_or_shape:
            shape += one if isinstance(one, tuple) else (one,)
        sides = [
            0 if i < self.ndim and side == self.shape[i] and side > 1 else side
            for i, side in enumerate(shape)
        ]
        rest = max(1, prod(side for side in shape if side != -1))
        full = tuple(prod(self.shape) // rest if side == -1 else side for side in shape)
        return self.nodes.add("Reshape", [self, sides], shape=full)

    def sum(self, axis: int, *, keepdims: bool = False) -> Value:
        """Along one axis; truth values are counted."""
        value = self.cast(np.int64) if self.dtype == BOOL else self
        shape = self._without(axis, keepdims)
        return self.nodes.add("ReduceSum", [value, [axis]], shape=shape, keepdims=int(keepdims))

    def max(self, axis: int) -> Value:
        """The largest along one axis."""
        shape = self._without(axis)
        return self.nodes.add("ReduceMax", [self], shape=shape, axes=[axis], keepdims=0)

    def min(self, axis: int) -> Value:
        """The smallest along one axis."""
        shape = self._without(axis)
        return self.nodes.add("ReduceMin", [self], shape=shape, axes=[axis], keepdims=0)

    def argmax(self, axis: int) -> Value:
        """Where the largest along one axis is, int64; of equal ones the first."""
        shape = self._without(axis)
        return self.nodes.add("ArgMax", [self], shape=shape, axis=axis, keepdims=0)

    def _without(self, axis: int, kept: bool = False) -> tuple[int, ...]:
        """The shape once an axis is one number, or gone."""
        axis %= self.ndim
        return (*self.shape[:axis], *(1,) * kept, *self.shape[axis + 1 :])

    def clip(self, low: float, high: float | None = None) -> Value:
        """Limited to a range; NaN stays."""
        limits = [np.asarray(limit, self.dtype) for limit in (low, high) if limit is not None]
        return self.nodes.add("Clip", [self, *limits], shape=self._shape)

    def __getitem__(self, index: Any) -> Value:
        """Slices of step 1, whole numbers, None, Ellipsis, or a list in one place."""
        parts = index if isinstance(index, tuple) else (index,)
        if Ellipsis in parts:
            at = parts.index(Ellipsis)
            missing = self.ndim - sum(part is not None for part in parts) + 1
            parts = (*parts[:at], *[slice(None)] * missing, *parts[at + 1 :])
        value, axis = self, 0
        for part in parts:
            if part is None:
                shape = (*value.shape[:axis], 1, *value.shape[axis:])
                value = self.nodes.add("Unsqueeze", [value, [axis]], shape=shape)
                axis += 1
            elif isinstance(part, slice):
                value = value._sliced(part, axis)
                axis += 1
            elif isinstance(part, list):
                shape = (*value.shape[:axis], len(part), *value.shape[axis + 1 :])
                value = self.nodes.add("Gather", [value, part], shape=shape, axis=axis)
                axis += 1
            else:
                shape = (*value.shape[:axis], *value.shape[axis + 1 :])
                value = self.nodes.add("Gather", [value, int(part)], shape=shape, axis=axis)
        return value

    def _sliced(self, part: slice, axis: int) -> Value:
        length = self.shape[axis]
        start, stop, step = part.indices(length if length >= 0 else _END)
        if step != 1:
            raise ValueError(f"slices of traced arrays have step 1, got {part}")
        if part.start in (None, 0) and (part.stop is None or (start, stop) == (0, length)):
            return self
        # negative ends count from whatever length the axis will have
        first = 0 if part.start is None else part.start
        last = _END if part.stop is None else part.stop
        if 0 <= length <= last:
            last = _END
        side = max(0, stop - start) if length >= 0 else -1
        shape = (*self.shape[:axis], side, *self.shape[axis + 1 :])
        return self.nodes.add("Slice", [self, [first], [last], [axis]], shape=shape)

    def _with(self, kind: str, other: Operand, *, swapped: bool = False) -> Value:
        first, second = _alike(self, other)
        if swapped:
            first, second = second, first
        shape = broadcast(first, second)
        return self.nodes.add(kind, [first, second], shape=shape)

    def __add__(self, other: Operand) -> Value:
        return self._with("Add", other)

    def __radd__(self, other: Operand) -> Value:
        return self._with("Add", other)

    def __sub__(self, other: Operand) -> Value:
        return self._with("Sub", other)

    def __rsub__(self, other: Operand) -> Value:
        return self._with("Sub", other, swapped=True)

    def __mul__(self, other: Operand) -> Value:
        return self._with("Mul", other)

    def __rmul__(self, other: Operand) -> Value:
        return self._with("Mul", other)

    def __truediv__(self, other: Operand) -> Value:
        return self._with("Div", other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self._with("Div", other, swapped=True)

    def __pow__(self, power: float) -> Value:
        if power == 0.5:
            return self.nodes.add("Sqrt", [self], shape=self._shape)
        return self._with("Pow", power)

    def __neg__(self) -> Value:
        return self.nodes.add("Neg", [self], shape=self._shape)

    def __gt__(self, other: Operand) -> Value:
        return self._with("Greater", other)

    def __ge__(self, other: Operand) -> Value:
        return self._with("GreaterOrEqual", other)

    def __lt__(self, other: Operand) -> Value:
        return self._with("Less", other)

    def __le__(self, other: Operand) -> Value:
        return self._with("LessOrEqual", other)

    def equal(self, other: Operand) -> Value:
        """Where both are the same; `==` compares the values of this graph themselves."""
        return self._with("Equal", other)

    def __and__(self, other: Operand) -> Value:
        return self._with("And", other)

    def __or__(self, other: Operand) -> Value:
        return self._with("Or", other)

    def __invert__(self) -> Value:
        return self.nodes.add("Not", [self], shape=self._shape)

    def __bool__(self) -> bool:
        raise TypeError(f"{self.name} has no value while the graph is written")

    __iter__ = None


def _alike(value: Value, other: Operand) -> tuple[Value, Value]:
    """Both as values of one type."""
    if isinstance(other, Value):
        first, second = value, other
        if first.dtype == BOOL != second.dtype:
            first = first.cast(second.dtype)
        elif second.dtype == BOOL != first.dtype:
            second = second.cast(first.dtype)
        if first.dtype != second.dtype:
            raise TypeError(f"{first.name} is {first.dtype}, {second.name} is {second.dtype}")
        return first, second
    if value.dtype == BOOL and not isinstance(other, (bool, np.bool_)):
        value = value.cast(np.float32 if isinstance(other, float) else np.int64)
    return value, value.nodes.constant(np.asarray(other, value.dtype))


def broadcast(*values: Value) -> tuple[int, ...] | None:
    """The shape of an operator on every element; an unknown side counts as 1 beside known ones."""
    shapes = [value._shape for value in values if value._shape is not None]
    if len(shapes) < len(values):
        return None
    sides = np.broadcast_shapes(*(tuple(max(side, 1) for side in shape) for shape in shapes))
    unknown = [
        any(shape[-i] == -1 for shape in shapes if i <= len(shape))
        for i in range(len(sides), 0, -1)
    ]
    return tuple(
        -1 if side == 1 and open_ else side for side, open_ in zip(sides, unknown, strict=True)
    )
