"""Which device arrays lie on, and with that which twin works on them.

A call with NumPy arrays runs on the CPU, one with torch tensors on the GPU they lie on, in torch's
current stream; results lie where the arguments do. torch is not imported here: a caller that has a
tensor has imported it. Arrays of other libraries are refused: most become a tensor without a copy,
`torch.from_dlpack(x)`. An array may bring a `Device` of its own as `posetrack_device`, as those do
with which decoders are traced.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..structures.arrays import AnyArray
from .library import Library, library


class Layout(NamedTuple):
    """How an array lies in memory; `strides` are bytes, None where it is dense, row by row."""

    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    dtype: np.dtype[Any]


class Sizer(Hashable, Protocol):
    """What says how much memory a call needs."""

    def scratch_bytes(self, kernel: str, numbers: Mapping[str, Any]) -> int:
        """How much working memory a call needs."""


class Device(Protocol):
    """What a call of a kernel needs of the device its arrays lie on."""

    @property
    def library(self) -> Sizer:
        """The twins that work on it."""

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """A new array on the device."""

    def layout(self, array: Any) -> Layout:
        """How an array lies in memory."""

    def address(self, array: Any) -> Any:
        """Where it begins."""

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        """Run a kernel with the values of its arguments, in order."""

    @property
    def name(self) -> str:
        """`cpu`, or the name of a GPU."""

    @property
    def lasts(self) -> bool:
        """Whether an array that was put there is there for later calls."""

    def put(self, array: AnyArray) -> AnyArray:
        """A NumPy array on the device, in its present values."""

    def fetch(self, arrays: Sequence[Any]) -> list[AnyArray]:
        """Arrays of the device as NumPy arrays, after one wait for all of them."""

    def concatenate(self, arrays: Sequence[Any], axis: int) -> AnyArray:
        """Arrays one after the other along an axis."""


class Cpu:
    """NumPy arrays."""

    twin: Literal["cpu", "cuda"] = "cpu"
    lasts = True

    @property
    def library(self) -> Library:
        """The CPU twins."""
        return library(self.twin)

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """A new array."""
        return np.empty(shape, dtype)

    def layout(self, array: AnyArray) -> Layout:
        """Shape, strides and dtype."""
        strides = None if array.flags.c_contiguous else array.strides
        return Layout(array.shape, strides, array.dtype)

    def address(self, array: AnyArray) -> int:
        """Where it begins."""
        return array.ctypes.data

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        """Run the CPU twin on this thread."""
        self.library.call(kernel, values)

    @property
    def name(self) -> str:
        """`cpu`."""
        return "cpu"

    def put(self, array: AnyArray) -> AnyArray:
        """The array itself."""
        return array

    def fetch(self, arrays: Sequence[AnyArray]) -> list[AnyArray]:
        """The arrays themselves."""
        return list(arrays)

    def concatenate(self, arrays: Sequence[AnyArray], axis: int) -> AnyArray:
        """Arrays one after the other along an axis."""
        return np.concatenate(arrays, axis)


class Cuda:
    """torch tensors on one GPU."""

    twin: Literal["cpu", "cuda"] = "cuda"
    lasts = True

    def __init__(self, tensor: Any) -> None:
        self._torch = sys.modules["torch"]
        self._device = tensor.device

    @property
    def library(self) -> Library:
        """The CUDA twins."""
        return library(self.twin)

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """A new tensor on the GPU."""
        kind = getattr(self._torch, np.dtype(dtype).name)
        tensor: AnyArray = self._torch.empty(shape, dtype=kind, device=self._device)
        return tensor

    def layout(self, array: Any) -> Layout:
        """Shape, strides and dtype.

        Raises:
            TypeError: NumPy has no such dtype.
        """
        name = str(array.dtype).removeprefix("torch.")
        try:
            dtype = np.dtype(name)
        except TypeError:
            raise TypeError(f"a tensor of {name} must be converted first, to float32") from None
        if array.is_contiguous():
            return Layout(tuple(array.shape), None, dtype)
        strides = tuple(step * dtype.itemsize for step in array.stride())
        return Layout(tuple(array.shape), strides, dtype)

    def address(self, array: Any) -> int:
        """Where it begins, on the GPU."""
        return int(array.data_ptr())

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        """Enqueue the CUDA twin on torch's current stream."""
        with self._torch.cuda.device(self._device):
            stream = self._torch.cuda.current_stream().cuda_stream
            self.library.call(kernel, (*values, stream))

    @property
    def name(self) -> str:
        """Such as `cuda:0`."""
        return str(self._device)

    def put(self, array: AnyArray) -> AnyArray:
        """A tensor on the GPU; the copy is enqueued on torch's current stream."""
        tensor: AnyArray = self._torch.from_numpy(array).to(self._device)
        return tensor

    def fetch(self, arrays: Sequence[Any]) -> list[AnyArray]:
        """NumPy arrays, after one wait for torch's current stream."""
        # without a wait for each, torch copies into pinned memory
        copies = [array.to("cpu", non_blocking=True) for array in arrays]
        self._torch.cuda.current_stream(self._device).synchronize()
        return [copy.numpy() for copy in copies]

    def concatenate(self, arrays: Sequence[Any], axis: int) -> AnyArray:
        """Tensors one after the other along an axis."""
        joined: AnyArray = self._torch.cat(list(arrays), axis)
        return joined


CPU: Device = Cpu()
_OWN = "posetrack_device"  # what an array calls the device that it brings


def device_of(arrays: Mapping[str, Any]) -> Device:
    """The device that these arrays lie on, by their names.

    Raises:
        TypeError: an array is neither NumPy's nor a torch tensor on a GPU.
        ValueError: they do not all lie on one device.
    """
    if all([isinstance(array, np.ndarray) for array in arrays.values()]):
        return CPU
    places = {name: _place(name, array) for name, array in arrays.items()}
    if len(set(places.values())) > 1:
        found = ", ".join(f"{name} on {place}" for name, place in places.items())
        raise ValueError(f"all arrays must lie on one device, got {found}")
    first = next(iter(arrays.values()))
    own: Device | None = getattr(first, _OWN, None)
    return own or Cuda(first)


def _place(name: str, array: Any) -> str:
    """`cpu`, or the name of a GPU."""
    if isinstance(array, np.ndarray):
        return "cpu"
    own: Device | None = getattr(array, _OWN, None)
    if own is not None:
        return own.name
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor) and array.is_cuda:
        return str(array.device)
    kind = f"{type(array).__module__.split('.')[0]}.{type(array).__qualname__}"
    raise TypeError(f"{name} must be a NumPy array or a torch tensor on a GPU, got {kind}")
