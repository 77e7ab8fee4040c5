"""The check that every backend makes before it runs: the right arrays, under the right names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..structures.arrays import AnyArray


def check_inputs(
    arrays: Mapping[str, AnyArray], expected: Mapping[str, tuple[npt.DTypeLike, int]]
) -> None:
    """Hold the arrays handed to `Session.run` against the network's inputs.

    Args:
        arrays: name -> array.
        expected: name -> (dtype, number of axes).

    Raises:
        ValueError: a name is missing or unknown, or a dtype or number of axes differs.
    """
    if arrays.keys() != expected.keys():
        raise ValueError(f"the network takes {sorted(expected)}, got {sorted(arrays)}")
    for name, (dtype, axes) in expected.items():
        array = arrays[name]
        if array.dtype != dtype or array.ndim != axes:
            raise ValueError(
                f"{name} must be {np.dtype(dtype)} with {axes} axes, "
                f"got {array.dtype} of shape {array.shape}"
            )
