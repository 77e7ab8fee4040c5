"""The device that traced arrays lie on: a kernel that is called there becomes a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels.contract import CONSTANTS, CONTRACTS, Contract
from ...kernels.devices import Layout
from ...kernels.graph_ops import DOMAIN, RATIO, VERSION, GraphOp, has_op, op_of
from ...structures.arrays import AnyArray
from .nodes import Nodes, Value

# What a kernel is given, by the names of its header; NULL is None.
Given = dict[str, Any]


class _Enlarged(NamedTuple):
    """The map that cells were counted on."""

    maps: Value
    ratio: int


class _NoScratch:
    """A node takes its working memory when it runs."""

    def scratch_bytes(self, kernel: str, numbers: Mapping[str, Any]) -> int:
        """None is planned."""
        return 0


class GraphDevice(Nodes):
    """Where arrays are values of a graph; see `kernels.devices.Device`."""

    name = "graph"
    lasts = False  # another graph has constants of its own
    library = _NoScratch()

    def __init__(self, prefix: str = "") -> None:
        super().__init__(prefix)
        self._searched: dict[str, _Enlarged] = {}  # by the names of cells

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Value:
        """A value that the next node will make."""
        return Value(self, self.fresh("array"), dtype, shape)

    def layout(self, array: Value) -> Layout:
        """Shape of the example, and dtype."""
        return Layout(array.shape, None, array.dtype)

    def address(self, array: Value) -> Value:
        """The value itself."""
        return array

    def put(self, array: AnyArray) -> Value:
        """A NumPy array as a constant."""
        return self.constant(array)

    def fetch(self, arrays: Sequence[Any]) -> list[AnyArray]:
        """What no decoder may do before its poses are complete."""
        raise TypeError("a traced array has no values: the decoder reads them before its end")

    def concatenate(self, arrays: Sequence[Value], axis: int) -> Value:
        """Values one after the other along an axis."""
        axis %= arrays[0].ndim
        shape = list(arrays[0].shape)
        shape[axis] = sum(array.shape[axis] for array in arrays)
        return self.add("Concat", arrays, shape=shape, axis=axis)

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        """The node of a kernel, with the values of its arguments in order."""
        contract = CONTRACTS[kernel]
        given: Given = dict(zip(contract.by_name, values, strict=True))
        if kernel in _STANDARD:
            _STANDARD[kernel](self, given)
            return
        missing = [a.name for a in contract.arrays if not a.output and given[a.name] is None]
        left_out = [name for name in missing if has_op(kernel, name)]
        for name in missing:
            if name not in left_out:
                given[name] = self._filled(contract, name, given)
        op = op_of(kernel, *left_out)
        if op.sized_by is not None and "cells" in given:
            given["maps"], given[RATIO] = self._searched[given["cells"].name]
        elif op.enlarges:
            given[RATIO] = _ratio(given)
            if kernel == "pt_upsampled_peaks":
                self._searched[given["cells"].name] = _Enlarged(given["maps"], given[RATIO])
        self.place_operator(op, given)

    def place_operator(self, op: GraphOp, given: Given) -> None:
        """The node of an operator, with its arrays and attributes by name."""
        attributes = {
            a.name: float(given[a.name]) if a.type in ("float", "double") else given[a.name]
            for a in op.attributes
        }
        self.place(
            op.name,
            [given[array.name] for array in op.inputs],
            [given[array.name] for array in op.outputs],
            domain=DOMAIN,
            **attributes,
            plugin_namespace=DOMAIN,
            plugin_version=str(VERSION),
        )

    def _filled(self, contract: Contract, name: str, given: Given) -> Value:
        """An input that changes nothing, where a kernel is given none."""
        if name not in _FILLED:
            raise ValueError(f"{contract.name} needs {name} in a graph")
        array = _FILLED[name](given)
        if contract.by_name[name].shape[0] != "B":
            return self.constant(array)
        arrays = (given[a.name] for a in contract.arrays if not a.output and a.shape[0] == "B")
        return self.for_each_image(array, next(a for a in arrays if a is not None))

    def for_each_image(self, array: AnyArray, beside: Value) -> Value:
        """An array of one image, given to as many images as another array has."""
        images = self.add("Shape", [beside], shape=(1,), end=1)
        sides: list[Any] = [images, [1] * array.ndim] if array.ndim else [images]
        shape = self.add("Concat", sides, shape=(1 + array.ndim,), axis=0)
        return self.add("Expand", [array[None], shape], shape=(beside.shape[0], *array.shape))


def _ratio(given: Given) -> int:
    """How much larger an enlarged map is.

    Raises:
        ValueError: by no whole number.
    """
    ratio = int(given["H"] // given["h"])
    if (given["h"] * ratio, given["w"] * ratio) != (given["H"], given["W"]):
        raise ValueError(
            f"a graph enlarges maps by whole numbers, not from {given['h']} x {given['w']} to "
            f"{given['H']} x {given['W']}"
        )
    return ratio


def _sigmoid(device: GraphDevice, given: Given) -> None:
    """By its definition: the operator of ONNX Runtime is wrong by 1e-7, much for a faint heat."""
    device.place("Reciprocal", [device.Exp(-given["heads"]) + 1.0], [given["activated"]])


def _transform_points(device: GraphDevice, given: Given) -> None:
    """In float32: m00 x + m02, m11 y + m12 by a matrix that is known while the graph is written."""
    matrix = device.known(given["matrices"])[0]
    if given["limits"] is not None or given["counts"] is not None or matrix[0, 1] or matrix[1, 0]:
        raise ValueError("a graph scales and moves points, and does nothing else to them")
    points, scale = given["points"], np.array([matrix[0, 0], matrix[1, 1]], np.float32)
    moved = points if (scale == 1).all() else points * scale
    if matrix[:, 2].any():
        moved = moved + matrix[:, 2].astype(np.float32)
    device.place("Identity", [moved], [given["transformed"]])


def _center_windows(device: GraphDevice, given: Given) -> None:
    """One launch on a GPU, and in a graph the operators that it is made of."""
    places = device.empty(given["keypoints"].shape, np.float32)
    decode = {**given, "keypoints": places, "rule": CONSTANTS["PT_RULE_FLOOR"]}
    device.call("pt_center_offset_decode", _in_order("pt_center_offset_decode", decode))
    device.place("Identity", [places * np.float32(given["stride"])], [given["keypoints"]])
    device.call("pt_local_windows", _in_order("pt_local_windows", given))


def _in_order(kernel: str, given: Given) -> list[Any]:
    """What a kernel is given of what another one was, in the order of its header."""
    return [given.get(name) for name in CONTRACTS[kernel].by_name]


# Kernels for which there are standard operators, or other ones of ours.
_STANDARD: dict[str, Callable[[GraphDevice, Given], None]] = {
    "pt_sigmoid": _sigmoid,
    "pt_transform_points": _transform_points,
    "pt_center_windows": _center_windows,
}
# Inputs that change nothing; those that an image has of its own, for one image.
_FILLED: dict[str, Callable[[Given], AnyArray]] = {
    "counts": lambda given: np.int32(given["N"])[...],
    "other_counts": lambda given: np.int32(given["M"])[...],
    "reference_counts": lambda given: np.int32(given["M"])[...],
    "boxes": lambda given: np.zeros((given["N"], 4), np.float32),
    "rows": lambda given: np.arange(given["N"], dtype=np.int32),
    "factors": lambda given: np.ones(given["N"], np.float32),
    "keypoint_scores": lambda given: np.zeros((given["N"], given["K"]), np.float32),
    "scores": lambda given: np.full((given["N"], given["K"]), np.inf, np.float32),
    "sign": lambda given: np.ones(given["C"], np.float32),
    "constant": lambda given: np.zeros(given["C"], np.float32),
}
