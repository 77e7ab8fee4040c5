"""Videos from pipes: a silent one ends, and so does one at a signal."""

from __future__ import annotations

import os
import select
from pathlib import Path
from time import monotonic

from ...structures.closeable import Closeable
from .limits import SourceLimits

_SECONDS_BETWEEN_LOOKS = 0.1


class Pipe(Closeable):
    """What PyAV reads from a file that has no end of its own.

    Args:
        path: a pipe, a terminal, a device.
        limits: how long it may be silent, and when to stop.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, limits: SourceLimits) -> None:
        self._path, self._limits = path, limits
        self._number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.problem = ""  # why there is no more, in a sentence; empty where it just ended

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end, after too long a silence, and once a run is stopped."""
        seconds = self._limits.pipe_timeout_s or 0.0
        end = monotonic() + seconds
        while not self.problem:
            ready, _, _ = select.select([self._number], [], [], _SECONDS_BETWEEN_LOOKS)
            if self._limits.stopped():
                self.problem = f"{self._path}: interrupted while waiting for data"
            elif ready:
                return os.read(self._number, size)
            elif monotonic() > end:
                self.problem = f"{self._path} sent nothing for {seconds:g} s (--pipe-timeout)"
        return b""  # an error raised here would be printed by PyAV

    def close(self) -> None:
        """Close the file."""
        if self._number >= 0:
            os.close(self._number)
        self._number = -1
