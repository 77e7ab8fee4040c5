"""PyTorch as a backend: any network of `MODELS` without exporting it first."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import nn

from ..structures import BackendError, ModelSpec, SessionOptions
from ..structures.arrays import AnyArray
from ..structures.closeable import Closeable
from ..structures.session_inputs import InputType, check_inputs
from ..structures.session_options import DEFAULT_SESSION
from .companions import Companion
from .export_wrapper import ExportWrapper
from .torch_options import BACKEND, PRECISION, check_torch


class TorchSession(Closeable):
    """A network in PyTorch, float32; `run` may be called from several threads at once.

    Args:
        module: takes the one input and returns a tensor or a tuple of them.
        input_name: of the array that `run` takes.
        expected: dtype and shape of that array.
        outputs: names of what the module returns, in order.
        spec: of a network with heads; None for a companion.
        options: `auto` takes the first GPU if torch sees one; `threads` is torch's number per call,
            for the whole process, 0 leaves it as it is.

    Raises:
        ValueError: another backend was asked for.
        BackendError: another precision was asked for, or a GPU that torch does not see.
    """

    backend = BACKEND
    precision = PRECISION

    def __init__(
        self,
        module: nn.Module,
        input_name: str,
        expected: InputType,
        outputs: tuple[str, ...],
        spec: ModelSpec | None = None,
        options: SessionOptions = DEFAULT_SESSION,
    ) -> None:
        check_torch(options)
        self.device = _device(options)
        if self.device != "cpu":  # else convolutions keep 10 bits of 23
            torch.backends.cudnn.allow_tf32 = False
        if options.threads:
            torch.set_num_threads(options.threads)
        self._module: nn.Module | None = module.eval().to(self.device)
        self._expected = {input_name: expected}
        self.inputs = (input_name,)
        self.outputs = outputs
        self.spec_json = spec.to_json() if spec else None

    @staticmethod
    def of_network(
        network: nn.Module, spec: ModelSpec, options: SessionOptions = DEFAULT_SESSION
    ) -> TorchSession:
        """The head form: `image` (B, H, W, 3) uint8 RGB -> the heads of the spec."""
        outputs = tuple(head.name for head in spec.heads)
        wrapper = ExportWrapper(network, spec)
        crop = spec.sizing.crop or (None, None)
        expected = (np.uint8, (None, *crop, 3))
        return TorchSession(wrapper, "image", expected, outputs, spec, options)

    @staticmethod
    def of_companion(
        companion: Companion, options: SessionOptions = DEFAULT_SESSION
    ) -> TorchSession:
        """A further network that decoding needs: `features` float32 -> one array."""
        outputs = (companion.output,)
        expected = (np.float32, (None, *companion.feature_shape))
        return TorchSession(companion.module, "features", expected, outputs, options=options)

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.Session.run`."""
        return {name: value.cpu().numpy() for name, value in self._tensors(arrays).items()}

    def run_on_device(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """See `structures.DeviceSession.run_on_device`; on the CPU, arrays are NumPy's."""
        if self.device == "cpu":
            return self.run(arrays)
        return cast("dict[str, AnyArray]", self._tensors(arrays))

    def _tensors(self, arrays: dict[str, AnyArray]) -> dict[str, torch.Tensor]:
        if self._module is None:
            raise RuntimeError("the session is closed")
        check_inputs(arrays, self._expected)
        array: Any = arrays[self.inputs[0]]
        if not isinstance(array, torch.Tensor):
            array = torch.from_numpy(np.ascontiguousarray(array))
        with torch.inference_mode():
            values = self._module(array.to(self.device))
        if isinstance(values, torch.Tensor):
            values = (values,)
        return {n: value.contiguous() for n, value in zip(self.outputs, values, strict=True)}

    def close(self) -> None:
        """Free the network."""
        self._module = None


def _device(options: SessionOptions) -> str:
    """What torch calls the device."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if options.gpu is None:
        return "cuda:0" if options.device == "auto" and gpus else "cpu"
    if options.gpu < gpus:
        return f"cuda:{options.gpu}"
    built = "is built without CUDA" if torch.version.cuda is None else f"sees {gpus} GPUs"
    raise BackendError(
        f"device {options.device} was asked for and torch {torch.__version__} {built}: install a "
        "build for your driver, or use --device cpu"
    )
