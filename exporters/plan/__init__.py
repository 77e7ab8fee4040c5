"""From an ONNX file to a TensorRT plan for the GPU of this machine."""

from .build import BuildOptions, build_plan, plan_files
from .kept import fitting_plan, kept_plan, options_for

__all__ = ["BuildOptions", "build_plan", "fitting_plan", "kept_plan", "options_for", "plan_files"]
