"""Which backend runs a model file: one line each in `BACKENDS`, and the rule for `auto`."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...structures import BackendError, Session, SessionOptions
from ...structures.plan_manifest import PLAN_SUFFIX
from ...structures.session_options import DEFAULT_SESSION


@dataclass(frozen=True, slots=True)
class Backend:
    """What must be known of a backend before its library is imported.

    Attributes:
        library: what is imported.
        suffixes: of the model files that it runs.
        devices: the kinds of device that it runs on, each with the pip extra that it needs there.
        precisions: that it computes in, on some device.
        session: `module:class`; the class takes the path and the `SessionOptions`.
    """

    library: str
    suffixes: tuple[str, ...]
    devices: Mapping[str, str]
    precisions: tuple[str, ...]
    session: str

    def runs(self, options: SessionOptions) -> bool:
        """Whether it has the device and the precision."""
        return options.precision in self.precisions and bool(self.extras(options))

    def extras(self, options: SessionOptions) -> list[str]:
        """What pip must install, for each kind of device that the options allow."""
        kind = options.device_kind
        return [extra for device, extra in self.devices.items() if kind in ("auto", device)]


# In the order in which `auto` looks for one.
BACKENDS = {
    "onnxruntime": Backend(
        library="onnxruntime",
        suffixes=(".onnx",),
        devices={"cpu": "cpu", "cuda": "gpu"},
        precisions=("fp32",),
        session=".onnxruntime:OnnxRuntimeSession",
    ),
    "onnxruntime-tensorrt": Backend(
        library="onnxruntime",
        suffixes=(".onnx",),
        devices={"cuda": "gpu"},
        precisions=("fp32",),
        session=".onnxruntime:OnnxRuntimeTensorRtSession",
    ),
    "openvino": Backend(
        library="openvino",
        suffixes=(".onnx",),
        devices={"cpu": "openvino"},
        precisions=("fp32", "bf16"),
        session=".openvino:OpenVinoSession",
    ),
    "tensorrt": Backend(
        library="tensorrt",
        suffixes=(PLAN_SUFFIX,),
        devices={"cuda": "tensorrt"},
        precisions=("fp32",),  # unless the plan was built for less
        session="..tensorrt.session:TensorRtSession",
    ),
}
PRECISIONS = tuple(dict.fromkeys(p for backend in BACKENDS.values() for p in backend.precisions))


def available_threads() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_backend(suffix: str, options: SessionOptions) -> str:
    """What `auto` means: the first installed backend that runs such files as the options ask.

    A suffix that no backend names goes to any of them: its library says what the file is not.

    Raises:
        BackendError: none is installed, or none can.
    """
    known = any(suffix in backend.suffixes for backend in BACKENDS.values())
    able = {
        name: backend
        for name, backend in BACKENDS.items()
        if (suffix in backend.suffixes or not known) and backend.runs(options)
    }
    for name, backend in able.items():
        if _installed(backend):
            return name
    asked = f"{suffix or 'files without a suffix'} in {_arithmetic(options)}"
    if not able:
        raise BackendError(f"no backend runs {asked}: choose another precision or device")
    raise BackendError(f"no runtime for {asked} is installed: {_advice(options, *able.values())}")


def open_session(path: Path, options: SessionOptions = DEFAULT_SESSION) -> Session:
    """Load a model file.

    Args:
        path: the file.
        options: what runs it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown backend or precision.
        ModelFileError: the backend cannot load the file.
        BackendError: the backend is not installed, or lacks the device or precision.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    precisions = {precision for backend in BACKENDS.values() for precision in backend.precisions}
    if options.precision not in precisions:
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}, got {options.precision!r}"
        )
    if options.backend not in ("auto", *BACKENDS):
        raise ValueError(
            f"backend must be one of {', '.join(('auto', *BACKENDS))}, got {options.backend!r}"
        )
    name = options.backend
    if name == "auto":
        name = choose_backend(path.suffix, options)
    backend = BACKENDS[name]
    _check(name, backend, options)
    _check_suffix(name, path)
    module, _, session_class = backend.session.partition(":")
    open_file = getattr(importlib.import_module(module, __package__), session_class)
    session: Session = open_file(
        path, replace(options, backend=name, threads=options.threads or available_threads())
    )
    return session


def _check(name: str, backend: Backend, options: SessionOptions) -> None:
    """Refuse what a backend asked for by name cannot do."""
    if not backend.runs(options):
        raise BackendError(
            f"backend {name} computes in {' or '.join(backend.precisions)} on "
            f"{' or '.join(backend.devices)}, not in {_arithmetic(options)}: "
            "choose another backend, device or precision"
        )
    if not _installed(backend):
        raise BackendError(f"backend {name} is not installed: {_advice(options, backend)}")


def _check_suffix(name: str, path: Path) -> None:
    """A plan is TensorRT's alone, and nothing else is; of other files the library says what is."""
    if PLAN_SUFFIX in BACKENDS[name].suffixes:
        if path.suffix == ".onnx":
            raise BackendError(
                f"backend {name} runs {PLAN_SUFFIX} files, not {path}: build one with "
                "`posetrack build`"
            )
    elif path.suffix == PLAN_SUFFIX:
        raise BackendError(f"backend {name} runs no {path}, a plan of TensorRT: choose another")


def _arithmetic(options: SessionOptions) -> str:
    """The precision, and the device if one was asked for."""
    where = "" if options.device == "auto" else f" on {options.device}"
    return options.precision + where


def _installed(backend: Backend) -> bool:
    return importlib.util.find_spec(backend.library) is not None


def _advice(options: SessionOptions, *backends: Backend) -> str:
    """The pip command for any of them."""
    extras = [f"'posetrack[{extra}]'" for backend in backends for extra in backend.extras(options)]
    return f"pip install {' or '.join(dict.fromkeys(extras))}"
