"""Commands, video in and out, drawing, reports."""

from .media.reading import read_images, read_video

__all__ = ["read_images", "read_video"]
