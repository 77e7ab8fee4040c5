"""Annotations and predictions -> numbers: what a stranger can check.

Needs NumPy and SciPy; `oks_ap` needs faster-coco-eval too. Scores have the units of the official
tools: shares for COCO, CrowdPose and OCHuman, per cent for MPII and PoseTrack.
"""

from .tracking import ScoreSweep, TrackingEvaluation, TrackingScores, above
from .video_tracks import FrameError

__all__ = ["FrameError", "ScoreSweep", "TrackingEvaluation", "TrackingScores", "above"]
