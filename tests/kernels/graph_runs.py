"""Cases of kernels as nodes of ONNX graphs: what an operator is given, and its model."""

from unittest.mock import patch

import numpy as np
from onnx import TensorProto, helper
from posetrack import kernels
from posetrack.kernels import call
from posetrack.kernels.graph_ops import DOMAIN, RATIO, VERSION

from .cases import CASES

ELEMENTS = {
    np.dtype(np.uint8): TensorProto.UINT8,
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int32): TensorProto.INT32,
}
# what inputs are filled with that a case leaves out; as a count, it takes every row
_FILLED = {"float": (1, np.float32), "int32_t": (2**31 - 1, np.int32)}


def runs_of(op):
    """(case's name, arrays by name, attributes) of each case that a graph can say."""
    name = op.contract.name.removeprefix("pt_")
    for case in CASES[name]:
        for given in _given(name, case):
            if (found := as_node(op, given)) is not None:
                yield case.name, *found


def usual_run(op):
    """Arrays and attributes of a case with three images."""
    found = [(arrays, told) for _, arrays, told in runs_of(op)]
    full = [run for run in found if all(array.size for array in run[0].values())]
    arrays, told = max(full, key=lambda run: len(run[0][op.inputs[0].name]) == 3)
    batched = {a.name for a in op.inputs if a.shape[0] == "B"}
    if len(arrays[op.inputs[0].name]) < 3:
        arrays = {n: a[:1].repeat(3, 0) if n in batched else a for n, a in arrays.items()}
    return arrays, told


def cut(op, arrays, name, size):
    """The arrays with fewer images, or whatever else a side counts."""
    parts = {}
    for array in op.inputs:
        sides = [slice(size if side == name else None) for side in array.shape]
        parts[array.name] = arrays[array.name][tuple(sides)]
    return parts


def _given(name, case):
    """What a kernel's function hands on: each call's arguments by their names in the header."""
    told, told_apart = [], call._told_apart

    def listen(contract, given):
        told.append(given)
        return told_apart(contract, given)

    with patch.object(call, "_told_apart", listen):
        getattr(kernels, name)(**case.given)
    return told


def as_node(op, given):
    """Arrays and attributes of an operator for a call of its kernel; None where it cannot say it.

    An operator takes batches alone and whole ratios, and gives float32. Inputs that the call leaves
    out are made up.
    """
    if any(np.dtype(v) != np.float32 for n, v in given.items() if n.endswith("_dtype")):
        return None
    arrays = {array.name: given.get(array.name) for array in op.inputs}
    if op.sized_by:
        arrays[op.sized_by.name] = np.zeros(_size_of(op, given), np.float32)
    sizes = {}
    for array in op.inputs:
        value = arrays[array.name]
        if value is None:
            continue
        if value.ndim != len(array.shape):
            return None
        sizes |= dict(zip(array.shape, value.shape, strict=True))
    for array in op.inputs:
        if arrays[array.name] is None:
            if array.type == "void":
                return None
            shape = [int(side) if side.isdigit() else sizes[side] for side in array.shape]
            arrays[array.name] = np.full(shape, *_FILLED[array.type])
    ratio = _ratio(op, arrays, given) if op.enlarges else 1
    if ratio is None:
        return None
    told = {a.name: _told(a, given[a.name]) for a in op.attributes if a.name in given}
    return arrays, told | ({RATIO: ratio} if op.enlarges else {})


def _size_of(op, given):
    """The shape of the array of which the shape alone counts."""
    if op.sized_by.name == "target":
        return given["h"], given["w"]
    return (*given["cells"].shape[:-1], 3, given["W"])


def _told(attribute, value):
    """A number as a graph says it."""
    with np.errstate(over="ignore"):
        return int(value) if attribute.type == "int64_t" else float(np.float32(value))


def _ratio(op, arrays, given):
    """By what a case enlarges a map, if that is one whole number."""
    height, width = next(arrays[a.name].shape[-2:] for a in op.inputs if a.shape[-1] == "w")
    ratio = given["W"] // max(width, 1)
    wanted = (given.get("H", height * ratio), given["W"])
    return ratio if wanted == (height * ratio, width * ratio) else None


def expected(op, arrays, attributes):
    """What the kernel gives when it is called from Python."""
    results = call.run(op.contract.name, **op.call(arrays, attributes))
    return results if isinstance(results, tuple) else (results,)


def model_of(op, arrays, attributes, *, sides="numbers"):
    """A graph of one node; the sides of its inputs are `numbers`, `names` or `unknown`."""
    inputs = []
    for name, array in arrays.items():
        names = [f"{name}_{i}" for i in range(array.ndim)]
        shape = {"numbers": array.shape, "names": names, "unknown": None}[sides]
        inputs.append(helper.make_tensor_value_info(name, ELEMENTS[array.dtype], shape))
    outputs = [helper.make_empty_tensor_value_info(f"out_{a.name}") for a in op.outputs]
    told = attributes | {"plugin_namespace": "", "plugin_version": str(VERSION)}
    names = [value.name for value in outputs]
    node = helper.make_node(op.name, list(arrays), names, domain=DOMAIN, **told)
    graph = helper.make_graph([node], "one", inputs, outputs)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, VERSION)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def serialized(*arguments, **options):
    return model_of(*arguments, **options).SerializeToString()
