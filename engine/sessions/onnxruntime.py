"""ONNX Runtime on the CPU and, where its build for CUDA is installed, on a GPU."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from ...kernels.library import library
from ...kernels.native import onnxruntime_operators, tensorrt_plugins
from ...structures import BackendError, ModelFileError, ModelSpec, SessionOptions
from ...structures.arrays import AnyArray
from ...structures.cache import cache_folder
from ...structures.closeable import Closeable
from ...structures.digest import sha256_of
from ...structures.model_spec import METADATA_KEY
from ...structures.session_inputs import check_inputs
from .our_operators import has_our_operators

_DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
_HANDS_OVER = hasattr(ort.OrtValue, "__dlpack__")
_ERRORS_ONLY, _NOTHING = 3, 4
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_TENSORRT = "TensorrtExecutionProvider"


class OnnxRuntimeSession(Closeable):
    """A network in ONNX Runtime, float32; `run` may be called from several threads at once.

    Args:
        path: the `.onnx` file.
        options: `auto` takes CUDA where this build has it and it loads; calls under way at once
            share the threads.

    Attributes:
        custom_ops: whether nodes of the file are run by posetrack's own operators.

    Raises:
        ModelFileError: the file is no model that ONNX Runtime can run.
        BackendError: a GPU was asked for that cannot be had.
    """

    backend = "onnxruntime"

    def __init__(self, path: Path, options: SessionOptions) -> None:
        self.custom_ops = has_our_operators(path) and onnxruntime_operators() is not None
        session, self.device = self._open(path, options)
        self._session: ort.InferenceSession | None = session
        unknown = {value.type for value in session.get_inputs()} - _DTYPES.keys()
        if unknown:
            raise ModelFileError(f"inputs must be one of {sorted(_DTYPES)}, {path} has {unknown}")
        self.input_types = {
            value.name: (
                _DTYPES[value.type],
                tuple(size if isinstance(size, int) else None for size in value.shape),
            )
            for value in session.get_inputs()
        }
        self.inputs = tuple(self.input_types)
        self.outputs = tuple(value.name for value in session.get_outputs())
        metadata = session.get_modelmeta().custom_metadata_map
        self.spec_json: str | None = metadata.get(METADATA_KEY)
        # a CPU computes files of less in float32
        in_less = self.spec_json is not None and self.device != "cpu"
        self.precision = ModelSpec.from_json(self.spec_json).precision if in_less else "fp32"

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.Session.run`."""
        check_inputs(arrays, self.input_types)
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
        check_inputs(arrays, self.input_types)
        session = self._open_session()
        binding = session.io_binding()
        array: Any
        for name, array in arrays.items():
            if isinstance(array, np.ndarray):
                binding.bind_cpu_input(name, array)
            else:
                dtype = self.input_types[name][0]
                binding.bind_input(name, kind, int(index), dtype, array.shape, array.data_ptr())
        for name in self.outputs:
            binding.bind_output(name, kind, int(index))
        # ONNX Runtime computes in a stream of its own
        torch.cuda.current_stream(int(index)).synchronize()
        with _running():
            session.run_with_iobinding(binding)
        values = binding.get_outputs()
        return dict(zip(self.outputs, map(torch.from_dlpack, values), strict=True))

    @staticmethod
    def _open(path: Path, options: SessionOptions) -> tuple[ort.InferenceSession, str]:
        """The session and the device that it runs on."""
        has_cuda = _CUDA in ort.get_available_providers()
        if options.gpu is not None and not has_cuda:
            raise BackendError(
                f"device {options.device} was asked for and onnxruntime is the build for the CPU "
                "here: pip uninstall onnxruntime, then pip install 'posetrack[gpu]'"
            )
        if options.device == "cpu" or not has_cuda:
            return _inference_session(path, options, [_CPU]), "cpu"
        try:
            return _on_gpu(path, options, [_cuda(options)])
        except BackendError:
            if options.gpu is not None:
                raise
        return _inference_session(path, options, [_CPU]), "cpu"  # fails if the file does

    def _open_session(self) -> ort.InferenceSession:
        if self._session is None:
            raise RuntimeError("the session is closed")
        return self._session

    def close(self) -> None:
        """Free the network."""
        self._session = None


