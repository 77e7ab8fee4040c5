"""Arrays on their way between the host and the device where others lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..structures.arrays import AnyArray, Int32Array
from .devices import CPU, Device, device_of

__all__ = ["Constant", "concatenate", "leading_rows", "like", "rows_to_compute", "to_host"]


class Constant:
    """An array that never changes, with a copy on every device where it was needed.

    Args:
        array: NumPy's; whoever makes the constant no longer writes to it.
    """

    def __init__(self, array: AnyArray) -> None:
        self._copies: dict[str, AnyArray] = {CPU.name: np.ascontiguousarray(array)}

    @property
    def host(self) -> AnyArray:
        """NumPy's."""
        return self._copies[CPU.name]

    def beside(self, array: Any) -> AnyArray:
        """The constant on the device that the array lies on."""
        device = device_of({"array": array})
        if not device.lasts:
            return device.put(self.host)
        if device.name not in self._copies:
            self._copies[device.name] = device.put(self.host)
        return self._copies[device.name]


def like(array: Any, values: AnyArray) -> AnyArray:
    """NumPy values on the device that an array lies on."""
    return device_of({"array": array}).put(values)


def to_host(*arrays: Any) -> list[AnyArray]:
    """Arrays of one device as NumPy arrays; on a GPU the only step that waits for it."""
    return _device_of(arrays).fetch(arrays)


def concatenate(arrays: Sequence[Any], axis: int = 0) -> AnyArray:
    """Arrays of one device one after the other; a single one is returned as it is."""
    if len(arrays) == 1:
        one: AnyArray = arrays[0]
        return one
    return _device_of(arrays).concatenate(arrays, axis)


def rows_to_compute(counts: Int32Array | None, rows: int) -> int:
    """How many of so many rows must be worked on, where an image has `counts` people; None: all.

    On the CPU that is the largest count. To know it on a GPU, the host would have to wait for the
    GPU: there it is all rows.
    """
    if isinstance(counts, np.ndarray):
        return min(rows, int(counts.max(initial=0)))
    return rows


def leading_rows(counts: Int32Array | None, *arrays: AnyArray) -> list[AnyArray]:
    """Arrays (B, N, ...) cut to the rows that must be worked on; see `rows_to_compute`."""
    length = arrays[0].shape[1]
    rows = rows_to_compute(counts, length)
    if rows == length:
        return list(arrays)
    return [np.ascontiguousarray(array[:, :rows]) for array in arrays]  # on the CPU


def _device_of(arrays: Sequence[Any]) -> Device:
    return device_of({f"array {index}": array for index, array in enumerate(arrays)})
