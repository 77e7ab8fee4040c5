"""Frames for programs and for the commands: one function chooses what reads a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...structures import Frame, SourceError
from .images import DEFAULT_FPS, FolderSource, ImageSource, is_image
from .limits import DEFAULT_LIMITS, MAX_PIXELS, SourceLimits
from .sources import Source


def open_source(
    path: Path,
    fps: float = DEFAULT_FPS,
    *,
    same_size: bool = False,
    limits: SourceLimits = DEFAULT_LIMITS,
) -> Source:
    """The reader for a video, an image or a folder of images; the caller closes it.

    Args:
        path: file or folder.
        fps: images per second of a folder; sets their times.
        same_size: refuse images of a folder that differ in size, as a video must.
        limits: what the source may be.

    Raises:
        FileNotFoundError: there is nothing at the path.
        SourceError: it cannot be read, or is more than the limits allow.
    """
    if path.is_dir():
        return FolderSource(path, fps, same_size=same_size, limits=limits)
    if not path.exists():
        raise FileNotFoundError(no_source(path))
    limits.check_kind(path)
    if is_image(path):
        return ImageSource(path, limits)
    from .video import VideoSource  # PyAV is for videos alone

    return VideoSource(path, limits)


def no_source(path: Path) -> str:
    """What is wrong with a path where nothing is, in a sentence."""
    address = re.match(r"([a-z]+):/+(.+)", str(path))  # of which `Path` keeps one slash
    if address is None:
        return f"there is no file or folder {path}"
    return (
        f"{address[1]}://{address[2]} is an address, and live sources are not read yet: "
        "download it and name the file"
    )


def read_video(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Iterator[Frame]:
    """Frames of a video file as displayed, with their times, one in memory at a time.

    Args:
        path: file.
        max_pixels: of a frame; a larger one is refused before it is decoded.

    Raises:
        FileNotFoundError: there is no such file.
        SourceError: not a video; behind the last frame `SourceCut` or `SourceDamaged`, if frames
            or pieces of them are missing.
    """
    return _frames(path, ("video",), "a video: use read_images", max_pixels)


def read_images(
    path: str | Path, fps: float = DEFAULT_FPS, *, max_pixels: int = MAX_PIXELS
) -> Iterator[Frame]:
    """The image at a path, or the images of a folder in the order of their names.

    Args:
        path: file or folder.
        fps: images per second of a folder; sets their times.
        max_pixels: of an image; a larger one is refused before it is decoded.

    Raises:
        FileNotFoundError: there is nothing at the path.
        SourceError: no image, or no images in the folder; behind the last frame `SourceCut`, if
            some could not be read.
    """
    wanted = "an image or a folder of images: use read_video"
    return _frames(path, ("image", "images"), wanted, max_pixels, fps)


def _frames(
    path: str | Path,
    kinds: tuple[str, ...],
    wanted: str,
    max_pixels: int,
    fps: float = DEFAULT_FPS,
) -> Iterator[Frame]:
    """The frames of a source of some kinds; what is wrong with its start is raised at once."""
    source = open_source(Path(path), fps, limits=SourceLimits(max_pixels))
    if source.kind not in kinds:
        source.close()
        raise SourceError(f"{path} is not {wanted}")
    return _closing(source)


def _closing(source: Source) -> Iterator[Frame]:
    with source:
        yield from source.frames()
