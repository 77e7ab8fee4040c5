"""Loads the native libraries, and turns their status codes into exceptions."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from .native import path_of
from .prototypes import LETTERS, SCRATCH, TWINS

_INVALID_ARGUMENT = 1
_CUDA_ERROR = 2
_MISSING = {
    "cpu": "reinstall posetrack with a C++17 compiler on the machine",
    "cuda": "reinstall posetrack with CUDA's nvcc on the machine, or pass NumPy arrays",
}


class Library:
    """The twins of all kernels for one kind of device.

    Args:
        path: of the shared library.
        twin: which twins it holds.

    Raises:
        RuntimeError: it cannot be loaded.
    """

    def __init__(self, path: str | Path, twin: Literal["cpu", "cuda"]) -> None:
        try:
            self._native = ctypes.CDLL(str(path))
        except OSError as error:
            raise RuntimeError(
                f"the {twin} kernels cannot be loaded ({error}): {_MISSING[twin]}"
            ) from error
        self.path = str(path)
        self.twin = twin
        self._functions: dict[str, Any] = {}

    def call(self, kernel: str, *arguments: Any) -> None:
        """Run a kernel by its name without the twin's ending.

        Raises:
            ValueError: the kernel refused its arguments.
            RuntimeError: CUDA refused to run it.
        """
        stream = "p" if self.twin == "cuda" else ""
        prototype = TWINS[kernel] + stream
        status = self._function(f"{kernel}_{self.twin}", prototype, ctypes.c_int32)(*arguments)
        if status == _INVALID_ARGUMENT:
            raise ValueError(f"{kernel}: an argument is out of its documented range")
        if status == _CUDA_ERROR:
            raise RuntimeError(f"{kernel}: CUDA did not start it; is the GPU one it was built for?")

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
