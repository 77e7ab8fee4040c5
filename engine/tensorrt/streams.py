"""What a plan needs to run: streams, and on each the buffers and graph of every shape."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from ...structures import BackendError, ModelFileError
from .buffers import DeviceBuffers, Memory, Stream, bytes_of
from .library import TensorRt

# Shapes whose buffers and graph a stream keeps; each holds the working memory of a whole network.
_MAX_SHAPES = 4
# While work is recorded no other thread may wait for the whole GPU, as recording begins with.
_RECORDING = Lock()
# By TensorRT's names; its own function for this needs a NumPy that still has `np.bool`.
_DTYPES = {
    **{"FLOAT": np.float32, "HALF": np.float16, "UINT8": np.uint8, "BOOL": np.bool_},
    **{"INT32": np.int32, "INT64": np.int64},
}


class Array(NamedTuple):
    """An input or output; a side of -1 may be any."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class Network:
    """An engine and its inputs and outputs."""

    def __init__(self, engine: Any, library: TensorRt) -> None:
        self.engine = engine
        self._chooses_profile = not library.shares_profiles
        mode = library.module.TensorIOMode
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        arrays = [
            Array(
                name,
                np.dtype(_DTYPES[engine.get_tensor_dtype(name).name]),
                tuple(engine.get_tensor_shape(name)),
            )
            for name in names
        ]
        given = [engine.get_tensor_mode(name) == mode.INPUT for name in names]
        self.inputs = [one for one, is_input in zip(arrays, given, strict=True) if is_input]
        self.outputs = [one for one, is_input in zip(arrays, given, strict=True) if not is_input]

    def context(self, stream: Stream) -> Any:
        """A new context, with working memory for the largest shapes.

        Raises:
            BackendError: there is no memory for it.
        """
        context = self.engine.create_execution_context()
        if context is None:
            raise BackendError(f"TensorRT has no memory for another frame{_reason()}")
        if self._chooses_profile:  # only the first context gets it by itself
            context.set_optimization_profile_async(0, stream.number)
        return context


class PlanStream:
    """One call at a time: a stream, and what each shape of the inputs needs."""

    def __init__(self, network: Network, buffers: DeviceBuffers) -> None:
        self._network, self._buffers = network, buffers
        self.stream = buffers.stream()
        self._known: OrderedDict[tuple[tuple[int, ...], ...], Bound] = OrderedDict()

    def bound(self, shapes: dict[str, tuple[int, ...]]) -> Bound:
        """The buffers of these shapes; those of the last few are kept."""
        key = tuple(shapes[one.name] for one in self._network.inputs)
        if key not in self._known:
            if len(self._known) >= _MAX_SHAPES:
                self._known.popitem(last=False)
            self._known[key] = Bound(self._network, self._buffers, self.stream, shapes)
        self._known.move_to_end(key)
        return self._known[key]


class Bound:
    """Everything at its place for inputs of one shape.

    Attributes:
        memory: on the GPU, by the names of inputs and outputs.
        pinned: arrays on the host, likewise.
        outputs: with their shapes.
    """

    def __init__(
        self,
        network: Network,
        buffers: DeviceBuffers,
        stream: Stream,
        shapes: dict[str, tuple[int, ...]],
    ) -> None:
        self.stream, self._buffers = stream, buffers
        self._context = context = network.context(stream)
        for name, shape in shapes.items():
            if not context.set_input_shape(name, shape):
                raise ValueError(f"the plan takes no {name} of shape {shape}{_reason()}")
        self._inputs = [one._replace(shape=shapes[one.name]) for one in network.inputs]
        self.outputs = [
            one._replace(shape=_known_shape(one.name, context)) for one in network.outputs
        ]
        arrays = [*self._inputs, *self.outputs]
        self.memory: dict[str, Memory] = {
            one.name: buffers.memory(bytes_of(one.shape, one.dtype)) for one in arrays
        }
        self.pinned = {one.name: buffers.pinned(one.shape, one.dtype) for one in arrays}
        for name, memory in self.memory.items():
            context.set_tensor_address(name, memory.address)
        self._graphs: dict[str, Callable[[], None] | None] = {}

    def run_through_host(self) -> None:
        """Enqueue the network, between the copies of its pinned inputs and outputs."""
        self._enqueue("through host", self._through_host)

    def run_in_place(self) -> None:
        """Enqueue the network on what lies in its memory."""
        self._enqueue("in place", self._in_place)

    def _enqueue(self, what: str, work: Callable[[], None]) -> None:
        """Do work that is recorded the first time, once TensorRT has settled on what to do."""
        if what not in self._graphs:
            work()
            self._buffers.wait(self.stream)
            with _RECORDING:
                self._graphs[what] = self._buffers.recorded(self.stream, work)
            return
        (self._graphs[what] or work)()

    def _through_host(self) -> None:
        for one in self._inputs:
            self._buffers.to_gpu(self.memory[one.name], self.pinned[one.name], self.stream)
        self._in_place()
        for one in self.outputs:
            self._buffers.to_host(self.pinned[one.name], self.memory[one.name], self.stream)

    def _in_place(self) -> None:
        if not self._context.execute_async_v3(self.stream.number):
            raise BackendError(f"TensorRT failed{_reason()}")


def _known_shape(name: str, context: Any) -> tuple[int, ...]:
    shape = tuple(context.get_tensor_shape(name))
    if min(shape, default=0) < 0:
        raise ModelFileError(f"the shape of {name} is known only when the plan has run: {shape}")
    return shape


def _reason() -> str:
    from .log import LOG

    return LOG.reason
