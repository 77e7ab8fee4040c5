"""How much a source may ask for; all of it is known before anything is decoded."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from ...structures import SourceError
from .sources import Stopped, never

MAX_PIXELS = 100_000_000  # 300 MB as RGB


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """What a source may be."""

    max_pixels: int = MAX_PIXELS  # of one image or frame
    pipe_timeout_s: float | None = None  # how long a pipe may be silent; None takes no pipes
    stopped: Stopped = never  # asked while a pipe is silent

    def check_pixels(self, path: Path, size: tuple[int, int]) -> None:
        """Refuse a picture (H, W) that is too large.

        Raises:
            SourceError: with what to do.
        """
        height, width = size
        if height * width > self.max_pixels:
            raise SourceError(
                f"{path} measures {width}x{height}, more than {self.max_pixels / 1e6:g} million "
                f"pixels: allow it with --max-pixels {height * width} (3 bytes of memory each, "
                "several times over)"
            )

    def check_kind(self, path: Path) -> None:
        """Refuse what is no regular file, such as a pipe or a device, unless it was asked for.

        Raises:
            SourceError: with what to do.
        """
        if self.pipe_timeout_s is None and not is_regular(path):
            raise SourceError(
                f"{path} is not a regular file: use --pipe-timeout SECONDS to read a video from it"
            )


def is_regular(path: Path) -> bool:
    """Whether it is a file with an end, or a link to one."""
    return stat.S_ISREG(path.stat().st_mode)


DEFAULT_LIMITS = SourceLimits()
