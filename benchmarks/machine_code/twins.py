"""The CUDA twins' machine code as a library for the host, which counts what it executes.

nvcc compiles the `.cu` files for one architecture; every instruction of the cubins becomes C++
(to_cpp.py). The kernels' host side is compiled over launch.h, so a call of a kernel
runs that translated code where a GPU would run the original.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posetrack.kernels import devices
from posetrack.kernels.library import Library

from .sass import MachineKernel, kernels_of
from .to_cpp import cpp_of

HERE = Path(__file__).resolve().parent
KERNELS = HERE.parents[1] / "kernels"
# where a block's shared memory and a kernel's arguments begin: in memory, in the constants
_BASES = {75: (0, 0x160), 80: (0, 0x160), 90: (0x400, 0x210)}


class Launched(ctypes.Structure):
    """What one launch cost; as in launch.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("blocks", ctypes.c_int64),
        ("threads", ctypes.c_int64),
        ("shared_bytes", ctypes.c_int64),
        ("warp_instructions", ctypes.c_uint64),
        ("lane_instructions", ctypes.c_uint64),
        ("most_of_block", ctypes.c_uint64),
        ("most_of_warp", ctypes.c_uint64),
    )


class _OnMachine(devices.Cpu):
    """NumPy arrays, but the CUDA twins' machine code works on them."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def library(self) -> Library:
        return self._library

    def call(self, kernel: str, values: Sequence[Any]) -> None:
        self._library.call(kernel, (*values, None))


@dataclass(frozen=True)
class MachineTwins:
    """The twins for one architecture.

    Attributes:
        architecture: such as 90.
        kernels: by their names, as Launched has them.
        library: what a call of a kernel runs.
    """

    architecture: int
    kernels: dict[str, MachineKernel]
    library: Library

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Calls with NumPy arrays run the machine code."""
        before = devices.CPU
        devices.CPU = _OnMachine(self.library)
        try:
            yield
        finally:
            devices.CPU = before

    def launches(self) -> list[Launched]:
        """All since the last call, in turn."""
        native = ctypes.CDLL(self.library.path)
        native.machine_launch.restype = Launched
        found = [native.machine_launch(i) for i in range(native.machine_launches())]
        native.machine_forget()
        return found


def build(folder: Path, architecture: int, sources: Sequence[str]) -> MachineTwins:
    """Compile and translate these `.cu` files, of float32 heads alone.

    Raises:
        SystemExit: a compiler fails, or an instruction is not known.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, MachineKernel] = {}
    objects = [_host_object(folder, KERNELS / "host" / "library.cpp")]
    objects.append(_host_object(folder, HERE / "launch.cpp"))
    for source in sources:
        objects.append(_host_object(folder, KERNELS / "cuda" / f"{source}.cu"))
        for kernel in kernels_of(_cubin(folder, architecture, source)):
            if "Half" not in kernel.name:
                found[kernel.name] = kernel
                objects.append(_machine_object(folder, kernel, architecture))
    output = folder / f"libposetrack_sm_{architecture}.so"
    _run("c++", "-shared", *objects, "-o", output)
    return MachineTwins(architecture, found, Library(output, "cuda"))


def _cubin(folder: Path, architecture: int, source: str) -> Path:
    output = folder / f"{source}.sm_{architecture}.cubin"
    options = ["-std=c++17", "--fmad=false", f"-arch=sm_{architecture}", "-cubin"]
    nvcc = os.environ.get("CUDACXX", "nvcc")
    _run(nvcc, *options, KERNELS / "cuda" / f"{source}.cu", "-o", output)
    return output


def _host_object(folder: Path, source: Path) -> Path:
    output = folder / f"host-{source.stem}.o"
    header = HERE / "launch.h"
    options = ["-std=c++17", "-O1", "-ffp-contract=off", "-fPIC", "-x", "c++"]
    defines = ["-DPT_TWIN=cuda", f'-DPT_CUDA_HEADER="{header}"']
    _run("c++", *options, *defines, "-c", source, "-o", output)
    return output


def _machine_object(folder: Path, kernel: MachineKernel, architecture: int) -> Path:
    name = "".join(c if c.isalnum() else "_" for c in kernel.name)
    source = folder / f"{name}.sm_{architecture}.cpp"
    source.write_text(cpp_of(kernel, *_BASES[architecture]), encoding="utf-8")
    output = source.with_suffix(".o")
    options = ["-std=c++17", "-O1", "-march=native", "-ffp-contract=off", "-frounding-math"]
    _run("c++", *options, "-fPIC", f"-I{HERE}", "-c", source, "-o", output)
    return output


def _run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-4000:]}")
