"""Which device arrays lie on, and with that which twin works on them.

A call with NumPy arrays runs on the CPU, one with torch tensors on the GPU they lie on, in torch's
current stream; results lie where the arguments do. torch is not imported here: a caller that has a
tensor has imported it.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ..structures.arrays import AnyArray
from .library import library

# an array, a number, or None for an array that is left out
Argument: TypeAlias = Any

FLOAT32, FLOAT16 = 0, 1  # pt_dtype


class Device(Protocol):
    """What a kernel's Python function needs of the device its arrays lie on."""

    head_dtypes: tuple[type, ...]
    cuda: bool  # whether the CUDA twins work on it

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """A new array on the device."""

    def call(self, kernel: str, *arguments: Argument) -> None:
        """Run a kernel: arrays become pointers, numbers stay as they are."""


class Cpu:
    """NumPy arrays."""

    head_dtypes: tuple[type, ...] = (np.float32,)
    cuda = False

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """A new array."""
        return np.empty(shape, dtype)

    def call(self, kernel: str, *arguments: Argument) -> None:
        """Run the CPU twin on this thread."""
        library("cpu").call(kernel, *map(_native, arguments))


class Cuda:
    """torch tensors on one GPU."""

    head_dtypes: tuple[type, ...] = (np.float32, np.float16)
    cuda = True

    def __init__(self, tensor: Any) -> None:
        self._torch = sys.modules["torch"]
        self._device = tensor.device

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """A new tensor on the GPU."""
        kind = getattr(self._torch, np.dtype(dtype).name)
        tensor: AnyArray = self._torch.empty(shape, dtype=kind, device=self._device)
        return tensor

    def call(self, kernel: str, *arguments: Argument) -> None:
        """Enqueue the CUDA twin on torch's current stream."""
        with self._torch.cuda.device(self._device):
            stream = self._torch.cuda.current_stream().cuda_stream
            library("cuda").call(kernel, *map(_native, arguments), stream)


CPU: Device = Cpu()


def device_of(*arrays: Any) -> Device:
    """The device that these arrays lie on; an array that is None is left out.

    Raises:
        TypeError: an array is neither NumPy's nor a tensor on a GPU.
        ValueError: they do not all lie on one device.
    """
    given = [array for array in arrays if array is not None]
    if all(isinstance(array, np.ndarray) for array in given):
        return CPU
    for array in given:
        if not isinstance(array, np.ndarray) and not hasattr(array, "__cuda_array_interface__"):
            raise TypeError(
                f"arrays must be NumPy arrays or torch tensors on a GPU, got {type(array).__name__}"
            )
    places = {str(getattr(array, "device", "cpu")) for array in given}
    if len(places) > 1 or any(isinstance(array, np.ndarray) for array in given):
        raise ValueError(f"all arrays must lie on one device, got {', '.join(sorted(places))}")
    return Cuda(given[0])


def scratch(device: Device, kernel: str, *sizes: int | float) -> AnyArray:
    """Working memory for a kernel; `sizes` are what its `_scratch_bytes` function takes."""
    return device.empty((library("cpu").scratch_bytes(kernel, *sizes),), np.uint8)


def head_dtype(head: Any) -> int:
    """The element type of a checked head as a number of the C interface (pt_dtype)."""
    return FLOAT32 if dtype_of(head) == np.float32 else FLOAT16


def dtype_of(array: Any) -> np.dtype[Any]:
    """The element type of an array on any device."""
    numpy = isinstance(array, np.ndarray)
    dtype: np.dtype[Any] = np.dtype(
        array.dtype if numpy else array.__cuda_array_interface__["typestr"]
    )
    return dtype


def strides_of(array: Any) -> tuple[int, ...]:
    """Bytes from one element to the next along every axis."""
    if isinstance(array, np.ndarray):
        return array.strides
    size = dtype_of(array).itemsize
    return tuple(size * step for step in array.stride())


def _native(argument: Argument) -> Argument:
    if isinstance(argument, np.ndarray):
        return argument.ctypes.data
    if hasattr(argument, "__cuda_array_interface__"):
        return argument.data_ptr()
    return argument
