"""posetrack: from a trained PyTorch pose model to real-time tracked video."""

import os.path as _path

TYPE_CHECKING = False  # or `typing`, which takes its time
if TYPE_CHECKING:  # else each is imported when it is asked for, by `__getattr__`
    from .apps.media import SourceCut, SourceDamaged, read_images, read_video
    from .engine import EngineOptions, PoseEngine, TopDownEngine
    from .structures import (
        BackendError,
        CheckpointError,
        DownloadError,
        Frame,
        ModelFileError,
        ModelSpec,
        Observation,
        Poses,
        PosetrackError,
        ResultFileError,
        SessionOptions,
        Skeleton,
        SourceError,
        TrackState,
    )
    from .trackers import PeopleTracker, PoseTracker, TrackedFrame, TrackerConfig

__all__ = [
    "BackendError",
    "CheckpointError",
    "DownloadError",
    "EngineOptions",
    "Frame",
    "ModelFileError",
    "ModelSpec",
    "Observation",
    "PeopleTracker",
    "PoseEngine",
    "PoseTracker",
    "Poses",
    "PosetrackError",
    "ResultFileError",
    "SessionOptions",
    "Skeleton",
    "SourceCut",
    "SourceDamaged",
    "SourceError",
    "TopDownEngine",
    "TrackState",
    "TrackedFrame",
    "TrackerConfig",
    "read_images",
    "read_video",
]

_ROOMS = ("structures", "trackers", "engine", "apps.media")  # which hold those names
_HERE = _path.dirname(__file__)

# a Python started in the parent of a clone named posetrack
if __name__ == "posetrack" and _path.isfile(_path.join(_HERE, "pyproject.toml")):
    raise ImportError(
        f"this is posetrack's source tree ({_HERE}), not the installed package: "
        "run `pip install .` in it, or start Python in another folder"
    )


def __getattr__(name: str) -> object:
    """A public name; loading its room only now lets the command hear signals before NumPy loads."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    for room in (import_module(f".{room}", __name__) for room in _ROOMS):
        if name in room.__all__:
            globals()[name] = getattr(room, name)
            break
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
