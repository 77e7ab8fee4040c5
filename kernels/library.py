"""Loads the native libraries, and turns their status codes into exceptions."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from .native import load, path_of
from .prototypes import LETTERS, SCRATCH, TWINS

_OK, _INVALID_ARGUMENT, _CUDA_ERROR = 0, 1, 2


class Library:
    """The twins of all kernels for one kind of device.

    Args:
        path: of the shared library.
        twin: which twins it holds.

    Raises:
        RuntimeError: it cannot be loaded, or was built for another version of the C interface.
    """

    def __init__(self, path: str | Path, twin: Literal["cpu", "cuda"]) -> None:
        self._native = load(path, twin)
        self.path = str(path)
        self.twin = twin
        self._functions: dict[str, Any] = {}

    def call(self, kernel: str, *arguments: Any) -> None:
        """Run a kernel by its name without the twin's ending.

        Raises:
            ValueError: the kernel refused its arguments.
            RuntimeError: CUDA refused to run it, or the status is unknown.
        """
        stream = "p" if self.twin == "cuda" else ""
        prototype = TWINS[kernel] + stream
        status = self._function(f"{kernel}_{self.twin}", prototype, ctypes.c_int32)(*arguments)
        if status == _INVALID_ARGUMENT:
            raise ValueError(f"{kernel}: an argument is out of its documented range")
        if status == _CUDA_ERROR:
            raise RuntimeError(f"{kernel}: CUDA refused to run it: {self.last_error()}")
        if status != _OK:
            raise RuntimeError(
                f"{kernel} returned the status {status}, which no header names: reinstall posetrack"
            )

    def warm_up(self) -> None:
        """Load every CUDA kernel onto the current device, so that its first launch can be captured.

        Raises:
            RuntimeError: CUDA refused.
        """
        status = self._function("pt_warm_up_cuda", "", ctypes.c_int32)()
        if status != _OK:
            raise RuntimeError(f"the CUDA kernels cannot be loaded: {self.last_error()}")

    def last_error(self) -> str:
        """Why the last call that failed on this thread did so, in the library's words."""
        text: bytes = self._function(f"pt_last_error_{self.twin}", "", ctypes.c_char_p)()
        return text.decode("utf-8", "replace")

    def scratch_bytes(self, kernel: str, *sizes: Any) -> int:
        """Bytes of scratch that a kernel needs; the CPU's library knows those of both twins."""
        name = f"{kernel}_scratch_bytes"
        return int(self._function(name, SCRATCH[kernel], ctypes.c_size_t)(*sizes))

    def _function(self, name: str, arguments: str, result: Any) -> Any:
        """A function of the library; two threads may declare it at once, both the same way."""
        function = self._functions.get(name)
        if function is None:
            function = getattr(self._native, name)
            function.restype = result
            function.argtypes = [LETTERS[letter] for letter in arguments]
            self._functions[name] = function
        return function


@lru_cache(maxsize=2)
def library(twin: Literal["cpu", "cuda"]) -> Library:
    """The installed library, loaded on first use.

    Raises:
        RuntimeError: it was not built, or cannot be loaded.
    """
    return Library(str(path_of(twin)), twin)
