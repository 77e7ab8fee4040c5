"""Calls of a session from several threads, joined into batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import TypeAlias

import numpy as np

from ..structures import DeviceSession, Session
from ..structures.arrays import AnyArray
from ..structures.closeable import Closeable

Arrays: TypeAlias = dict[str, AnyArray]
_Run: TypeAlias = Callable[[Arrays], Arrays]


class BatchingSession(Closeable):
    """A session that runs what several threads ask for at once.

    Nobody waits for a batch to fill: whoever comes while the session is busy is taken along in the
    next one. An image may so be computed together with others, which can change last bits. All
    inputs and outputs must have one entry for each image on their first axis.

    Args:
        session: runs the batches; closed together with this one.
        limit: calls in one batch, at most.

    Attributes:
        backend, device, precision, inputs, outputs, spec_json: the session's.
    """

    def __init__(self, session: Session, limit: int) -> None:
        self.backend, self.device, self.precision = (
            session.backend,
            session.device,
            session.precision,
        )
        self.inputs, self.outputs = session.inputs, session.outputs
        self.spec_json = session.spec_json
        self._session, self._limit = session, limit
        self._waiting: deque[_Call] = deque()
        self._changed = Condition()
        self._running = 0
        # on a GPU the next batch is copied there while one is computed
        self._most_running = 1 if session.device == "cpu" else 2

    def run(self, arrays: Arrays) -> Arrays:
        """See `structures.Session.run`; arrays of one batch may lie in common memory."""
        return self._answer(_Call(arrays, self._session.run))

    def run_on_device(self, arrays: Arrays) -> Arrays:
        """See `structures.DeviceSession.run_on_device`; inputs lie on the host."""
        session = self._session
        on_device = session.run_on_device if isinstance(session, DeviceSession) else session.run
        return self._answer(_Call(arrays, on_device))

    def _answer(self, call: _Call) -> Arrays:
        with self._changed:
            self._waiting.append(call)
            while not call.done:
                if self._waiting and self._running < self._most_running:
                    self._run_next()
                else:
                    self._changed.wait()
        if call.error is not None:
            raise call.error
        return call.result

    def _run_next(self) -> None:
        """Run the call that waits longest, and those that go with it; the lock is held."""
        batch = [self._waiting.popleft()]
        fitting = (call for call in self._waiting if call.kind == batch[0].kind)
        batch += [call for call, _ in zip(fitting, range(self._limit - 1), strict=False)]
        self._waiting = deque(call for call in self._waiting if call not in batch)
        self._running += 1
        self._changed.release()
        try:
            _run_together(batch)
        finally:
            self._changed.acquire()
            self._running -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Free the network."""
        self._session.close()


class _Call:
    """What one thread asks for."""

    def __init__(self, arrays: Arrays, run: _Run) -> None:
        self.arrays, self.run = arrays, run
        shapes = (f"{name} {array.shape[1:]} {array.dtype}" for name, array in arrays.items())
        self.kind = ("; ".join(sorted(shapes)), run)  # calls alike go together
        self.done = False
        self.result: Arrays = {}
        self.error: BaseException | None = None


def _run_together(batch: list[_Call]) -> None:
    """Run calls alike as one, and give each its part."""
    try:
        arrays = batch[0].arrays
        if len(batch) > 1:
            arrays = {name: np.concatenate([one.arrays[name] for one in batch]) for name in arrays}
        outputs = batch[0].run(arrays)
        first = 0
        for call in batch:
            last = first + len(next(iter(call.arrays.values())))
            call.result = {
                name: value if len(batch) == 1 else value[first:last]
                for name, value in outputs.items()
            }
            first = last
    except BaseException as error:
        for call in batch:
            call.error = error
    finally:
        for call in batch:
            call.done = True
