"""Whether the files that a run writes still lie where it writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...structures import ResultFileError


class Watch:
    """Notices that files under way were deleted, moved or replaced; nobody else would.

    Args:
        files: those that are there are watched.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = {file: os.stat(file) for file in files if file.exists()}

    def check(self) -> None:
        """Stop a run whose results would be lost.

        Raises:
            ResultFileError: a file is not there any more; nothing can be gone on with.
        """
        for file, known in self._files.items():
            try:
                same = os.path.samestat(os.stat(file), known)
            except (FileNotFoundError, NotADirectoryError):
                same = False
            if not same:
                raise ResultFileError(f"{file} was deleted while it was written: run it again")