class OnnxRuntimeTensorRtSession(OnnxRuntimeSession):
    """A network in ONNX Runtime whose TensorRT provider takes as much of it as it can, CUDA the
    rest; float32.

    The parts that TensorRT takes are built when they first run and kept in the cache folder. It
    takes operators of ours where its plugins are built.

    Args:
        path: the `.onnx` file.
        options: of these the GPU, the first one if none is named.

    Raises:
        ModelFileError: the file is no model that ONNX Runtime can run.
        BackendError: this build has no TensorRT provider, or it does not load.
    """

    backend = "onnxruntime-tensorrt"

    @staticmethod
    def _open(path: Path, options: SessionOptions) -> tuple[ort.InferenceSession, str]:
        if _TENSORRT not in ort.get_available_providers():
            raise BackendError(
                "onnxruntime is a build without TensorRT here: pip uninstall onnxruntime, then pip "
                "install 'posetrack[gpu]'"
            )
        plugins = tensorrt_plugins()
        # what is built is known by the graph alone, whose weights may be others
        content = sha256_of(path) if plugins is None else sha256_of(path, plugins)
        kept = cache_folder() / "onnxruntime-tensorrt" / content[:16]
        kept.mkdir(parents=True, exist_ok=True)
        chosen: dict[str, Any] = {
            "device_id": options.gpu or 0,
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(kept),
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": str(kept),
        }
        if plugins is not None:
            chosen["trt_extra_plugin_lib_paths"] = str(plugins)
        return _on_gpu(path, options, [(_TENSORRT, chosen), _cuda(options)])


@contextmanager
def _running() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # onnxruntime has no public base class for its errors
        raise BackendError(f"onnxruntime failed: {error}") from error


def _cuda(options: SessionOptions) -> tuple[str, dict[str, Any]]:
    """The CUDA provider, without TF32, which keeps 10 bits of 23."""
    return _CUDA, {"device_id": options.gpu or 0, "use_tf32": 0}


def _on_gpu(
    path: Path, options: SessionOptions, providers: list[tuple[str, dict[str, Any]]]
) -> tuple[ort.InferenceSession, str]:
    """A session with all of these providers, and its device.

    Raises:
        BackendError: one of them does not load.
    """
    # CUDA's libraries that pip installed are not on the loader's path
    getattr(ort, "preload_dlls", lambda: None)()
    (first, _), needs = providers[0], "CUDA and cuDNN"
    if first == _TENSORRT:
        needs = "CUDA, cuDNN and TensorRT"
    try:
        session = _inference_session(path, options, [*providers, _CPU])
        loaded = session.get_providers()
        missing = [name for name, _ in providers if name not in loaded]
        reason = f"onnxruntime {ort.__version__} could not load its libraries of {needs}"
    except ModelFileError as error:
        _inference_session(path, options, [_CPU])  # fails if the file does
        missing, reason = [first], str(error)
    device = f"cuda:{options.gpu or 0}"
    if not missing:
        return session, device
    raise BackendError(
        f"device {device} was asked for and cannot be had, {reason}: it needs a driver, {needs} of "
        "the versions that the release of onnxruntime names (pip install 'posetrack[gpu]' brings "
        f"CUDA and cuDNN){'' if first == _TENSORRT else ', or use --device cpu'}"
    )


def _inference_session(
    path: Path, options: SessionOptions, providers: list[Any]
) -> ort.InferenceSession:
    settings = ort.SessionOptions()
    # the pool is shared by all calls, and each caller works too
    settings.intra_op_num_threads = max(1, options.threads - options.parallel + 1)
    settings.log_severity_level = _ERRORS_ONLY if providers == [_CPU] else _NOTHING
    operators = onnxruntime_operators() if has_our_operators(path) else None
    try:
        if operators is not None:
            library("cpu")  # the one for this CPU, which an older loader would not choose
            settings.register_custom_ops_library(str(operators))
        # its own fallback prints on stdout
        return ort.InferenceSession(str(path), settings, providers=providers, enable_fallback=0)
    except Exception as error:  # onnxruntime has no public base class for its errors
        raise ModelFileError(f"onnxruntime cannot load {path}: {error}") from error
