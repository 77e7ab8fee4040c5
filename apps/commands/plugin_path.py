"""`posetrack plugin-path`: where the library of TensorRT's plugins lies."""

from __future__ import annotations

import shlex

from ...kernels.native import tensorrt_plugins
from ...structures import BackendError
from ..sentences import printable, say


def plugin_path() -> None:
    """Print the path of the library of TensorRT's plugins, and how trtexec is told of it."""
    path = tensorrt_plugins()
    if path is None:
        raise BackendError(
            "TensorRT's plugins are not built here: reinstall posetrack where CUDA's nvcc is, with "
            "TENSORRT_ROOT naming the folder of TensorRT's include/"
        )
    print(printable(str(path)))
    plugins = shlex.quote(f"--dynamicPlugins={path}")
    say(f"trtexec --onnx=MODEL.onnx --saveEngine=MODEL.engine {plugins}")
