"""What could not be written at the end is refused at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def check_files(output: Path, suffix: str, files: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse an output of which a file could not be written, or must not be replaced.

    Args:
        output: the file that the user names.
        suffix: that its name must have.
        files: all that belong to it.
        overwrite: whether earlier ones may be replaced.

    Raises:
        ValueError, FileNotFoundError, PermissionError, IsADirectoryError, FileExistsError: as said.
    """
    if output.suffix != suffix:
        raise ValueError(f"the output must be an {suffix} file, got {output}")
    check_place(output)
    for path in files:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder: choose another output")
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists: use --overwrite to replace it")


def check_place(path: Path) -> None:
    """Refuse a file that could not be written at the end.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError: there is no folder for it, it is one,
            or nobody may write into it.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: choose another output")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"{path.parent} cannot be written into: choose another folder")
