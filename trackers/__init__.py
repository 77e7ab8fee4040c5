"""Poses over time -> the same poses with track ids, and the people among them."""

from .look_ahead import TrackedFrame
from .motion import MotionNoise
from .people import PeopleTracker
from .pose_tracker import PoseTracker
from .presets import PRESETS, WITH_FLOW, preset
from .tracker_config import TrackerConfig

__all__ = [
    "PRESETS",
    "WITH_FLOW",
    "MotionNoise",
    "PeopleTracker",
    "PoseTracker",
    "TrackedFrame",
    "TrackerConfig",
    "preset",
]
