"""Sources of frames, and writers of videos and images."""

from .reading import read_images, read_video
from .sources import SourceCut, SourceDamaged

__all__ = ["SourceCut", "SourceDamaged", "read_images", "read_video"]
