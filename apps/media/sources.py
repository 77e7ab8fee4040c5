"""What a run reads: the common face of videos, images and folders of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal

from ...structures import Frame
from ...structures.closeable import Closeable


class SourceError(ValueError):
    """A source that cannot be read; the message is one sentence for the user."""


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
        problem: one sentence if the source ended before it should have, once it was read.
        warning: one sentence if single frames were lost on the way.
    """

    kind: ClassVar[Literal["video", "image", "images"]]
    facts: VideoFacts

    def __init__(self, path: Path, stem: str) -> None:
        self.path = path
        self.stem = stem
        self.problem: str | None = None
        self.warning: str | None = None

    def frames(self) -> Iterator[Frame]:
        """Every frame, in order."""
        raise NotImplementedError

    def close(self) -> None:
        """Free what the source holds open."""
