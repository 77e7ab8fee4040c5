"""Frames for programs: what the run command reads, as plain iterators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...structures import Frame
from .images import DEFAULT_FPS, FolderSource, ImageSource
from .sources import Source, SourceError
from .video import VideoSource


def read_video(path: str | Path) -> Iterator[Frame]:
    """Frames of a video file as displayed, with their times, one in memory at a time.

    Raises:
        FileNotFoundError: there is no such file.
        SourceError: not a video, or (after the last frame) one that was cut short.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no video {path}")
    return _frames(VideoSource(path))


def read_images(path: str | Path, fps: float = DEFAULT_FPS) -> Iterator[Frame]:
    """The image at a path, or the images of a folder in the order of their names.

    Args:
        path: file or folder.
        fps: images per second of a folder; sets their times.

    Raises:
        FileNotFoundError: there is nothing at the path.
        SourceError: no image, no images in the folder, or (after the last) one unreadable.
    """
    path = Path(path)
    if path.is_dir():
        return _frames(FolderSource(path, fps, same_size=False))
    if not path.exists():
        raise FileNotFoundError(f"there is no image or folder {path}")
    return _frames(ImageSource(path))


def _frames(source: Source) -> Iterator[Frame]:
    with source:
        yield from source.frames()
    if source.problem:
        raise SourceError(source.problem)
