"""Memory, streams and graphs of one GPU, by whichever library is installed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ...structures import BackendError
from ...structures.arrays import AnyArray


class Gpu(NamedTuple):
    """What a card is."""

    name: str
    sm: str  # compute capability, such as 9.0


class Memory(Protocol):
    """Bytes on the GPU, free again when nobody holds them."""

    @property
    def address(self) -> int:
        """As CUDA gives it."""


class Stream(Protocol):
    """Work that is done in its order."""

    @property
    def number(self) -> int:
        """What CUDA calls its handle."""


class DeviceBuffers(Protocol):
    """What a session needs of a GPU; every method is called inside `current`.

    Raises:
        BackendError: CUDA refused it.
    """

    gpu: Gpu

    def current(self) -> AbstractContextManager[Any]:
        """The GPU is the one of this thread."""

    def memory(self, size: int) -> Memory:
        """New memory of so many bytes."""

    def pinned(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """A new NumPy array that the GPU reaches by itself."""

    def stream(self) -> Stream:
        """A new stream."""

    def to_gpu(self, memory: Memory, array: AnyArray, stream: Stream) -> None:
        """Enqueue a copy of a pinned array."""

    def to_host(self, array: AnyArray, memory: Memory, stream: Stream) -> None:
        """Enqueue a copy into a pinned array."""

    def wait(self, stream: Stream) -> None:
        """Until all that was enqueued is done."""

    def recorded(self, stream: Stream, work: Callable[[], None]) -> Callable[[], None] | None:
        """Work on a stream as a CUDA graph, which does it again at every call.

        Args:
            stream: that `work` enqueues on.
            work: was done once before; it only enqueues.

        Returns:
            None where this library has no graphs, or the work is none that can be recorded, such
            as a network with loops.
        """


class TensorBuffers(DeviceBuffers, Protocol):
    """Those of a library whose arrays the kernels take."""

    def take_in(self, memory: Memory, array: Any, stream: Stream) -> None:
        """Enqueue a copy of a tensor, behind the work of the caller's stream."""

    def hand_out(
        self, memory: Memory, shape: tuple[int, ...], dtype: npt.DTypeLike, stream: Stream
    ) -> Any:
        """A tensor with a copy of the memory, before the later work of the caller's stream."""


# Library -> what is imported, and the class here.
_LIBRARIES = {
    "cuda-python": ("cuda.bindings", ".with_cuda_python:CudaPythonBuffers"),
    "pycuda": ("pycuda", ".with_pycuda:PycudaBuffers"),
    "torch": ("torch", ".with_torch:TorchBuffers"),
}


def open_buffers(number: int, *, tensors: bool = False) -> DeviceBuffers:
    """The buffers of a GPU, by the first of cuda-python, pycuda and torch that is installed.

    Args:
        number: of the GPU.
        tensors: take torch first, whose tensors can be handed on.

    Raises:
        BackendError: none is, or there is no such GPU or no driver.
    """
    names = sorted(_LIBRARIES, key=lambda name: name != "torch") if tensors else list(_LIBRARIES)
    installed = [name for name in names if _is_installed(_LIBRARIES[name][0])]
    if not installed:
        raise BackendError(
            "TensorRT needs a library for memory on the GPU: pip install 'posetrack[cuda-python]', "
            "or torch or pycuda"
        )
    refused = []
    for name in installed:
        module, _, buffers = _LIBRARIES[name][1].partition(":")
        try:
            opened: DeviceBuffers = getattr(import_module(module, __package__), buffers)(number)
        except (BackendError, ImportError) as error:
            refused.append(f"{name}: {error}")
        else:
            return opened
    raise BackendError(f"GPU {number} cannot be used ({'; '.join(refused)})")


def driver_version() -> str:
    """Of NVIDIA's driver, "" where it does not say."""
    try:
        text = Path("/proc/driver/nvidia/version").read_text("utf-8")
    except OSError:
        return ""
    words = text.split("Module", 1)[-1].split()
    return next((word for word in words if word[:1].isdigit()), "")


def cuda_version() -> str:
    """The newest version of CUDA that the driver takes, "" where there is no driver."""
    number = ctypes.c_int()
    try:
        ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(number))
    except (OSError, AttributeError):
        return ""
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def bytes_of(shape: tuple[int, ...], dtype: npt.DTypeLike) -> int:
    """How many an array takes, at least one."""
    return max(1, int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False
