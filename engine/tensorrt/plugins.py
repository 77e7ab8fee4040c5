"""Makes posetrack's plugins known to TensorRT: those in C++, or else those in Python."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ...kernels.graph_ops import DOMAIN
from ...kernels.native import is_built, path_of, tensorrt_plugins
from ...structures import BackendError
from ...structures.digest import sha256_of
from .library import TensorRt
from .log import LOG

_registered: list[Any] = []  # creators in Python, which TensorRT does not keep alive


@lru_cache(maxsize=1)
def use_plugins(library: TensorRt) -> None:
    """Register the plugins, once in a process.

    Raises:
        BackendError: there are none for this TensorRT, or it does not take them.
    """
    registry = library.module.get_plugin_registry()
    path = native_plugins(library)
    if path is not None:
        if not registry.load_library(str(path)):
            raise BackendError(f"TensorRT cannot load the plugins in {path}{LOG.reason}")
        return
    _check_python_plugins(library)
    from .python_plugins import creators

    _registered.extend(creators())
    for creator in _registered:
        registry.register_creator(creator, DOMAIN)


def plugins_sha256(library: TensorRt) -> str:
    """What a plan with plugins notes of them: their code, and that of the kernels.

    Raises:
        BackendError: there are none for this TensorRT.
    """
    path = native_plugins(library)
    if path is None:
        _check_python_plugins(library)
        path = Path(__file__).with_name("python_plugins.py")
    return sha256_of(path, Path(str(path_of("cuda"))))


def native_plugins(library: TensorRt) -> Path | None:
    """The library of plugins in C++; None where there is none for this TensorRT."""
    path = tensorrt_plugins()
    if path is None:
        return None
    entry = b"\0getCreators\0" if library.takes_python_plugins else b"\0getPluginCreators\0"
    return path if entry in path.read_bytes() else None  # to load it may register it


def _check_python_plugins(library: TensorRt) -> None:
    missing = (
        f"posetrack's plugins are not built for TensorRT {library.version}: reinstall posetrack "
        "where CUDA's nvcc is, with TENSORRT_ROOT naming the folder of TensorRT's include/"
    )
    if not library.takes_python_plugins:
        raise BackendError(f"{missing}; this version takes no plugins in Python")
    if not is_built("cuda"):
        raise BackendError(f"{missing}, or without it for plugins in Python")
