"""Ctrl-C and `kill`: the first is noted, so that files are closed; the second ends at once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from .leaving import EXIT_SIGNAL, heard

T = TypeVar("T")

_SECONDS_BETWEEN_LOOKS = 0.1


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """The numbers of the signals received in the block."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            sys.exit(EXIT_SIGNAL + number)

    previous = {number: signal.signal(number, note) for number in heard()}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def unless_interrupted(work: Callable[[], T], received: list[int]) -> T | None:
    """The result of `work`, which is left behind as soon as a signal is received: None then.

    It runs in a thread of its own, because Python hears no signal before a native call returns.
    """
    from concurrent.futures import Future, wait
    from threading import Thread

    future: Future[T] = Future()

    def work_and_tell() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=work_and_tell, daemon=True).start()
    while not received and not future.done():
        wait([future], _SECONDS_BETWEEN_LOOKS)
    return None if received else future.result()
