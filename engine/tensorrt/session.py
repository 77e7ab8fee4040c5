"""A plan on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue
from typing import Any, cast

import numpy as np

from ...kernels.native import is_built
from ...structures import ModelFileError, SessionOptions
from ...structures.arrays import AnyArray
from ...structures.closeable import Closeable
from ...structures.plan_manifest import PlanManifest, Profile
from ...structures.session_inputs import check_inputs
from .buffers import TensorBuffers, open_buffers
from .fit import check_fits
from .library import TensorRt, tensorrt
from .streams import Array, Bound, Network, PlanStream


class TensorRtSession(Closeable):
    """A TensorRT plan; `run` may be called from several threads at once.

    Each call under way has a stream of its own, with a context, pinned arrays, and for each shape
    of the input a CUDA graph of the copies and the network: while one frame is computed the next
    one is copied. What is copied is what the docstrings say, no more.

    Args:
        path: the `.engine` file, with its manifest beside it.
        options: of these the GPU (the first one if none is named), and how many calls will be under
            way at once; the precision is the plan's.

    Attributes:
        max_images: that one call may have.

    Raises:
        ModelFileError: no plan, a damaged one, or one that does not fit this machine.
        BackendError: TensorRT, its plugins or the GPU cannot be had.
    """

    backend = "tensorrt"

    def __init__(self, path: Path, options: SessionOptions) -> None:
        manifest = PlanManifest.beside(path)
        library, number = tensorrt(), options.gpu or 0
        spec = manifest.spec
        heads = spec is None or not spec.gives_poses
        buffers = open_buffers(number, tensors=heads and is_built("cuda"))
        check_fits(path, manifest, library, buffers)
        self.device = f"cuda:{number}"
        self.precision = manifest.precision
        self.spec_json = manifest.spec.to_json() if manifest.spec else None
        self._path, self._profiles, self._buffers = path, manifest.profiles, buffers
        with buffers.current():
            engine = _engine(path, manifest, library)
            self._network = network = Network(engine, library)
            # the last one used is the one that knows most shapes
            self._streams: LifoQueue[PlanStream] | None = LifoQueue()
            for _ in range(max(2, options.parallel)):
                self._streams.put(PlanStream(network, buffers))
        self._expected = {
            one.name: (one.dtype, tuple(None if side < 0 else side for side in one.shape))
            for one in network.inputs
        }
        self.inputs = tuple(one.name for one in network.inputs)
        if self._profiles.keys() != set(self.inputs):
            raise ModelFileError(f"{path.name}.json is not of this plan: build it again")
        self.max_images = min(profile.max[0] for profile in self._profiles.values())
        self.outputs = tuple(one.name for one in network.outputs)

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.Session.run`.

        Inputs are copied into pinned memory and from there to the GPU, outputs the same way back.
        """
        count = self._checked(arrays)
        if not count:
            return {one.name: np.empty(_none(one), one.dtype) for one in self._network.outputs}
        with self._bound(arrays) as bound:
            for name, array in arrays.items():
                np.copyto(bound.pinned[name][:count], array)
            bound.run_through_host()
            self._buffers.wait(bound.stream)
            return {name: bound.pinned[name][:count].copy() for name in self.outputs}

    def run_on_device(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.DeviceSession.run_on_device`.

        With torch: tensors are copied on the GPU into the buffers of a graph, and out of them.
        Where another library holds the memory everything goes through the host.
        """
        if not hasattr(self._buffers, "hand_out"):
            return self.run(arrays)
        buffers = cast("TensorBuffers", self._buffers)
        count = self._checked(arrays)
        with self._bound(arrays) as bound:
            array: Any
            for name, array in arrays.items():
                if isinstance(array, np.ndarray):
                    np.copyto(bound.pinned[name][:count], array)
                    buffers.to_gpu(bound.memory[name], bound.pinned[name], bound.stream)
                else:
                    buffers.take_in(bound.memory[name], array, bound.stream)
            bound.run_in_place()
            return {
                one.name: buffers.hand_out(
                    bound.memory[one.name], (count, *one.shape[1:]), one.dtype, bound.stream
                )
                for one in bound.outputs
            }

    def _checked(self, arrays: dict[str, AnyArray]) -> int:
        """How many images, or rows, these arrays hold.

        Raises:
            ValueError: they are not what the plan takes.
        """
        check_inputs(arrays, self._expected)
        (count,) = {int(array.shape[0]) for array in arrays.values()}
        for name, profile in self._profiles.items():
            shape = tuple(arrays[name].shape)
            if count and not profile.takes(shape):
                raise ValueError(_beyond(self._path, name, shape, profile))
        return count

    @contextmanager
    def _bound(self, arrays: dict[str, AnyArray]) -> Iterator[Bound]:
        """A stream with buffers for these arrays, whose earlier work is done.

        Few numbers of images have buffers, so that their graphs are used again; those that are
        asked for are the first ones.
        """
        shapes = {
            name: (profile.room_for(arrays[name].shape[0]), *arrays[name].shape[1:])
            for name, profile in self._profiles.items()
        }
        streams = self._streams
        if streams is None:
            raise RuntimeError("the session is closed")
        stream = streams.get()
        try:
            with self._buffers.current():
                self._buffers.wait(stream.stream)
                yield stream.bound(shapes)
        finally:
            streams.put(stream)

    def close(self) -> None:
        """Free the network, once calls under way have come to their end."""
        if self._streams is not None:
            with self._buffers.current():
                self._streams = None


def _none(output: Array) -> tuple[int, ...]:
    """The shape of an output of no images."""
    return (0, *(max(side, 0) for side in output.shape[1:]))


def _engine(path: Path, manifest: PlanManifest, library: TensorRt) -> Any:
    from .log import LOG

    if manifest.plugins:
        from .plugins import use_plugins

        use_plugins(library)
    runtime = library.module.Runtime(LOG)
    engine = runtime.deserialize_cuda_engine(path.read_bytes())
    if engine is None:
        raise ModelFileError(f"TensorRT cannot load {path}{LOG.reason}")
    return engine


def _beyond(path: Path, name: str, shape: tuple[int, ...], profile: Profile) -> str:
    smallest, largest = (" x ".join(map(str, one)) for one in (profile.min, profile.max))
    asked = " x ".join(map(str, shape))
    return (
        f"{path.name} takes {name} of {smallest} to {largest}, got {asked}: choose another --size, "
        "or build a plan for it with `posetrack build --batch MIN,OPT,MAX --size MIN,OPT,MAX`"
    )
