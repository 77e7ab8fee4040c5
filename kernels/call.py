"""Calls of kernels by name: arrays are checked against the header, sizes are read off them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .contract import CONTRACTS, SCRATCH, Contract
from .devices import device_of
from .plan import NewArray, plan_call


def run(kernel: str, **given: Any) -> Any:
    """Run a kernel on the device that its arrays lie on.

    Every argument goes by its name in the header; an element type is a NumPy dtype. Inputs and
    options must be given. What arrays show may be left out: sizes, strides and element types; so
    may inputs that may be NULL, and outputs and scratch, which are then new. Where shapes in the
    header begin with B, arrays of one image may all leave that axis out; outputs then have none
    either.

    Returns:
        The output, or a tuple of all outputs in the order of the header.

    Raises:
        ValueError: an argument is out of range, or an array's shape or memory order is wrong.
        TypeError: an array's dtype is wrong, or an argument is unknown, missing or no number.
        RuntimeError: CUDA refused to run it.
    """
    arrays, numbers = _told_apart(CONTRACTS[kernel], given)
    device = device_of(arrays)
    layouts = tuple([(name, device.layout(array)) for name, array in arrays.items()])
    plan = plan_call(CONTRACTS[kernel], device.library, layouts, numbers)
    values = list(plan.values)
    for index, name in plan.inputs:
        values[index] = device.address(arrays[name])
    outputs = []
    for new in plan.outputs:
        output = arrays.get(new.name)
        output = device.empty(new.shape, new.dtype) if output is None else _writeable(new, output)
        values[new.index] = device.address(output)
        outputs.append(output)
    if plan.scratch_bytes:
        scratch = arrays.get(SCRATCH)
        scratch = device.empty((plan.scratch_bytes,), np.uint8) if scratch is None else scratch
        values[plan.scratch_index] = device.address(scratch)
    device.call(kernel, values)
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _told_apart(
    contract: Contract, given: dict[str, Any]
) -> tuple[dict[str, Any], tuple[tuple[str, Any], ...]]:
    """Arrays and numbers by name; arrays that are None are left out."""
    arrays, numbers = {}, []
    for name, value in given.items():
        argument = contract.by_name.get(name)
        if argument is None:
            raise TypeError(f"{contract.name} has no argument {name}")
        if not argument.pointer:
            numbers.append((name, value))
        elif value is not None:
            arrays[name] = value
    return arrays, tuple(numbers)


def _writeable(new: NewArray, array: Any) -> Any:
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        raise ValueError(f"{new.name} must be writeable")
    return array
