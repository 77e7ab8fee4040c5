"""Shapes of a plugin's outputs, as TensorRT's expressions of the shapes of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorrt as trt

from ...kernels.graph_ops import RATIO, GraphOp, parsed_side


class OutputShapes:
    """Sides of outputs as expressions of the inputs' sides."""

    def __init__(
        self,
        op: GraphOp,
        attributes: Mapping[str, float],
        inputs: Sequence[Any],
        builder: Any,
    ) -> None:
        self._op, self._builder = op, builder
        self._known = {
            name: builder.constant(int(v))
            for name, v in attributes.items()
            if float(v).is_integer()
        }
        for array, given in zip(op.inputs, inputs, strict=True):
            if len(given) != len(array.shape):
                shape = ", ".join(array.shape)
                raise ValueError(f"{array.name} must have shape ({shape}), got {len(given)} sides")
            for axis, side in enumerate(array.shape):
                factor, *names = parsed_side(side)
                if names[0] and not any(names[1:]):
                    self._known.setdefault(names[0], self._divided(given[axis], factor))
        if op.enlarges:
            for name in ("H", "W"):
                ratio = self._known[RATIO]
                self._known[name] = self._joined("PROD", self._known[name.lower()], ratio)

    def all(self) -> list[Any]:
        """One for each output."""
        return [self._shape(array.shape) for array in self._op.outputs]

    def _shape(self, sides: Sequence[str]) -> Any:
        shape = trt.DimsExprs(len(sides))
        for axis, side in enumerate(sides):
            factor, *factors, added = parsed_side(side)
            length = None if factor == 1 and factors[0] else self._builder.constant(factor)
            for name in filter(None, factors):
                known = self._known[name]
                length = known if length is None else self._joined("PROD", length, known)
            if added:
                length = self._joined("SUM", length, self._known[added])
            shape[axis] = length
        return shape

    def _divided(self, side: Any, factor: int) -> Any:
        if factor == 1:
            return side
        return self._joined("FLOOR_DIV", side, self._builder.constant(factor))

    def _joined(self, operation: str, first: Any, second: Any) -> Any:
        kind = getattr(trt.DimensionOperation, operation)
        return self._builder.operation(kind, first, second)
