"""The words every part of posetrack shares: poses, frames, skeletons, models, sessions.

Needs NumPy alone and imports nothing else of the package.
"""

from .annotations import Annotations
from .errors import (
    BackendError,
    CheckpointError,
    DownloadError,
    ModelFileError,
    PosetrackError,
    ResultFileError,
    SourceError,
)
from .flow_field import FlowField
from .frame import Frame
from .geometry import ImageTransform
from .model_spec import DecoderSpec, HeadSpec, InputSizing, ModelSpec
from .observation import Observation, Tracker, TrackerState
from .person_scores import PersonScores
from .poses import Poses, TrackState
from .session import DeviceSession, Session
from .session_options import SessionOptions
from .skeleton import COCO_17, CROWDPOSE_14, H36M_18, MPII_16, POSETRACK_15, SKELETONS, Skeleton

__all__ = [
    "COCO_17",
    "CROWDPOSE_14",
    "H36M_18",
    "MPII_16",
    "POSETRACK_15",
    "SKELETONS",
    "Annotations",
    "BackendError",
    "CheckpointError",
    "DecoderSpec",
    "DeviceSession",
    "DownloadError",
    "FlowField",
    "Frame",
    "HeadSpec",
    "ImageTransform",
    "InputSizing",
    "ModelFileError",
    "ModelSpec",
    "Observation",
    "PersonScores",
    "Poses",
    "PosetrackError",
    "ResultFileError",
    "Session",
    "SessionOptions",
    "Skeleton",
    "SourceError",
    "TrackState",
    "Tracker",
    "TrackerState",
]
