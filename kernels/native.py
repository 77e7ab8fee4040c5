"""Finds and loads the native libraries: the one for this CPU, if it fits this package."""

from __future__ import annotations

import ctypes
import re
from functools import lru_cache
from importlib import resources
from importlib.abc import Traversable
from pathlib import Path
from typing import Literal

# What a level of x86-64 needs, in the kernel's words; the folders are those of glibc's loader,
# which makes the same choice for programs that are linked with the library.
_X86_64_V3 = frozenset({"abm", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"})
_X86_64_V4 = _X86_64_V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
LEVELS = {
    "glibc-hwcaps/x86-64-v4": _X86_64_V4,
    "glibc-hwcaps/x86-64-v3": _X86_64_V3,
    ".": frozenset[str](),
}
_MISSING = {
    "cpu": "reinstall posetrack with a C++17 compiler on the machine",
    "cuda": "reinstall posetrack with CUDA's nvcc on the machine, or pass NumPy arrays",
}


def load(path: str | Path, twin: Literal["cpu", "cuda"]) -> ctypes.CDLL:
    """A shared library of kernels.

    Raises:
        RuntimeError: it cannot be loaded, or was built for another version of the C interface.
    """
    try:
        native = ctypes.CDLL(str(path))
    except OSError as error:
        raise RuntimeError(
            f"the {twin} kernels cannot be loaded ({error}): {_MISSING[twin]}"
        ) from error
    version = getattr(native, f"pt_abi_version_{twin}", lambda: 0)()
    if version != abi_version():
        raise RuntimeError(
            f"the {twin} kernels in {path} must have version {abi_version()} of the C interface, "
            f"got {version or 'one without a version'}: reinstall posetrack, or build them again"
        )
    return native


@lru_cache(maxsize=1)
def abi_version() -> int:
    """The version of the C interface that this package's headers declare."""
    text = resources.files(__package__).joinpath("include/posetrack/base.h").read_text("utf-8")
    found = re.search(r"#define PT_ABI_VERSION (\d+)", text)
    assert found is not None, "base.h has no PT_ABI_VERSION"
    return int(found[1])


def is_built(twin: Literal["cpu", "cuda"]) -> bool:
    """Whether this installation has the kernels of a kind of device."""
    return path_of(twin).is_file()


def onnxruntime_operators() -> Path | None:
    """The library of ONNX Runtime's operators; None where it was not built."""
    path = resources.files(__package__).joinpath("libposetrack_ort.so")
    return Path(str(path)) if path.is_file() else None


def tensorrt_plugins() -> Path | None:
    """The library of TensorRT's plugins; None where it was not built."""
    path = resources.files(__package__).joinpath("libposetrack_trt.so")
    return Path(str(path)) if path.is_file() else None


def path_of(twin: Literal["cpu", "cuda"]) -> Traversable:
    """The installed library; that of the CPU twins for the highest level that the CPU has."""
    if twin == "cuda":
        return installed(".", "cuda")
    here = [level for level in LEVELS if LEVELS[level] <= cpu_features()]
    built = (installed(level, "cpu") for level in here)
    return next((path for path in built if path.is_file()), installed(".", "cpu"))


@lru_cache(maxsize=1)
def cpu_features() -> frozenset[str]:
    """Instruction sets of the CPU that the operating system supports; empty if it does not say."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return frozenset()
    return frozenset(flags.split())


def installed(folder: str, twin: str) -> Traversable:
    """Where the library of a twin lies, in the folder of a level."""
    name = f"libposetrack_{twin}.so.{abi_version()}"
    return resources.files(__package__).joinpath(f"{folder}/{name}")
