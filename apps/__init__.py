"""Commands, video in and out, drawing, reports."""

from .media.reading import read_images, read_video
from .media.sources import SourceCut, SourceDamaged

__all__ = ["SourceCut", "SourceDamaged", "read_images", "read_video"]
