"""What the figures of a run or a benchmark were measured on."""

from __future__ import annotations

import platform
import resource
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import available_threads


def machine() -> dict[str, Any]:
    """What the figures of a run were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_name(),
        "cpus": available_threads(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def peak_memory_mb() -> int:
    """The most memory that this program has held so far.

    Where the system does not say that, what it was started from counts, too.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return (peaks or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] >> 10  # from kB


@cache
def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
