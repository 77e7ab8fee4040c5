"""What a call of a kernel passes on, worked out from how its arrays lie in memory.

A plan holds no array, so one plan serves all calls with arrays of the same shapes.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from .contract import CONSTANTS, SCRATCH, SCRATCH_BYTES, Argument, Contract
from .devices import Layout, Sizer

DTYPES: dict[str, np.dtype[Any]] = {
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
    "int32_t": np.dtype(np.int32),
    "uint8_t": np.dtype(np.uint8),
}
_HEAD_DTYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.float32): CONSTANTS["PT_FLOAT32"],
    np.dtype(np.float16): CONSTANTS["PT_FLOAT16"],
}
_NAMES = " or ".join(map(str, _HEAD_DTYPES))
_MULTIPLE = re.compile(r"(\d+) ?\*? ?([A-Za-z]\w*)")  # such as 2K


def _head_number(dtype: npt.DTypeLike) -> int:
    """The number of a head's element type, float32 or float16, in the C interface.

    Raises:
        TypeError: it is neither.
    """
    number = _HEAD_DTYPES.get(np.dtype(dtype))
    if number is None:
        raise TypeError(f"dtype must be {_NAMES}, got {np.dtype(dtype)}")
    return number


@dataclass(frozen=True, slots=True)
class NewArray:
    """An output that a call makes; `index` is its place among the kernel's arguments."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """Values of all arguments in order; addresses are still None, and stay so for NULL."""

    values: tuple[Any, ...]
    inputs: tuple[tuple[int, str], ...]  # place among the arguments, name
    outputs: tuple[NewArray, ...]
    scratch_index: int
    scratch_bytes: int  # 0: none


@lru_cache(maxsize=4096)
def plan_call(
    contract: Contract,
    library: Sizer,
    layouts: tuple[tuple[str, Layout], ...],
    numbers: tuple[tuple[str, Any], ...],
) -> Plan:
    """Check arrays and numbers against the header and fill in what they leave open.

    Args:
        contract: the kernel's.
        library: that will run it; it sizes the scratch.
        layouts: of the arrays that are given, by name.
        numbers: that are given, by name.

    Raises:
        ValueError, TypeError: as `run` says.
    """
    return _Planner(contract, dict(layouts), dict(numbers)).plan(library)


