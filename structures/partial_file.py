"""Files that appear under their name only when they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = ".partial"


def partial_path(path: Path) -> Path:
    """Where a file is written until it is whole."""
    return path.with_name(path.name + SUFFIX)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield `<path>.partial` to write to: it becomes `path` on success, replacing an earlier file.

    On any exception the partial file is removed and an earlier `path` stays as it was.
    """
    complete = False
    try:
        yield partial_path(path)
        complete = True
    finally:
        settle(path, complete=complete)


def settle(path: Path, *, complete: bool) -> None:
    """Give the partial file of `path` its name, or remove it."""
    partial = partial_path(path)
    try:
        if complete:
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
