"""Embeddings of detections from an .npz file: `<sequence>/embedding` (n, d), in file order."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ...structures import ResultFileError
from ...structures.arrays import AnyArray, Float32Array


class AppearanceFile:
    """The embeddings of some sequences.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: it is no .npz file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            file = np.load(path, allow_pickle=False)
            self._names: list[str] = file.files
        except (AttributeError, BadZipFile, EOFError, ValueError) as error:
            raise ResultFileError(f"{path}: not an .npz file of embeddings: {error}") from None
        self._file = file

    def sequence(self, name: str, count: int) -> Float32Array:
        """The (count, d) embeddings of a sequence.

        Raises:
            ResultFileError: the file has none of that name, or other than `count` finite rows.
        """
        key = f"{name}/embedding"
        if key not in self._names:
            known = [key.removesuffix("/embedding") for key in self._names if "/embedding" in key]
            raise ResultFileError(
                f"{self.path}: there is no {key!r}: it holds embeddings of "
                f"{', '.join(known[:3]) or 'no sequence'}{' ...' * (len(known) > 3)}"
            )
        try:
            array: AnyArray = self._file[key]
        except ValueError as error:
            raise ResultFileError(f"{self.path}: {key!r} cannot be read: {error}") from None
        if array.ndim != 2 or len(array) != count or not np.issubdtype(array.dtype, np.floating):
            raise ResultFileError(
                f"{self.path}: {key!r} must be {count} rows of numbers, one for each detection of "
                f"the file in its order, got {array.dtype} of shape {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ResultFileError(f"{self.path}: {key!r} must be finite numbers")
        return array.astype(np.float32)
