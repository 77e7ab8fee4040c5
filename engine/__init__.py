"""Image in, poses out, on any backend."""

from .engine_options import MAX_BATCH, MAX_PEOPLE, EngineOptions
from .network import model_path
from .parallel import find_poses, parallel_frames
from .pose_engine import DEFAULT_MODEL, PoseEngine
from .sessions import BACKENDS, PRECISIONS, available_threads, open_session
from .top_down_engine import TopDownEngine

__all__ = [
    "BACKENDS",
    "DEFAULT_MODEL",
    "MAX_BATCH",
    "MAX_PEOPLE",
    "PRECISIONS",
    "EngineOptions",
    "PoseEngine",
    "TopDownEngine",
    "available_threads",
    "find_poses",
    "model_path",
    "open_session",
    "parallel_frames",
]
