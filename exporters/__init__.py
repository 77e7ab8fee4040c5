"""From a network in PyTorch to the files that the engine runs."""

from .onnx import export_onnx

__all__ = ["export_onnx"]
