"""What a run reads: the common face of videos, images and folders of images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from ...structures import Frame, SourceError
from ...structures.closeable import Closeable

Stopped: TypeAlias = Callable[[], bool]


def never() -> bool:
    """Reading is not to be stopped."""
    return False


@dataclass(frozen=True, slots=True)
class Part:
    """Which frames of a source are wanted; seconds count from its first frame, as in players."""

    start_s: float = 0.0
    end_s: float | None = None  # this time is left out; None = to the end
    limit: int | None = None  # so many of them at most, from 1
    skip: int = 0  # so many of them are known already: counted, but not given out
    unreadable: frozenset[str] = frozenset()  # names of images that are known to be so

    def is_over(self, seconds: float) -> bool:
        """Whether a time lies behind the part."""
        return self.end_s is not None and seconds >= self.end_s

    def length(self, frames: int | None, fps: float) -> int | None:
        """About how many frames it has, of a source with so many; None if nobody knows."""
        first = math.ceil(self.start_s * fps)
        ends = [frames, None if self.end_s is None else math.ceil(self.end_s * fps)]
        counts = [max(end - first, 0) for end in ends if end is not None]
        return min([*counts, *([] if self.limit is None else [self.limit])], default=None)

    def __str__(self) -> str:
        end = "" if self.end_s is None else f" to {self.end_s:g}"
        return f"from {self.start_s:g}{end} seconds"


WHOLE = Part()


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
        unreadable: names of the images so far that could not be read.
        notice: one sentence on what is odd and no loss, behind the last frame; else empty.
    """

    kind: ClassVar[Literal["video", "image", "images"]]
    facts: VideoFacts
    names: tuple[str, ...] = ()
    count: FrameCount = FrameCount()
    unreadable: tuple[str, ...] = ()
    notice: str = ""

    def __init__(self, path: Path, stem: str) -> None:
        self.path = path
        self.stem = stem

    @property
    def lost(self) -> int:
        """How many frames so far could not be read."""
        return len(self.unreadable)

    def frames(self, part: Part = WHOLE, stopped: Stopped = never) -> Iterator[Frame]:
        """Every frame that can be read, in order, or those of a part; indices are of the whole.

        Args:
            part: which of them.
            stopped: asked at every frame; once true no more come, and what lacks is not said.

        Raises:
            SourceError: there is none.
            ValueError: one image has no such part.
            SourceDamaged: behind the last frame, if some were lost; `SourceCut` if the end was.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free what the source holds open."""
