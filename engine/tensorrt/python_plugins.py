"""The operators of domain `posetrack` as plugins in Python, where those in C++ are not built.

The work is done by the same CUDA twins. TensorRT hands over addresses and a stream, so nothing else
is needed; a plan with these plugins runs where this package is installed, and nowhere else.
Source: the interfaces IPluginV3 and IPluginCreatorV3One of TensorRT 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorrt as trt

from ...kernels import call
from ...kernels.contract import CONTRACTS, SCRATCH
from ...kernels.devices import Layout
from ...kernels.graph_ops import DOMAIN, PLUGINS, VERSION, GraphOp
from ...kernels.library import Library, library
from ...kernels.plan import DTYPES
from .plugin_shapes import OutputShapes

# Of what a plan holds of a plugin; the C++ plugins write the same field.
PLAN_VERSION, _PLAN_VERSION_FIELD = 1, "plan_version"


def creators() -> list[Creator]:
    """A creator for every operator that can be a plugin."""
    return [Creator(op) for op in PLUGINS.values()]


class Creator(trt.IPluginCreatorV3One):  # type: ignore[misc]
    """Makes the plugins of one operator, from a parser's fields or from a plan's."""

    def __init__(self, op: GraphOp) -> None:
        trt.IPluginCreatorV3One.__init__(self)
        self.op = op
        self.name = op.name
        self.plugin_version = str(VERSION)
        self.plugin_namespace = DOMAIN
        self.field_names = trt.PluginFieldCollection(
            [trt.PluginField(a.name, np.empty(0), _field_type(a.type)) for a in op.attributes]
        )

    def create_plugin(self, name: str, fields: Any, phase: Any) -> Any:
        told = {field.name: field.data for field in fields}
        if phase == trt.TensorRTPhase.RUNTIME:
            _check_plan_version(self.op, told.pop(_PLAN_VERSION_FIELD, None))
        return Plugin(self.op, _read(self.op, told))


class Plugin(
    trt.IPluginV3,  # type: ignore[misc]
    trt.IPluginV3OneCore,  # type: ignore[misc]
    trt.IPluginV3OneBuild,  # type: ignore[misc]
    trt.IPluginV3OneRuntime,  # type: ignore[misc]
):
    """A node of a network: types, shapes, working memory, one call; NumPy is not asked."""

    def __init__(self, op: GraphOp, attributes: Mapping[str, float]) -> None:
        trt.IPluginV3.__init__(self)
        trt.IPluginV3OneCore.__init__(self)
        trt.IPluginV3OneBuild.__init__(self)
        trt.IPluginV3OneRuntime.__init__(self)
        self.op, self.attributes = op, attributes
        self.plugin_name, self.plugin_version = op.name, str(VERSION)
        self.plugin_namespace = DOMAIN
        self.num_outputs = len(op.outputs)

    def get_capability_interface(self, kind: Any) -> Any:
        return self

    def clone(self) -> Any:
        return Plugin(self.op, self.attributes)

    def attach_to_context(self, context: Any) -> Any:
        return self.clone()

    def get_output_data_types(self, types: Sequence[Any]) -> list[Any]:
        return [_types()[_dtype(a.type)] for a in self.op.outputs]

    def get_output_shapes(
        self, inputs: Sequence[Any], shape_inputs: Sequence[Any], builder: Any
    ) -> list[Any]:
        return OutputShapes(self.op, self.attributes, inputs, builder).all()

    def supports_format_combination(self, place: int, tensors: Sequence[Any], inputs: int) -> bool:
        found = [one.desc for one in tensors[: place + 1]]
        if found[-1].format != trt.TensorFormat.LINEAR:
            return False
        return _takes(self.op, place, [one.type for one in found])

    def configure_plugin(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        self._scratch_bytes([one.desc for one in inputs], [one.max for one in inputs])

    def on_shape_change(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        self._scratch_bytes(inputs, [one.dims for one in inputs])

    def get_workspace_size(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
        return self._scratch_bytes([one.desc for one in inputs], [one.max for one in inputs])

    def _scratch_bytes(self, inputs: Sequence[Any], shapes: Sequence[Any]) -> int:
        """How much a call with inputs of these shapes needs; raises where it is refused."""
        device = _Sizing()
        kinds = [_dtypes()[one.type] for one in inputs]
        arrays = {
            a.name: Tensor(device, 0, tuple(shape), kind)
            for a, shape, kind in zip(self.op.inputs, shapes, kinds, strict=True)
        }
        call.run(self.op.contract.name, **self.op.call(arrays, self.attributes))
        return device.scratch

    def enqueue(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        input_addresses: Sequence[int],
        output_addresses: Sequence[int],
        workspace: int,
        stream: int,
    ) -> None:
        device = _Stream(stream)
        places = [*input_addresses, *output_addresses]
        arrays = {
            a.name: Tensor(device, place, tuple(one.dims), _dtypes()[one.type])
            for a, place, one in zip(
                (*self.op.inputs, *self.op.outputs), places, (*inputs, *outputs), strict=True
            )
        }
        given = self.op.call(arrays, self.attributes)
        given |= {a.name: arrays[a.name] for a in self.op.outputs}
        needed = self._scratch_bytes(inputs, [one.dims for one in inputs])
        if needed:
            given[SCRATCH] = Tensor(device, workspace, (needed,), np.dtype(np.uint8))
        call.run(self.op.contract.name, **given)

    def get_fields_to_serialize(self) -> Any:
        told: dict[str, tuple[str, float]] = {_PLAN_VERSION_FIELD: ("int64_t", PLAN_VERSION)}
        told |= {a.name: (a.type, self.attributes[a.name]) for a in self.op.attributes}
        # a field points to its array, and holds nothing
        self._held = {
            name: np.array([value], np.int64 if kind == "int64_t" else np.float64)
            for name, (kind, value) in told.items()
        }
        return trt.PluginFieldCollection(
            [
                trt.PluginField(name, self._held[name], _field_type(kind))
                for name, (kind, _) in told.items()
            ]
        )

    def set_tactic(self, tactic: int) -> None:
        """There is but one."""

    def get_valid_tactics(self) -> list[int]:
        return []


class Tensor:
    """An array at an address that TensorRT gave."""

    def __init__(
        self, device: _Stream | _Sizing, address: int, shape: tuple[int, ...], dtype: npt.DTypeLike
    ) -> None:
        self.posetrack_device = device
        self.address, self.shape, self.dtype = address, shape, np.dtype(dtype)


class _Stream:
    """A GPU in the middle of a plan: kernels go to its stream, and nothing is allocated."""

    lasts = False

    def __init__(self, stream: int) -> None:
        self.name = f"stream {stream}"
        self._stream = stream

    @property
    def library(self) -> Library:
        return library("cuda")

    def layout(self, array: Tensor) -> Layout:
        return Layout(array.shape, None, array.dtype)

    def address(self, array: Tensor) -> int:
        return array.address

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Any:
        raise AssertionError("every array of a plugin is TensorRT's")

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        self.library.call(kernel, (*values, self._stream))


class _Sizing(_Stream):
    """Runs nothing: notes how much working memory a kernel would need."""

    def __init__(self) -> None:
        super().__init__(0)
        self.scratch = 0

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Tensor:
        return Tensor(self, 0, shape, dtype)

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        names = list(CONTRACTS[kernel].by_name)
        self.scratch = values[names.index("scratch_bytes")] if "scratch_bytes" in names else 0


def _takes(op: GraphOp, place: int, types: Sequence[Any]) -> bool:
    """Whether the last of these arrays may have its type, given those before it."""
    if place >= len(op.inputs):
        array = op.outputs[place - len(op.inputs)]
        return bool(types[-1] == _types()[_dtype(array.type)])
    array = op.inputs[place]
    if array.type != "void":
        return bool(types[-1] == _types()[_dtype(array.type)])
    if types[-1] not in (trt.DataType.FLOAT, trt.DataType.HALF):
        return False
    if array is op.sized_by:
        return True
    same = [
        kind
        for other, kind in zip(op.inputs, types[:-1], strict=False)
        if other.type == "void"
        and other is not op.sized_by
        and op.contract.dtype_of(other) == op.contract.dtype_of(array)
    ]
    return not same or bool(same[0] == types[-1])


def _dtype(kind: str) -> np.dtype[Any]:
    """Of an array; a head that is given out is float32."""
    return np.dtype(np.float32) if kind == "void" else DTYPES[kind]


def _types() -> dict[np.dtype[Any], Any]:
    data = trt.DataType
    names = {np.float32: data.FLOAT, np.float16: data.HALF, np.int32: data.INT32}
    return {np.dtype(kind): number for kind, number in names.items()}


def _dtypes() -> dict[Any, np.dtype[Any]]:
    return {number: kind for kind, number in _types().items()}


def _field_type(kind: str) -> Any:
    return trt.PluginFieldType.INT64 if kind == "int64_t" else trt.PluginFieldType.FLOAT64


def _read(op: GraphOp, told: Mapping[str, Any]) -> dict[str, float]:
    """The operator's numbers from what a parser or a plan holds."""
    found: dict[str, float] = {}
    for attribute in op.attributes:
        values = told.get(attribute.name)
        if values is None or prod(np.shape(values)) != 1:
            raise ValueError(f"{op.name} needs one number as its attribute {attribute.name}")
        number = np.asarray(values).reshape(())
        whole = attribute.type == "int64_t"
        found[attribute.name] = int(number) if whole else float(number)
    return found


def _check_plan_version(op: GraphOp, told: Any) -> None:
    version = None if told is None else int(np.asarray(told).reshape(()))
    if version != PLAN_VERSION:
        raise ValueError(
            f"{op.name}: the plan was written by version {version} of the plugin, this is version "
            f"{PLAN_VERSION}: build the plan again"
        )
