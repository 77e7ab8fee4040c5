"""Poses over time -> the same poses with track ids."""

from .motion import MotionNoise
from .pose_tracker import PoseTracker, TrackerConfig

__all__ = ["MotionNoise", "PoseTracker", "TrackerConfig"]
