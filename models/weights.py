"""Weight files as named tensors."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

# What NumPy, zipfile and torch raise for damaged files, single arrays and arrays of objects.
_UNREADABLE = (
    AttributeError,
    EOFError,
    OSError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Every array of an `.npz` file under its name, floats as float32.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an `.npz` file, or one that holds anything but plain arrays.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no weight file {path}")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: _as_float32(torch.from_numpy(arrays[name])) for name in arrays.files}
    except _UNREADABLE as error:
        raise ValueError(f"{path} is not a readable .npz file of plain arrays: {error}") from error


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
