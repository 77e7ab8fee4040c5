"""Finds and loads the native library; declares each prototype once; status -> exception."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from importlib import resources
from typing import Any

_KINDS: dict[str, Any] = {
    "p": ctypes.c_void_p,
    "l": ctypes.c_int64,
    "f": ctypes.c_float,
    "d": ctypes.c_double,
    "z": ctypes.c_size_t,
    "s": ctypes.c_int32,  # pt_status
}

# name: result and arguments, one letter of _KINDS each, in the order of posetrack_kernels.h
PROTOTYPES = {
    "pt_size_image_scratch_bytes": ("z", "lllld"),
    "pt_size_image_cpu": ("s", "pppplllld"),
    "pt_center_nms_topk_scratch_bytes": ("z", "ll"),
    "pt_center_nms_topk_cpu": ("s", "pppppllllllff"),
    "pt_center_offset_decode_cpu": ("s", "ppplllllf"),
    "pt_gaussian_argmax_scratch_bytes": ("z", "lll"),
    "pt_gaussian_argmax_cpu": ("s", "pppppppllllll"),
    "pt_oks_matrix_cpu": ("s", "pppppplll"),
    "pt_oks_nms_cpu": ("s", "pppppllf"),
}

_STATUS = {1: "an argument is out of its documented range"}


@lru_cache(maxsize=1)
def cpu_library() -> ctypes.CDLL:
    """The library of CPU kernels, loaded on first use.

    Raises:
        RuntimeError: the package was installed without its native part.
    """
    path = resources.files(__package__).joinpath("libposetrack_cpu.so")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise RuntimeError(
            f"the native kernels cannot be loaded ({error}): reinstall posetrack with a C++17 "
            "compiler on the machine"
        ) from error
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = _KINDS[result]
        function.argtypes = [_KINDS[kind] for kind in arguments]
    return library


def call(name: str, *arguments: Any) -> None:
    """Run one kernel.

    Raises:
        ValueError: the kernel refused its arguments.
    """
    status: int = getattr(cpu_library(), name)(*arguments)
    if status != 0:
        raise ValueError(f"{name}: {_STATUS.get(status, f'status {status}')}")


def scratch_bytes(name: str, *arguments: Any) -> int:
    """Bytes of scratch that a kernel needs for these sizes."""
    size: int = getattr(cpu_library(), name)(*arguments)
    return size
