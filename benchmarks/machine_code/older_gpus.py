"""What a thread of each kernel takes on sm_70, for which NVRTC 12 still compiles.

pip install nvidia-cuda-nvrtc-cu12
"""

from __future__ import annotations

import ctypes
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .sass import sections, short_name
from .twins import KERNELS

_KERNEL = re.compile(
    r"(template\s*<([^>]*)>\s*)?__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)"
)


@cache
def _nvrtc() -> Any:
    spec = find_spec("nvidia.cuda_nvrtc")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return ctypes.CDLL(str(Path(folder) / "lib" / "libnvrtc.so.12"))
    raise SystemExit("there is no NVRTC 12: pip install nvidia-cuda-nvrtc-cu12")


def _check(status: int, what: str) -> None:
    if status != 0:
        raise SystemExit(f"NVRTC cannot {what}: status {status}")


def _instances(source: Path) -> list[bytes]:
    """Every kernel template, over float32."""
    found = _KERNEL.findall(source.read_text(encoding="utf-8"))
    return [
        f"posetrack::{name}<{', '.join(['float'] * len(types.split(',')))}>".encode()
        for template, types, name in found
        if template
    ]


def _cubin(source: Path, architecture: int) -> bytes:
    library, program = _nvrtc(), ctypes.c_void_p()
    text, name = source.read_bytes(), str(source).encode()
    made = library.nvrtcCreateProgram(ctypes.byref(program), text, name, 0, None, None)
    _check(made, "read the source")
    for instance in _instances(source):
        _check(library.nvrtcAddNameExpression(program, instance), "name a kernel")
    options = [f"--gpu-architecture=sm_{architecture}", "-std=c++17", "--fmad=false"]
    options.append(f"-I{source.parent}")
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    _check(library.nvrtcCompileProgram(program, len(options), given), f"compile {source.name}")
    size = ctypes.c_size_t()
    _check(library.nvrtcGetCUBINSize(program, ctypes.byref(size)), "give the code")
    code = ctypes.create_string_buffer(size.value)
    _check(library.nvrtcGetCUBIN(program, code), "give the code")
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return code.raw


def registers(source: str, architecture: int = 70) -> dict[str, int]:
    """Of every kernel of a `.cu` file, by its short name without types."""
    path = KERNELS / "cuda" / f"{source}.cu"
    return {
        short_name(section.name[len(".text.") :]).split("<")[0]: section.info >> 24
        for section in sections(_cubin(path, architecture))
        if section.name.startswith(".text.")
    }
