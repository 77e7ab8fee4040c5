"""Flow between the frames of a video, in a thread beside the network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from ...structures import FlowField, Frame
from ...structures.arrays import AnyArray
from ...structures.closeable import Closeable
from ...trackers.flow import Flow


class FlowAhead(Closeable):
    """Works on frames as they are read, so that the tracker need not wait.

    Args:
        flow: finds it; None: there is none.

    Attributes:
        last: what is kept of the frame that was asked for last, to go on from; None before.
    """

    def __init__(self, flow: Flow | None) -> None:
        self._flow = flow
        self._fields: dict[int, Future[tuple[FlowField | None, AnyArray]]] = {}
        self._before: AnyArray | None = None  # of the thread
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="flow")
        self.last: AnyArray | None = None

    def go_on_from(self, last: AnyArray | None) -> None:
        """Begin behind the frame of which another one kept this, before any frame."""
        self._before = self.last = last

    def each(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames; whoever takes one may ask for its flow a little later, `of`."""
        if self._flow is None:
            yield from frames
            return
        for frame in frames:
            self._fields[frame.index] = self._pool.submit(self._work, self._flow, frame)
            yield frame

    def of(self, frame: Frame) -> FlowField | None:
        """From the frame before to this one, once; None for the first one."""
        if self._flow is None:
            return None
        field, self.last = self._fields.pop(frame.index).result()
        return field

    def close(self) -> None:
        """Forget the frames that nobody will ask for."""
        self._pool.shutdown(cancel_futures=True)

    def _work(self, flow: Flow, frame: Frame) -> tuple[FlowField | None, AnyArray]:
        before, now = self._before, flow.prepared(frame.image)
        self._before = now
        if before is None or before.shape != now.shape:
            return None, now
        size = (frame.image.shape[0], frame.image.shape[1])
        return flow.between(before, now, size), now