class _Planner:
    def __init__(
        self, contract: Contract, layouts: dict[str, Layout], numbers: dict[str, Any]
    ) -> None:
        self.contract = contract
        self.layouts = layouts
        self.numbers = {name: self._number(name, value) for name, value in numbers.items()}
        self.single = self._leaves_batch_out()
        if self.single:
            self.numbers.setdefault("B", 1)

    def plan(self, library: Sizer) -> Plan:
        given = [a for a in self.contract.arrays if a.name in self.layouts]
        for array in sorted(given, key=lambda array: array.output):
            self._read_sizes(array)
        for array in self.contract.arrays:
            self._check_dtype(array)
            self._check_shape(array)
            self._check_order(array)
        self._check_complete()
        needed = library.scratch_bytes(self.contract.name, self.numbers)
        self._check_scratch(needed)
        names = list(self.contract.by_name)
        return Plan(
            tuple(self.numbers.get(name) for name in names),
            tuple((names.index(a.name), a.name) for a in given if not a.output),
            tuple(self._output(names.index(a.name), a) for a in self.contract.arrays if a.output),
            names.index(SCRATCH) if SCRATCH in names else -1,
            needed,
        )

    def _number(self, name: str, value: Any) -> int | float:
        kind = self.contract.by_name[name].type
        if kind == "pt_dtype" and not isinstance(value, int):
            return _head_number(value)
        try:
            return float(value) if kind in ("float", "double") else _whole(value)
        except (TypeError, ValueError, OverflowError):
            wanted = "a number" if kind in ("float", "double") else "a whole number of 64 bits"
            raise TypeError(f"{name} must be {wanted}, got {value!r}") from None

    def _leaves_batch_out(self) -> bool:
        """Whether the first array that could have a batch axis has none."""
        for array in self.contract.arrays:
            if array.name in self.layouts and array.shape[0] == "B" and "..." not in array.shape:
                return len(self.layouts[array.name].shape) == len(array.shape) - 1
        return False

    def _sides(self, array: Argument) -> tuple[str, ...]:
        """The sides that an array of this call has in the header."""
        return array.shape[1:] if self.single and array.shape[0] == "B" else array.shape

    def _read_sizes(self, array: Argument) -> None:
        """Sizes that this array is the first to show, unless it has too few or too many sides."""
        sides, shape = self._sides(array), self.layouts[array.name].shape
        if len(sides) != len(shape) and "..." not in sides:
            return
        for side, got in zip(sides, shape, strict=False):
            multiple = _MULTIPLE.fullmatch(side)
            factor, name = (int(multiple[1]), multiple[2]) if multiple else (1, side)
            if name in self.contract.by_name and got % factor == 0:
                self.numbers.setdefault(name, got // factor)

    def _check_shape(self, array: Argument) -> None:
        if array.name not in self.layouts:
            return
        got, sides = self.layouts[array.name].shape, self._sides(array)
        if sides[-1:] == ("...",):
            sides, got = sides[:-1], got[: len(sides) - 1]
        wanted = [self._side(side) for side in sides]
        if wanted != list(got):
            text = ", ".join(s if w is None else str(w) for s, w in zip(sides, wanted, strict=True))
            shape = self.layouts[array.name].shape
            raise ValueError(f"{array.name} must have shape ({text}), got {shape}")

    def _side(self, side: str) -> int | None:
        """A side's length; None where a size in it is not known."""
        text = _MULTIPLE.sub(r"\1 * \2", side)
        try:
            return int(eval(text, {"__builtins__": {}}, self.numbers))
        except NameError:
            return None

    def _check_dtype(self, array: Argument) -> None:
        """The array's element type; that of a head is noted among the numbers."""
        layout = self.layouts.get(array.name)
        if array.type != "void":
            if layout is not None and layout.dtype != DTYPES[array.type]:
                raise TypeError(f"{array.name} must be {DTYPES[array.type]}, got {layout.dtype}")
            return
        name = self.contract.dtype_of(array)
        if layout is None:
            if array.optional or not array.output:
                self.numbers.setdefault(name, _HEAD_DTYPES[np.dtype(np.float32)])
            return
        if layout.dtype not in _HEAD_DTYPES:
            raise TypeError(f"{array.name} must be {_NAMES}, got {layout.dtype}")
        number = _HEAD_DTYPES[layout.dtype]
        if self.numbers.setdefault(name, number) != number:
            other = _dtype_of_number(self.numbers[name])
            raise TypeError(f"{array.name} must be {other} as the others are, got {layout.dtype}")

    def _check_order(self, array: Argument) -> None:
        """The array lies row by row; images of a head with a stride may lie apart."""
        layout = self.layouts.get(array.name)
        stride = f"{array.name}_batch_stride"
        strided = stride in self.contract.by_name
        if layout is None:
            if strided:
                self.numbers.setdefault(stride, 0)
            return
        apart = strided and not self.single
        if not _is_dense(layout, 1 if apart else 0):
            raise ValueError(
                f"each {array.name}[b] must be C-contiguous"
                if apart
                else f"{array.name} must be C-contiguous: pass a contiguous copy"
            )
        if strided:
            step = _batch_stride(array.name, layout, apart)
            if self.numbers.setdefault(stride, step) != step:
                raise ValueError(
                    f"{stride} must be {step}, as {array.name} lies in memory, "
                    f"got {self.numbers[stride]}"
                )

    def _check_complete(self) -> None:
        for argument in self.contract.arguments:
            if argument.name in (SCRATCH, SCRATCH_BYTES) or argument.name in self.numbers:
                continue
            left_out = argument.output or argument.optional or argument.name in self.layouts
            if not (argument.pointer and left_out):
                raise TypeError(f"{self.contract.name} needs {argument.name}")

    def _check_scratch(self, needed: int) -> None:
        if SCRATCH in self.layouts:
            layout = self.layouts[SCRATCH]
            if not _is_dense(layout, 0) or prod(layout.shape) * layout.dtype.itemsize < needed:
                raise ValueError(f"scratch must be a contiguous array of {needed} bytes or more")
        if SCRATCH in self.contract.by_name:
            self.numbers[SCRATCH_BYTES] = needed

    def _output(self, index: int, array: Argument) -> NewArray:
        known = DTYPES.get(array.type)
        dtype = known or _dtype_of_number(self.numbers[self.contract.dtype_of(array)])
        shape = tuple(int(self._side(side) or 0) for side in self._sides(array))
        if negative := [s for s in array.shape if self.numbers.get(s, 0) < 0]:
            got = self.numbers[negative[0]]
            raise ValueError(f"{negative[0]} must be at least 0, got {got}")
        return NewArray(index, array.name, shape, dtype)


def _whole(value: Any) -> int:
    number = operator.index(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError
    return number


def _dtype_of_number(number: int | float) -> np.dtype[Any]:
    for dtype, known in _HEAD_DTYPES.items():
        if known == number:
            return dtype
    raise ValueError(f"dtype must be the number of {_NAMES}, got {number}")


def _is_dense(layout: Layout, first: int) -> bool:
    """Whether the axes from `first` on are row-major without gaps."""
    if layout.strides is None or prod(layout.shape) == 0:
        return True
    step = layout.dtype.itemsize
    sides: Sequence[tuple[int, int]] = list(zip(layout.shape, layout.strides, strict=True))[first:]
    for size, stride in reversed(sides):
        if size > 1 and stride != step:
            return False
        step *= size
    return True


def _batch_stride(name: str, layout: Layout, apart: bool) -> int:
    """How many elements lie from the start of one image to that of the next."""
    image = prod(layout.shape[1:] if apart else layout.shape)
    if not apart or layout.strides is None or layout.shape[0] < 2:
        return image
    step, rest = divmod(layout.strides[0], layout.dtype.itemsize)
    if step < 0 or rest:
        raise ValueError(f"{name} must run forward in whole elements from image to image")
    return step
