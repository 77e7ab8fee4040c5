"""Loads the native libraries, and turns their status codes into exceptions."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from .contract import CONTRACTS, HOST, Argument, Contract
from .native import load, path_of

_OK, _INVALID_ARGUMENT, _CUDA_ERROR = 0, 1, 2
_TYPES = {
    "int64_t": ctypes.c_int64,
    "pt_dtype": ctypes.c_int32,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
}


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
        self._last_error = self._declare(f"pt_last_error_{twin}", [], ctypes.c_char_p)
        self._kernels: dict[str, Any] = {}  # two threads may declare one at once, the same way

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        """Run a kernel by its name without the twin's ending.

        Args:
            kernel: such as `pt_assign`.
            values: numbers and addresses in the order of its header; on CUDA, the stream is last.

        Raises:
            ValueError: the kernel refused an argument.
            RuntimeError: CUDA refused to run it, or the status is unknown.
        """
        function = self._kernels.get(kernel) or self._kernel(kernel)
        status = function(*values)
        if status != _OK:
            raise self._error(kernel, status, values)

    def scratch_bytes(self, kernel: str, numbers: Mapping[str, Any]) -> int:
        """Bytes of scratch that this twin of a kernel needs, 0 if none.

        Args:
            kernel: such as `pt_assign`.
            numbers: at least the arguments of its function that sizes the scratch.

        Raises:
            ValueError: a size is out of range.
        """
        sizes = _contract(kernel).scratch
        if sizes is None:
            return 0
        function = self._declare(
            f"{kernel}_scratch_bytes_{self.twin}", [_type(a) for a in sizes], ctypes.c_int64
        )
        values = [numbers[size.name] for size in sizes]
        needed = int(function(*values))
        if needed < 0:
            raise ValueError(f"{kernel}: {_with_value(self.last_error(), sizes, values)}")
        return needed

    def _error(self, kernel: str, status: int, values: Sequence[Any]) -> Exception:
        """What a status other than OK means, in the library's words."""
        text = self.last_error()
        if status == _CUDA_ERROR:
            return RuntimeError(f"{kernel}: CUDA refused to run it: {text}")
        if status != _INVALID_ARGUMENT:
            return RuntimeError(
                f"{kernel} returned the status {status}, which no header names: reinstall posetrack"
            )
        text = _with_value(text, _contract(kernel).arguments, values)
        return ValueError(f"{kernel}: {text}")

    def warm_up(self) -> None:
        """Load every CUDA kernel onto the current device, so that its first launch can be captured.

        Raises:
            RuntimeError: CUDA refused.
        """
        status = self._declare("pt_warm_up_cuda", [], ctypes.c_int32)()
        if status != _OK:
            raise RuntimeError(f"the CUDA kernels cannot be loaded: {self.last_error()}")

    def last_error(self) -> str:
        """Why the last call that failed on this thread did so, in the library's words."""
        text: bytes = self._last_error()
        return text.decode("utf-8", "replace")

    def _kernel(self, name: str) -> Any:
        types = [_type(argument) for argument in _contract(name).arguments]
        stream = [ctypes.c_void_p] if self.twin == "cuda" else []
        self._kernels[name] = self._declare(f"{name}_{self.twin}", types + stream, ctypes.c_int32)
        return self._kernels[name]

    def _declare(self, name: str, types: list[Any], result: Any) -> Any:
        function = getattr(self._native, name)
        function.restype, function.argtypes = result, types
        return function


def _contract(kernel: str) -> Contract:
    return CONTRACTS.get(kernel) or HOST[kernel]


def _with_value(text: str, arguments: Sequence[Argument], values: Sequence[Any]) -> str:
    """The library's words, with the value of the number that they begin with."""
    named = text.split(" ", 1)[0]
    for argument, value in zip(arguments, values, strict=False):
        if argument.name == named and not argument.pointer:
            wrong, colon, advice = text.partition(": ")
            return f"{wrong}, got {value}{colon}{advice}"
    return text


def _type(argument: Argument) -> Any:
    return ctypes.c_void_p if argument.pointer else _TYPES[argument.type]


@lru_cache(maxsize=2)
def library(twin: Literal["cpu", "cuda"]) -> Library:
    """The installed library, loaded on first use.

    Raises:
        RuntimeError: it was not built, or cannot be loaded.
    """
    return Library(str(path_of(twin)), twin)
