"""GPU memory by cuda-python, NVIDIA's bindings of the CUDA runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from cuda.bindings import runtime

from ...structures import BackendError
from ...structures.arrays import AnyArray
from .buffers import Gpu, Memory, Stream, bytes_of


class CudaPythonBuffers:
    """See `DeviceBuffers`."""

    def __init__(self, number: int) -> None:
        count = _told(runtime.cudaGetDeviceCount())
        if number >= count:
            raise BackendError(f"{count} there")
        self._number = number
        with self.current():
            card = _told(runtime.cudaGetDeviceProperties(number))
            name = card.name.decode() if isinstance(card.name, bytes) else str(card.name)
        self.gpu = Gpu(name.rstrip("\0"), f"{card.major}.{card.minor}")

    @contextmanager
    def current(self) -> Iterator[None]:
        """See `DeviceBuffers.current`; the thread keeps the GPU."""
        _told(runtime.cudaSetDevice(self._number))
        yield

    def memory(self, size: int) -> Memory:
        """See `DeviceBuffers.memory`."""
        return _Memory(size)

    def pinned(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """See `DeviceBuffers.pinned`."""
        count = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        held = np.asarray(_Pinned(bytes_of(shape, dtype)))
        array: AnyArray = held[:count].view(dtype).reshape(shape)
        return array

    def stream(self) -> Stream:
        """See `DeviceBuffers.stream`."""
        return _Stream()

    def to_gpu(self, memory: Memory, array: AnyArray, stream: Stream) -> None:
        """See `DeviceBuffers.to_gpu`."""
        kind = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        _told(
            runtime.cudaMemcpyAsync(
                memory.address, array.ctypes.data, array.nbytes, kind, stream.number
            )
        )

    def to_host(self, array: AnyArray, memory: Memory, stream: Stream) -> None:
        """See `DeviceBuffers.to_host`."""
        kind = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        _told(
            runtime.cudaMemcpyAsync(
                array.ctypes.data, memory.address, array.nbytes, kind, stream.number
            )
        )

    def wait(self, stream: Stream) -> None:
        """See `DeviceBuffers.wait`."""
        _told(runtime.cudaStreamSynchronize(stream.number))

    def recorded(self, stream: Stream, work: Callable[[], None]) -> Callable[[], None] | None:
        """See `DeviceBuffers.recorded`."""
        mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _told(runtime.cudaStreamBeginCapture(stream.number, mode))
        try:
            work()
        except BackendError:  # of what cannot be recorded
            runtime.cudaStreamEndCapture(stream.number)
            return None
        error, graph = runtime.cudaStreamEndCapture(stream.number)
        if error != runtime.cudaError_t.cudaSuccess:
            return None
        return _Graph(graph, stream).launch


class _Memory:
    def __init__(self, size: int) -> None:
        self.address = int(_told(runtime.cudaMalloc(size)))

    def __del__(self) -> None:
        if hasattr(self, "address"):
            runtime.cudaFree(self.address)


class _Pinned:
    """Page-locked memory, as long as an array of it is there."""

    def __init__(self, size: int) -> None:
        self.address = int(_told(runtime.cudaMallocHost(size)))
        self.__array_interface__ = {
            "data": (self.address, False),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }

    def __del__(self) -> None:
        if hasattr(self, "address"):
            runtime.cudaFreeHost(self.address)


class _Stream:
    def __init__(self) -> None:
        self._held = _told(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        self.number = int(self._held)

    def __del__(self) -> None:
        if hasattr(self, "number"):
            runtime.cudaStreamDestroy(self.number)


class _Graph:
    def __init__(self, graph: Any, stream: Stream) -> None:
        self._stream = stream
        self._held = _told(runtime.cudaGraphInstantiate(graph, 0))
        _told(runtime.cudaGraphDestroy(graph))

    def launch(self) -> None:
        _told(runtime.cudaGraphLaunch(self._held, self._stream.number))

    def __del__(self) -> None:
        if hasattr(self, "_held"):
            runtime.cudaGraphExecDestroy(self._held)


def _told(answer: tuple[Any, ...]) -> Any:
    """What a call of the runtime gives.

    Raises:
        BackendError: it refused.
    """
    error, *values = answer
    if error != runtime.cudaError_t.cudaSuccess:
        _, text = runtime.cudaGetErrorString(error)
        words = text.decode() if isinstance(text, bytes) else str(text)
        raise BackendError(f"CUDA says: {words}")
    return values[0] if len(values) == 1 else tuple(values)
