"""Ctrl-C and `kill`: the first is noted, so that files are closed; the second ends at once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_SIGNAL = 128  # plus the number of the signal is the exit code, as in shells


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """The numbers of the signals received in the block."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            sys.exit(EXIT_SIGNAL + number)

    # what is ignored from outside, as under nohup, stays ignored
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, note) for number in heard}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
