"""Where the commands start: signals and streams first, everything heavy after them."""

from __future__ import annotations

import os
import sys

from .leaving import leave_on_signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_RUN = "run"
_LEAST_MEMORY_MB = 1024  # of addresses: with less, libraries crash while they load


def main() -> NoReturn:
    """The `posetrack` command."""
    _start(sys.argv[1:])


def main_run() -> NoReturn:
    """The `posetrack-run` command, short for `posetrack run`."""
    arguments = sys.argv[1:]
    _start(arguments if arguments == ["--version"] else [_RUN, *arguments])


def _start(arguments: list[str]) -> NoReturn:
    """Run a command and end the process, heard signals included, with its exit code."""
    leave_on_signals()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing large is multiplied here
    code = _execute(arguments)
    from .streams import lost_output

    lost = lost_output()
    if lost:
        from .sentences import say

        say(f"posetrack: {lost}")
        code = code or int(arguments[:1] != [_RUN])  # whose results are files
    os._exit(code)  # nothing that a library does at its end may change the code


def _execute(arguments: list[str]) -> int:
    from .sentences import say, sentence
    from .streams import open_streams

    try:
        open_streams(show_libraries="--debug" in arguments)
        _check_memory()
        from .main import execute

        return execute(arguments)
    except SystemExit as ended:  # a second signal
        return int(ended.code or 0)
    except Exception as error:  # libraries that cannot be loaded
        say(f"posetrack: {sentence(error)}")
        return 1


def _check_memory() -> None:
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed != resource.RLIM_INFINITY and allowed >> 20 < _LEAST_MEMORY_MB:
        raise OSError(
            f"this shell allows {allowed >> 20} MB of memory and {_LEAST_MEMORY_MB} MB are needed: "
            f"allow more with `ulimit -v {_LEAST_MEMORY_MB << 10}`"
        )
