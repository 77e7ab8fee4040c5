"""A text file that appears under its name only when it is whole."""

from __future__ import annotations

import os
from io import TextIOWrapper
from pathlib import Path

from ..structures import ResultFileError
from ..structures.partial_file import partial_path


class PartialFile:
    """Text streamed to `<path>.partial`, which becomes `path` if all went well.

    A reader finds a whole result or none: half a result would be read as worse poses. A run that
    fails, is interrupted or killed leaves the `.partial` file, which can be gone on with.

    Args:
        path: the file to make; an existing one stays until the new one is whole.
        length: bytes to keep of an earlier one, if it is gone on with.

    Raises:
        ResultFileError: the earlier one is not there, shorter, or a link.
    """

    def __init__(self, path: Path, length: int | None = None) -> None:
        self._path = path
        partial = partial_path(path)
        if length is None:
            self._file = partial.open("w", encoding="utf-8")
            return
        if path.exists() and not partial.exists():  # what came behind the last length is lost
            path.rename(partial)
        self._file = open_cut(partial, length)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._file.closed

    def write(self, text: str) -> None:
        """Append text."""
        self._file.write(text)

    def flush(self) -> int:
        """Hand all text to the system; the file's length in bytes."""
        return flushed_length(self._file)

    def close(self, complete: bool) -> None:
        """Give the file its name if it is complete."""
        self._file.close()
        if complete:
            partial_path(self._path).replace(self._path)


def open_cut(path: Path, length: int) -> TextIOWrapper:
    """A text file to append to, cut to its first bytes.

    Raises:
        ResultFileError: it is not there, shorter, or a link.
    """
    if path.is_symlink():
        raise ResultFileError(f"{path} is a link, and was none: use --overwrite to start again")
    if not path.exists():
        raise ResultFileError(f"{path} is not there any more: use --overwrite to start again")
    file = path.open("r+", encoding="utf-8")
    size = os.fstat(file.fileno()).st_size
    if size < length:
        file.close()
        raise ResultFileError(
            f"{path} has {size} bytes where {length} were written: use --overwrite to start again"
        )
    os.truncate(file.fileno(), length)
    file.seek(0, os.SEEK_END)
    return file


def flushed_length(file: TextIOWrapper) -> int:
    """Hand all text to the system; the file's length in bytes."""
    file.flush()
    return os.fstat(file.fileno()).st_size
