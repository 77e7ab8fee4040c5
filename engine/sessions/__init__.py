"""Which backend runs a model file: one line each, and the rule for `auto`."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path

from ...structures import Session

# backend: (library to import, pip extra, module and class here)
BACKENDS = {
    "onnxruntime": ("onnxruntime", "cpu", ".onnxruntime", "OnnxRuntimeSession"),
    "openvino": ("openvino", "openvino", ".openvino", "OpenVinoSession"),
}
PRECISIONS = ("fp32", "bf16")


def available_threads() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_backend(precision: str) -> str:
    """What `auto` means: OpenVINO for bfloat16, otherwise the first backend that is installed.

    Raises:
        RuntimeError: none is installed.
    """
    if precision == "bf16":
        return "openvino"
    for name, (library, *_) in BACKENDS.items():
        if importlib.util.find_spec(library) is not None:
            return name
    raise RuntimeError(
        "no runtime is installed: pip install 'posetrack[cpu]' (or 'posetrack[gpu]', whose "
        "build runs on the CPU too)"
    )


def open_session(
    path: Path,
    *,
    backend: str = "auto",
    precision: str = "fp32",
    threads: int = 0,
    parallel: int = 1,
) -> Session:
    """Load a model file.

    Args:
        path: the `.onnx` file.
        backend: `auto` or a key of `BACKENDS`.
        precision: one of `PRECISIONS`; never changed behind the caller's back.
        threads: CPU threads in all; 0 takes every CPU.
        parallel: calls of `run` that will be under way at once.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown backend or precision, a count out of range, or a file that is no
            model.
        RuntimeError: the backend is not installed or cannot compute in `precision` here.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if backend == "auto":
        backend = choose_backend(precision)
    if threads < 0 or parallel < 1:
        raise ValueError(
            f"threads must be at least 0 and parallel at least 1, got {threads} and {parallel}"
        )
    if backend not in BACKENDS:
        choices = ", ".join(("auto", *BACKENDS))
        raise ValueError(f"backend must be one of {choices}, got {backend!r}")
    library, extra, module, name = BACKENDS[backend]
    if importlib.util.find_spec(library) is None:
        raise RuntimeError(f"backend {backend} is not installed: pip install 'posetrack[{extra}]'")
    session_class = getattr(importlib.import_module(module, __package__), name)
    session: Session = session_class(
        path, precision=precision, threads=threads or available_threads(), parallel=parallel
    )
    return session
