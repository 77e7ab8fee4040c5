"""The words every part of posetrack shares: poses, frames, skeletons, models, sessions.

Needs NumPy alone and imports nothing else of the package.
"""

from .frame import Frame
from .geometry import ImageTransform
from .model_spec import DecoderSpec, HeadSpec, InputSizing, ModelSpec, PersonScores
from .poses import Poses, TrackState
from .session import Session
from .skeleton import COCO_17, CROWDPOSE_14, H36M_18, MPII_16, POSETRACK_15, SKELETONS, Skeleton

__all__ = [
    "COCO_17",
    "CROWDPOSE_14",
    "H36M_18",
    "MPII_16",
    "POSETRACK_15",
    "SKELETONS",
    "DecoderSpec",
    "Frame",
    "HeadSpec",
    "ImageTransform",
    "InputSizing",
    "ModelSpec",
    "PersonScores",
    "Poses",
    "Session",
    "Skeleton",
    "TrackState",
]
