"""ONNX Runtime on the CPU and, where its build for CUDA is installed, on a GPU."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from ...structures import BackendError, ModelFileError, SessionOptions
from ...structures.arrays import AnyArray
from ...structures.closeable import Closeable
from ...structures.model_spec import METADATA_KEY
from ...structures.session_inputs import check_inputs

_DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
_HANDS_OVER = hasattr(ort.OrtValue, "__dlpack__")
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
        BackendError: a GPU was asked for that cannot be had.
    """

    backend, precision = "onnxruntime", "fp32"

    def __init__(self, path: Path, options: SessionOptions) -> None:
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
        session = self._open_session()
        with _running():
            values = session.run(None, arrays)
        return dict(zip(self.outputs, values, strict=True))

    def run_on_device(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.DeviceSession.run_on_device`.

        On the CPU, where torch, whose tensors hold the arrays, is not imported, or where this
        release of ONNX Runtime cannot hand them over, everything goes through the host.
        """
        kind, _, index = self.device.partition(":")
        torch: Any = sys.modules.get("torch")
        if kind == "cpu" or torch is None or not _HANDS_OVER:
            return self.run(arrays)
        check_inputs(arrays, self._expected)
        session = self._open_session()
        binding = session.io_binding()
        array: Any
        for name, array in arrays.items():
            if isinstance(array, np.ndarray):
                binding.bind_cpu_input(name, array)
            else:
                dtype = self._expected[name][0]
                binding.bind_input(name, kind, int(index), dtype, array.shape, array.data_ptr())
        for name in self.outputs:
            binding.bind_output(name, kind, int(index))
        torch.cuda.current_stream().synchronize()  # ONNX Runtime computes in a stream of its own
        with _running():
            session.run_with_iobinding(binding)
        values = binding.get_outputs()
        return dict(zip(self.outputs, map(torch.from_dlpack, values), strict=True))

    def _open_session(self) -> ort.InferenceSession:
        if self._session is None:
            raise RuntimeError("the session is closed")
        return self._session

    def close(self) -> None:
        """Free the network."""
        self._session = None


@contextmanager
def _running() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # onnxruntime has no public base class for its errors
        raise BackendError(f"onnxruntime failed: {error}") from error


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
    # CUDA's libraries that pip installed are not on the loader's path
    getattr(ort, "preload_dlls", lambda: None)()
    cuda = (_CUDA, {"device_id": options.gpu or 0, "use_tf32": 0})  # TF32 keeps 10 bits of 23
    try:
        session = _inference_session(path, options, [cuda, _CPU])
        reason = f"onnxruntime {ort.__version__} could not load its CUDA libraries"
    except ModelFileError as error:
        session, reason = (
            _inference_session(path, options, [_CPU]),
            str(error),
        )  # fails if the file does
    if _CUDA in session.get_providers():
        return session, f"cuda:{options.gpu or 0}"
    if options.gpu is None:
        return session, "cpu"
    raise BackendError(
        f"device {options.device} was asked for and cannot be had, {reason}: it needs a driver, "
        "CUDA and cuDNN of the versions that the release of onnxruntime names "
        "(pip install 'posetrack[gpu]' brings the last two), or use --device cpu"
    )


def _inference_session(
    path: Path, options: SessionOptions, providers: list[Any]
) -> ort.InferenceSession:
    settings = ort.SessionOptions()
    # the pool is shared by all calls, and each caller works too
    settings.intra_op_num_threads = max(1, options.threads - options.parallel + 1)
    settings.log_severity_level = _ERRORS_ONLY if providers == [_CPU] else _NOTHING
    try:
        # its own fallback prints on stdout
        return ort.InferenceSession(str(path), settings, providers=providers, enable_fallback=0)
    except Exception as error:  # onnxruntime has no public base class for its errors
        raise ModelFileError(f"onnxruntime cannot load {path}: {error}") from error
