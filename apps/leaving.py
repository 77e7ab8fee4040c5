"""Signals before anything is under way: they end the process with one line and its exit code.

What this file imports is little, because until it works Python's own traceback answers Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_SIGNAL = 128  # plus the number of the signal is the exit code, as in shells


def leave_on_signals() -> None:
    """From here on a signal that nothing else notes ends the process."""
    for number in heard():
        signal.signal(number, _leave)


def heard() -> list[signal.Signals]:
    """The signals that are not ignored from outside, as under nohup."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def _leave(number: int, _frame: FrameType | None) -> None:
    _remove_partial_files()
    try:  # noqa: SIM105 - contextlib takes its time to import
        os.write(sys.stderr.fileno(), b"posetrack: interrupted\n")
    except (AttributeError, OSError):
        pass  # there is no stderr
    os._exit(EXIT_SIGNAL + number)


def _remove_partial_files() -> None:
    """Those that are being written, if anything has been written at all."""
    package = __name__.rpartition(".apps.")[0]
    files = sys.modules.get(f"{package}.structures.partial_file")
    for path in list(getattr(files, "under_way", ())):
        try:  # noqa: SIM105 - contextlib takes its time to import
            os.unlink(path)
        except OSError:
            pass  # it is not there yet, or no longer
