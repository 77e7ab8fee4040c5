"""Weight files as named tensors."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def read_weights(path: Path) -> dict[str, Tensor]:
    """Every array of an `.npz` file under its name, floats as float32.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an `.npz` file, or one that holds anything but plain arrays.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no weight file {path}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except (ValueError, EOFError, OSError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a readable .npz file of plain arrays: {error}") from error
