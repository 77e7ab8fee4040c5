"""What the commands write to: streams that stop no job, and that libraries do not share."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any, TextIO

_STANDARD = (0, 1, 2)


class _LossyFile(io.RawIOBase):
    """An open file; what cannot be written to it is lost.

    Args:
        number: of the file descriptor.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self.error: OSError | None = None  # the first one

    def write(self, data: Any) -> int:
        """Write everything, or lose it."""
        left = memoryview(data).cast("B")
        total = len(left)
        try:
            while left:
                left = left[self._write_some(left) :]
        except OSError as error:
            self.error = self.error or error
        return total

    def _write_some(self, data: memoryview) -> int:
        try:
            return os.write(self._number, data)
        except BlockingIOError:  # whoever started us made the pipe so
            select.select([], [self._number], [])
            return 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """Of the file descriptor."""
        return self._number

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._number)


def open_streams(*, show_libraries: bool) -> None:
    """Take stdout and stderr for the command alone.

    A stream that is closed or full loses what is written to it, and characters that it cannot
    encode are escaped. What native libraries print goes to stderr or nowhere.

    Args:
        show_libraries: let libraries print, and warn.
    """
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    sys.stdout, sys.stderr = _stream(1, sys.stdout), _stream(2, sys.stderr)
    if not show_libraries:
        _silence(2)
        _ignore_warnings()
    os.dup2(2, 1)


def lost_output() -> str:
    """Why stdout lacks lines, empty where it does not; a reader that has seen enough is no loss."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    error = raw.error if isinstance(raw, _LossyFile) else None
    if error is None or isinstance(error, BrokenPipeError):
        return ""
    return f"stdout could not be written: {error.strerror}"


def _stream(number: int, like: TextIO | None) -> TextIO:
    """A stream of its own on an open file, in the encoding that Python chose."""
    buffer = io.BufferedWriter(_LossyFile(os.dup(number)))
    encoding = getattr(like, "encoding", None) or "utf-8"
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", line_buffering=True)


def _silence(number: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def _ignore_warnings() -> None:
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.disable()
