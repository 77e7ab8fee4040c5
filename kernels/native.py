"""Where the native libraries lie, and which one of the CPU's suits the machine."""

from __future__ import annotations

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


def path_of(twin: Literal["cpu", "cuda"]) -> Traversable:
    """The installed library; that of the CPU twins for the highest level that the CPU has."""
    if twin == "cuda":
        return _installed(".", "cuda")
    here = [level for level in LEVELS if LEVELS[level] <= cpu_features()]
    built = (_installed(level, "cpu") for level in here)
    return next((path for path in built if path.is_file()), _installed(".", "cpu"))


@lru_cache(maxsize=1)
def cpu_features() -> frozenset[str]:
    """Instruction sets of the CPU that the operating system supports; empty if it does not say."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return frozenset()
    return frozenset(flags.split())


def _installed(folder: str, twin: str) -> Traversable:
    return resources.files(__package__).joinpath(f"{folder}/libposetrack_{twin}.so")
