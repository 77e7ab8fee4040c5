"""Files that appear under their name only when they are whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = ".partial"
# Files that `whole_file` is writing: a signal that ends the process at once removes them.
under_way: set[str] = set()


def partial_path(path: Path) -> Path:
    """Where a file is written until it is whole."""
    return path.with_name(path.name + SUFFIX)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield `<path>.partial` to write to: it becomes `path` on success, replacing an earlier file.

    On any exception the partial file is removed and an earlier `path` stays as it was.
    """
    complete = False
    partial = partial_path(path)
    under_way.add(str(partial))
    try:
        yield partial
        complete = True
    finally:
        settle(path, complete=complete)
        under_way.discard(str(partial))


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty `<path>.partial` to fill: it becomes `path` on success, as `whole_file` does.

    On any exception it is removed and an earlier `path` stays as it was.
    """
    partial = partial_path(path)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def settle(path: Path, *, complete: bool) -> None:
    """Give the partial file of `path` its name, or remove it."""
    partial = partial_path(path)
    try:
        if complete:
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
