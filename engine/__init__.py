"""Image in, poses out, on any backend."""

from .pose_engine import DEFAULT_MODEL, EngineOptions, PoseEngine, model_path
from .sessions import BACKENDS, PRECISIONS, open_session

__all__ = [
    "BACKENDS",
    "DEFAULT_MODEL",
    "PRECISIONS",
    "EngineOptions",
    "PoseEngine",
    "model_path",
    "open_session",
]
