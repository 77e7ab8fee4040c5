"""OpenVINO on the CPU, the backend that can compute in bfloat16."""

from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino as ov

from ...structures import BackendError, ModelFileError, ModelSpec, SessionOptions
from ...structures.arrays import AnyArray
from ...structures.closeable import Closeable
from ...structures.model_spec import METADATA_KEY
from ...structures.session_inputs import check_inputs
from .our_operators import has_our_operators

# Without the hint OpenVINO takes bfloat16 by itself on a CPU that has it.
_HINTS = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoSession(Closeable):
    """A network in OpenVINO; `run` may be called from several threads at once.

    Args:
        path: the `.onnx` file.
        options: `bf16` needs a CPU that has it; calls under way at once share the threads.

    Raises:
        ModelFileError: the file is no model that OpenVINO can run.
        BackendError: this CPU cannot compute in the precision.
    """

    backend, device = "openvino", "cpu"

    def __init__(self, path: Path, options: SessionOptions) -> None:
        core, precision = ov.Core(), options.precision
        if precision == "bf16" and "BF16" not in core.get_property(
            "CPU", "OPTIMIZATION_CAPABILITIES"
        ):
            raise BackendError("this CPU has no bfloat16 arithmetic: use precision fp32")
        self.precision = precision
        try:
            model = core.read_model(_without_functions(path))
            place = ["framework", METADATA_KEY]
            self.spec_json: str | None = (
                model.get_rt_info(place).astype(str) if model.has_rt_info(place) else None
            )
            compiled = core.compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": _HINTS[precision],
                    "INFERENCE_NUM_THREADS": max(options.threads, options.parallel),
                    "NUM_STREAMS": options.parallel,
                    "ENABLE_CPU_PINNING": False,  # drawing and encoding want the cores too
                },
            )
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ModelFileError(f"openvino cannot load {path}: {reason}") from error
        _check_precision(path, self.spec_json, precision)
        self._requests: SimpleQueue[ov.InferRequest] | None = SimpleQueue()
        for _ in range(options.parallel):
            self._requests.put(compiled.create_infer_request())
        self.input_types = {
            value.get_any_name(): (
                np.dtype(value.get_element_type().to_dtype()),
                tuple(
                    size.get_length() if size.is_static else None
                    for size in value.get_partial_shape()
                ),
            )
            for value in model.inputs
        }
        self.inputs = tuple(self.input_types)
        self.outputs = tuple(value.get_any_name() for value in model.outputs)

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.Session.run`."""
        check_inputs(arrays, self.input_types)
        requests = self._requests
        if requests is None:
            raise RuntimeError("the session is closed")
        request = requests.get()
        try:
            # the same memory is filled again by the next frame, so the caller gets a copy
            result = request.infer(arrays, share_inputs=True, share_outputs=False)
            return {name: result[name] for name in self.outputs}
        except RuntimeError as error:
            raise BackendError(f"openvino failed: {error}") from error
        finally:
            requests.put(request)

    def close(self) -> None:
        """Free the network."""
        self._requests = None


def _without_functions(path: Path) -> Path | bytes:
    """A model file as it is, or its content if our operators in it had to be replaced.

    OpenVINO knows no functions, so they are inlined; that needs onnx, which other files do not.
    """
    if not has_our_operators(path):
        return path
    import onnx
    from google.protobuf.message import DecodeError

    from .inlining import inlined

    try:
        content: bytes = inlined(onnx.load(path)).SerializeToString()
    except DecodeError:  # OpenVINO says what the file is not
        return path
    return content


def _check_precision(path: Path, spec_json: str | None, precision: str) -> None:
    """OpenVINO has one precision for a whole file, and bfloat16 steps are 2 px above 256."""
    if precision != "fp32" and spec_json and ModelSpec.from_json(spec_json).gives_poses:
        raise BackendError(
            f"{path} finds its poses inside the file, where {precision} would round coordinates: "
            "export the head form, `posetrack export --post none`, or use precision fp32"
        )
