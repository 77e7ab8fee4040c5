"""From a network in PyTorch to the files that the engine runs."""

from .onnx import ExportOptions, export_onnx, files_of

__all__ = ["ExportOptions", "export_onnx", "files_of"]
