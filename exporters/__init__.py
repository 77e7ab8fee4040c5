"""From a network in PyTorch to the files that the engine runs, and what such a file holds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # else torch is imported when a name is asked for
    from .onnx import ExportOptions, check_output, export_onnx, files_of

__all__ = ["ExportOptions", "check_output", "export_onnx", "files_of"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(".onnx", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
