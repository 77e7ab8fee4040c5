"""The libraries that a command needs beyond the base install."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from ..structures import BackendError

# pip extra -> what it brings that is imported here
_LIBRARIES = {
    "torch": ("torch", "safetensors"),
    "eval": ("faster_coco_eval",),
    "onnx": ("onnx",),
    "export": ("torch", "safetensors", "onnx", "onnxslim"),
}


def need_extra(command: str, extra: Literal["torch", "onnx", "export", "eval"]) -> None:
    """Check that the libraries of a pip extra are installed; none of them is imported.

    Raises:
        BackendError: some are missing; the message names them and the extra.
    """
    missing = [library for library in _LIBRARIES[extra] if find_spec(library) is None]
    if missing:
        needs = f"{command} needs {', '.join(missing)}"
        raise BackendError(f"{needs}: pip install 'posetrack[{extra}]'")
