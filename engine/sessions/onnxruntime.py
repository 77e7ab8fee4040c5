"""ONNX Runtime on the CPU and, where its build for CUDA is installed, on a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from ...structures import BackendError, ModelFileError, SessionOptions
from ...structures.arrays import AnyArray
from ...structures.closeable import Closeable
from ...structures.model_spec import METADATA_KEY
from .inputs import check_inputs

_DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
_ERRORS_ONLY, _NOTHING = 3, 4
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxRuntimeSession(Closeable):
    """A network in ONNX Runtime, float32; `run` may be called from several threads at once.

    Args:
        path: the `.onnx` file.
        options: `auto` takes CUDA where this build has it and it loads; calls under way at once
            share the threads.

    Raises:
        ModelFileError: the file is no model that ONNX Runtime can run.
        BackendError: another precision than float32, or a GPU that cannot be had.
    """

    backend = "onnxruntime"

    def __init__(self, path: Path, options: SessionOptions) -> None:
        if options.precision != "fp32":
            raise BackendError(
                f"onnxruntime computes in fp32 here, not in {options.precision}: "
                "use backend openvino or precision fp32"
            )
        self.precision = options.precision
        session, self.device = _open(path, options)
        self._session: ort.InferenceSession | None = session
        unknown = {value.type for value in session.get_inputs()} - _DTYPES.keys()
        if unknown:
            raise ModelFileError(f"inputs must be one of {sorted(_DTYPES)}, {path} has {unknown}")
        self._expected = {
            value.name: (
                _DTYPES[value.type],
                tuple(size if isinstance(size, int) else None for size in value.shape),
            )
            for value in session.get_inputs()
        }
        self.inputs = tuple(self._expected)
        self.outputs = tuple(value.name for value in session.get_outputs())
        metadata = session.get_modelmeta().custom_metadata_map
        self.spec_json: str | None = metadata.get(METADATA_KEY)

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.Session.run`."""
        check_inputs(arrays, self._expected)
        session = self._session
        if session is None:
            raise RuntimeError("the session is closed")
        try:
            values = session.run(None, arrays)
        except Exception as error:  # onnxruntime has no public base class for its errors
            raise BackendError(f"onnxruntime failed: {error}") from error
        return dict(zip(self.outputs, values, strict=True))

    def close(self) -> None:
        """Free the network."""
        self._session = None


def _open(path: Path, options: SessionOptions) -> tuple[ort.InferenceSession, str]:
    """The session and the device that it runs on."""
    has_cuda = _CUDA in ort.get_available_providers()
    if options.gpu is not None and not has_cuda:
        raise BackendError(
            f"device {options.device} was asked for and onnxruntime is the build for the CPU here: "
            "pip uninstall onnxruntime, then pip install 'posetrack[gpu]'"
        )
    if options.device == "cpu" or not has_cuda:
        return _inference_session(path, options, [_CPU]), "cpu"
    gpu = options.gpu or 0
    # CUDA's libraries that pip installed are not on the loader's path
    getattr(ort, "preload_dlls", lambda: None)()
    session = _inference_session(path, options, [(_CUDA, {"device_id": gpu}), _CPU])
    if _CUDA in session.get_providers():
        return session, f"cuda:{gpu}"
    if options.gpu is None:
        return session, "cpu"
    raise BackendError(
        f"device {options.device} was asked for and onnxruntime {ort.__version__} could not load "
        "CUDA: it needs a driver, CUDA and cuDNN of the versions that its release names "
        "(`posetrack[gpu]` of pip brings the libraries), or use --device cpu"
    )


def _inference_session(
    path: Path, options: SessionOptions, providers: list[Any]
) -> ort.InferenceSession:
    settings = ort.SessionOptions()
    # the pool is shared by all calls, and each caller works too
    settings.intra_op_num_threads = max(1, options.threads - options.parallel + 1)
    settings.log_severity_level = _ERRORS_ONLY if providers == [_CPU] else _NOTHING
    try:
        return ort.InferenceSession(str(path), settings, providers=providers)
    except Exception as error:  # onnxruntime has no public base class for its errors
        raise ModelFileError(f"onnxruntime cannot load {path}: {error}") from error
