"""Files that appear under their name only when they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = ".partial"


def partial_path(path: Path) -> Path:
    """Where a file is written until it is whole; who finds it knows that somebody was killed."""
    return path.with_name(path.name + SUFFIX)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield `<path>.partial` to write to: it becomes `path` on success, replacing an earlier file.

    On any exception the partial file is removed and an earlier `path` stays as it was.
    """
    partial = partial_path(path)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
