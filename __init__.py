"""posetrack: from a trained PyTorch pose model to real-time tracked video."""

from pathlib import Path as _Path

if not (_Path(__file__).parent / "pyproject.toml").is_file():
    from .apps import SourceCut, SourceDamaged, read_images, read_video
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
elif __name__ == "posetrack":  # a Python started in the parent of a clone named posetrack
    raise ImportError(
        f"this is posetrack's source tree ({_Path(__file__).parent}), not the installed package: "
        "run `pip install .` in it, or start Python in another folder"
    )

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
