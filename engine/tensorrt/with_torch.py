"""GPU memory by torch, whose tensors the kernels take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ...structures import BackendError
from ...structures.arrays import AnyArray
from .buffers import Gpu, Memory, Stream


class TorchBuffers:
    """See `TensorBuffers`."""

    def __init__(self, number: int) -> None:
        if not torch.cuda.is_available():
            raise BackendError("torch sees no GPU")
        if number >= torch.cuda.device_count():
            raise BackendError(f"{torch.cuda.device_count()} there")
        self._device = torch.device("cuda", number)
        major, minor = torch.cuda.get_device_capability(self._device)
        name = torch.cuda.get_device_name(self._device)
        self.gpu = Gpu(name, f"{major}.{minor}")

    @contextmanager
    def current(self) -> Iterator[None]:
        """See `DeviceBuffers.current`."""
        with torch.cuda.device(self._device):
            try:
                yield
            except RuntimeError as error:
                if isinstance(error, BackendError):
                    raise
                raise BackendError(f"CUDA says: {str(error).splitlines()[0]}") from error

    def memory(self, size: int) -> Memory:
        """See `DeviceBuffers.memory`."""
        return _Memory(torch.empty(size, dtype=torch.uint8, device=self._device))

    def pinned(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> AnyArray:
        """See `DeviceBuffers.pinned`."""
        array: AnyArray = torch.empty(shape, dtype=_kind(dtype), pin_memory=True).numpy()
        return array

    def stream(self) -> Stream:
        """See `DeviceBuffers.stream`."""
        return _Stream(torch.cuda.Stream(self._device))  # type: ignore[no-untyped-call]

    def to_gpu(self, memory: Memory, array: AnyArray, stream: Stream) -> None:
        """See `DeviceBuffers.to_gpu`."""
        with torch.cuda.stream(_held(stream)):
            there = _seen(memory, array.shape, array.dtype)
            there.copy_(torch.from_numpy(array), non_blocking=True)

    def to_host(self, array: AnyArray, memory: Memory, stream: Stream) -> None:
        """See `DeviceBuffers.to_host`."""
        with torch.cuda.stream(_held(stream)):
            there = _seen(memory, array.shape, array.dtype)
            torch.from_numpy(array).copy_(there, non_blocking=True)

    def wait(self, stream: Stream) -> None:
        """See `DeviceBuffers.wait`."""
        _held(stream).synchronize()

    def recorded(self, stream: Stream, work: Callable[[], None]) -> Callable[[], None] | None:
        """See `DeviceBuffers.recorded`."""
        graph, held = torch.cuda.CUDAGraph(), _held(stream)
        try:
            # other threads go on allocating meanwhile
            with torch.cuda.graph(graph, stream=held, capture_error_mode="thread_local"):
                work()
        except RuntimeError:  # of what cannot be recorded
            return None

        def launch() -> None:
            with torch.cuda.stream(held):
                graph.replay()

        return launch

    def take_in(self, memory: Memory, array: Any, stream: Stream) -> None:
        """See `TensorBuffers.take_in`."""
        held = _held(stream)
        held.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(held):
            _seen(memory, tuple(array.shape), _name(array.dtype)).copy_(array)
        array.record_stream(held)

    def hand_out(
        self, memory: Memory, shape: tuple[int, ...], dtype: npt.DTypeLike, stream: Stream
    ) -> Any:
        """See `TensorBuffers.hand_out`."""
        held, callers = _held(stream), torch.cuda.current_stream(self._device)
        tensor = torch.empty(shape, dtype=_kind(dtype), device=self._device)
        held.wait_stream(callers)  # whoever had this tensor's memory before is done with it
        with torch.cuda.stream(held):
            tensor.copy_(_seen(memory, shape, dtype))
        tensor.record_stream(held)
        callers.wait_stream(held)
        return tensor


class _Memory:
    def __init__(self, held: torch.Tensor) -> None:
        self.held = held
        self.address = held.data_ptr()


class _Stream:
    def __init__(self, held: torch.cuda.Stream) -> None:
        self.held = held
        self.number = int(held.cuda_stream)


def _held(stream: Stream) -> torch.cuda.Stream:
    assert isinstance(stream, _Stream)
    return stream.held


def _seen(memory: Memory, shape: tuple[int, ...], dtype: npt.DTypeLike) -> torch.Tensor:
    """Memory as a tensor."""
    assert isinstance(memory, _Memory)
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return memory.held[:size].view(_kind(dtype)).reshape(shape)


def _kind(dtype: npt.DTypeLike) -> torch.dtype:
    kind: torch.dtype = getattr(torch, np.dtype(dtype).name)
    return kind


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
