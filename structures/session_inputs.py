"""The check that every backend makes before it runs: the right arrays, under the right names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .arrays import AnyArray

# dtype and sizes of an input; None where the network takes any size
InputType: TypeAlias = tuple[npt.DTypeLike, tuple[int | None, ...]]


def check_inputs(arrays: Mapping[str, AnyArray], expected: Mapping[str, InputType]) -> None:
    """Hold the arrays handed to `Session.run` against the network's inputs.

    Args:
        arrays: name -> array.
        expected: name -> (dtype, shape).

    Raises:
        ValueError: a name is missing or unknown, or a dtype or shape differs.
    """
    if arrays.keys() != expected.keys():
        raise ValueError(f"the network takes {sorted(expected)}, got {sorted(arrays)}")
    for name, (dtype, shape) in expected.items():
        array = arrays[name]
        fits = array.ndim == len(shape) and all(
            want in (None, got) for want, got in zip(shape, array.shape, strict=True)
        )
        if str(array.dtype).removeprefix("torch.") != str(np.dtype(dtype)) or not fits:
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise ValueError(
                f"{name} must be {np.dtype(dtype)} of shape ({wanted}), "
                f"got {array.dtype} of shape {array.shape}"
            )
