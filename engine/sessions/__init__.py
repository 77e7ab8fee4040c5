"""Which backend runs a model file: one line each in `BACKENDS`, and the rule for `auto`."""

from __future__ import annotations

import importlib
import importlib.util
import os
from dataclasses import dataclass, replace
from pathlib import Path

from ...structures import BackendError, Session, SessionOptions
from ...structures.session_options import DEFAULT_SESSION


@dataclass(frozen=True, slots=True)
class Backend:
    """What must be known of a backend before its library is imported.

    Attributes:
        library: what is imported.
        extra: of pip, that installs it.
        suffixes: of the model files that it runs.
        devices: kinds of device that it runs on.
        precisions: that it computes in, on some device.
        session: `module:class`; the class takes the path and the `SessionOptions`.
    """

    library: str
    extra: str
    suffixes: tuple[str, ...]
    devices: tuple[str, ...]
    precisions: tuple[str, ...]
    session: str


# In the order in which `auto` looks for one.
BACKENDS = {
    "onnxruntime": Backend(
        library="onnxruntime",
        extra="cpu",
        suffixes=(".onnx",),
        devices=("cpu", "cuda"),
        precisions=("fp32",),
        session=".onnxruntime:OnnxRuntimeSession",
    ),
    "openvino": Backend(
        library="openvino",
        extra="openvino",
        suffixes=(".onnx",),
        devices=("cpu",),
        precisions=("fp32", "bf16"),
        session=".openvino:OpenVinoSession",
    ),
}
PRECISIONS = ("fp32", "bf16")


def available_threads() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_backend(suffix: str, options: SessionOptions) -> str:
    """What `auto` means: the first installed backend that runs such files as the options ask.

    Of a suffix that no backend names it is the first one that runs any.

    Raises:
        BackendError: none is installed, or none can.
    """
    asked = f"{suffix or 'files without a suffix'} in {options.precision}"
    if options.device != "auto":
        asked += f" on {options.device}"
    known = any(suffix in backend.suffixes for backend in BACKENDS.values())
    able = {
        name: backend
        for name, backend in BACKENDS.items()
        if (suffix in backend.suffixes or not known)  # which says what is wrong with the file
        and options.precision in backend.precisions
        and options.device_kind in ("auto", *backend.devices)
    }
    for name, backend in able.items():
        if importlib.util.find_spec(backend.library) is not None:
            return name
    if not able:
        raise BackendError(f"no backend runs {asked}: choose another precision or device")
    extras = " or ".join(f"'posetrack[{backend.extra}]'" for backend in able.values())
    raise BackendError(
        f"no runtime for {asked} is installed: pip install {extras}, "
        "or 'posetrack[gpu]' for onnxruntime with CUDA"
    )


def open_session(path: Path, options: SessionOptions = DEFAULT_SESSION) -> Session:
    """Load a model file.

    Args:
        path: the file.
        options: what runs it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown backend or precision.
        ModelFileError: the backend cannot load the file.
        BackendError: the backend is not installed, or lacks the device or precision here.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    if options.precision not in PRECISIONS:
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}, got {options.precision!r}"
        )
    name = options.backend
    if name == "auto":
        name = choose_backend(path.suffix, options)
    if name not in BACKENDS:
        raise ValueError(
            f"backend must be one of {', '.join(('auto', *BACKENDS))}, got {options.backend!r}"
        )
    backend = BACKENDS[name]
    if importlib.util.find_spec(backend.library) is None:
        raise BackendError(
            f"backend {name} is not installed: pip install 'posetrack[{backend.extra}]'"
        )
    module, _, session_class = backend.session.partition(":")
    open_file = getattr(importlib.import_module(module, __package__), session_class)
    session: Session = open_file(
        path, replace(options, backend=name, threads=options.threads or available_threads())
    )
    return session
