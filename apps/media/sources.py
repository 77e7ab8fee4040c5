"""What a run reads: the common face of videos, images and folders of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal

from ...structures import Frame, SourceError
from ...structures.closeable import Closeable


class SourceCut(SourceError):
    """A source that ended before it should have; raised behind its last readable frame.

    Attributes:
        frames: how many could be read.
    """

    def __init__(self, message: str, frames: int) -> None:
        super().__init__(message)
        self.frames = frames


class SourceDamaged(SourceError):
    """Pieces of a source were lost on the way; raised behind its last frame."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What is known of a source before, and a little more after, its first frame."""

    width: int  # as displayed, pixels
    height: int
    fps: float  # nominal
    time_base: Fraction  # seconds per unit of pts
    rotation: int  # degrees counter-clockwise that were applied
    frames: int | None  # as the file claims; None where it does not

    def displayed(self, shape: tuple[int, ...], rotation: int) -> VideoFacts:
        """With the size that the first frame really has."""
        return replace(self, height=shape[0], width=shape[1], rotation=rotation)

    def as_json(self) -> dict[str, Any]:
        """The `video` entry of records and reports."""
        return {
            "width": self.width,
            "height": self.height,
            "fps": round(self.fps, 6),
            "time_base": f"{self.time_base.numerator}/{self.time_base.denominator}",
            "rotation": self.rotation,
            "frames": self.frames,
        }


class Source(Closeable):
    """Something that yields frames.

    Attributes:
        path: the file or folder.
        stem: names the folder of results.
        kind: `video`, `image` (one), or `images` (a folder).
        facts: complete once the first frame was read.
        names: of the images of a folder.
    """

    kind: ClassVar[Literal["video", "image", "images"]]
    facts: VideoFacts
    names: tuple[str, ...] = ()

    def __init__(self, path: Path, stem: str) -> None:
        self.path = path
        self.stem = stem

    def frames(self, limit: int | None = None) -> Iterator[Frame]:
        """Every frame that can be read, in order, or the first `limit` (from 1) of them.

        Raises:
            SourceError: there is none.
            SourceCut: behind the last frame, if there should have been more.
            SourceDamaged: behind the last frame, if pieces were lost on the way.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free what the source holds open."""
