"""ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

from ...structures.arrays import AnyArray
from ...structures.closeable import Closeable
from ...structures.model_spec import METADATA_KEY
from .inputs import check_inputs

_DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
_ERRORS_ONLY = 3


class OnnxRuntimeSession(Closeable):
    """A network in ONNX Runtime, float32; `run` may be called from several threads at once.

    Args:
        path: the `.onnx` file.
        precision: only `fp32`.
        threads: CPU threads in all.
        parallel: calls of `run` that will be under way at once; they share the threads.

    Raises:
        ValueError: the file is no model that ONNX Runtime can run.
        RuntimeError: another precision was asked for.
    """

    backend = "onnxruntime"

    def __init__(self, path: Path, *, precision: str, threads: int, parallel: int) -> None:
        if precision != "fp32":
            raise RuntimeError(
                f"onnxruntime computes in fp32 on the CPU, not in {precision}: "
                "use backend openvino or precision fp32"
            )
        self.precision = precision
        options = ort.SessionOptions()
        # the pool is shared by all calls, and each caller works too
        options.intra_op_num_threads = max(1, threads - parallel + 1)
        options.log_severity_level = _ERRORS_ONLY
        try:
            session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has no public base class for its errors
            raise ValueError(f"onnxruntime cannot load {path}: {error}") from error
        self._session: ort.InferenceSession | None = session
        unknown = {value.type for value in session.get_inputs()} - _DTYPES.keys()
        if unknown:
            raise ValueError(f"inputs must be one of {sorted(_DTYPES)}, {path} has {unknown}")
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
            raise RuntimeError(f"onnxruntime failed: {error}") from error
        return dict(zip(self.outputs, values, strict=True))

    def close(self) -> None:
        """Free the network."""
        self._session = None
