"""GPU memory by pycuda, which has no CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy.typing as npt
import pycuda.driver as driver

from ...structures import BackendError
from ...structures.arrays import AnyArray
from .buffers import Gpu, Memory, Stream


class PycudaBuffers:
    """See `DeviceBuffers`."""

    def __init__(self, number: int) -> None:
        with _refusing():
            driver.init()
            count = driver.Device.count()
            if number >= count:
                raise BackendError(f"{count} there")
            card = driver.Device(number)
            # the context that TensorRT, and all that uses CUDA's runtime, works in
            self._context = card.retain_primary_context()
            major, minor = card.compute_capability()
            self.gpu = Gpu(card.name(), f"{major}.{minor}")

    @contextmanager
    def current(self) -> Iterator[None]:
        """See `DeviceBuffers.current`."""
        self._context.push()
        try:
            with _refusing():
                yield
        finally:
            self._context.pop()

    def memory(self, size: int) -> Memory:
        """See `DeviceBuffers.memory`."""
        return _Memory(size)

    def pinned(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """See `DeviceBuffers.pinned`."""
        array: AnyArray = driver.pagelocked_empty(shape, dtype)
        return array

    def stream(self) -> Stream:
        """See `DeviceBuffers.stream`."""
        return _Stream()

    def to_gpu(self, memory: Memory, array: AnyArray, stream: Stream) -> None:
        """See `DeviceBuffers.to_gpu`."""
        driver.memcpy_htod_async(memory.address, array, _held(stream))

    def to_host(self, array: AnyArray, memory: Memory, stream: Stream) -> None:
        """See `DeviceBuffers.to_host`."""
        driver.memcpy_dtoh_async(array, memory.address, _held(stream))

    def wait(self, stream: Stream) -> None:
        """See `DeviceBuffers.wait`."""
        _held(stream).synchronize()

    def recorded(self, stream: Stream, work: Callable[[], None]) -> None:
        """None: pycuda has no graphs."""


class _Memory:
    def __init__(self, size: int) -> None:
        self._held = driver.mem_alloc(size)
        self.address = int(self._held)


class _Stream:
    def __init__(self) -> None:
        self.held = driver.Stream()
        self.number = int(self.held.handle)


def _held(stream: Stream) -> driver.Stream:
    assert isinstance(stream, _Stream)
    return stream.held


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except driver.Error as error:
        raise BackendError(f"CUDA says: {error}") from error
