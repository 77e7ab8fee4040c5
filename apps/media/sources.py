"""What a run reads: the common face of videos, images and folders of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal

from ...structures import Frame, SourceError
from ...structures.closeable import Closeable


@dataclass(frozen=True, slots=True)
class FrameCount:
    """What a source should hold, and what could be read of it."""

    expected: int | None = None  # None where nobody knows
    decoded: int = 0
    damaged: int = 0  # of the decoded ones, with wrong parts
    missing: int = 0
    unreadable: tuple[str, ...] = ()  # names of images


class SourceDamaged(SourceError):
    """Parts of a source are lost; raised behind its last frame.

    Attributes:
        count: what was lost.
    """

    def __init__(self, message: str, count: FrameCount) -> None:
        super().__init__(message)
        self.count = count


class SourceCut(SourceDamaged):
    """The end of a source is lost; raised behind its last frame."""


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
        count: of the frames, complete behind the last one.
        notice: one sentence on what is odd and no loss, behind the last frame; else empty.
    """

    kind: ClassVar[Literal["video", "image", "images"]]
    facts: VideoFacts
    names: tuple[str, ...] = ()
    count: FrameCount = FrameCount()
    notice: str = ""

    def __init__(self, path: Path, stem: str) -> None:
        self.path = path
        self.stem = stem

    def frames(self, limit: int | None = None) -> Iterator[Frame]:
        """Every frame that can be read, in order, or the first `limit` (from 1) of them.

        Raises:
            SourceError: there is none.
            SourceDamaged: behind the last frame, if some were lost; `SourceCut` if the end was.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free what the source holds open."""
