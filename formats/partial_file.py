"""A text file that appears under its name only when it is whole."""

from __future__ import annotations

from pathlib import Path

from ..structures.partial_file import partial_path, settle


class PartialFile:
    """Text streamed to `<path>.partial`, which becomes `path` if all went well.

    A run that fails or is interrupted removes the `.partial` file, so a reader finds a whole
    result or none: half a result would be read as worse poses. A killed process leaves it behind;
    the next run overwrites it.

    Args:
        path: the file to make; an existing one stays until the new one is whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = partial_path(path).open("w", encoding="utf-8")

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._file.closed

    def write(self, text: str) -> None:
        """Append text."""
        self._file.write(text)

    def close(self, complete: bool) -> None:
        """Give the file its name, or remove it if it is not complete."""
        flushed = False
        try:
            self._file.close()
            flushed = True
        finally:
            settle(self._path, complete=complete and flushed)
