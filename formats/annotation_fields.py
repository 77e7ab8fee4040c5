"""Fields of annotations as JSON files hold them, checked while they are read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ..structures import ResultFileError
from ..structures.arrays import Float64Array
from .json_stream import Item

_HUGE = 1e9  # pixels; no image is as large


class Fields:
    """One JSON object of a file; every reading method names file and place if something is wrong.

    Args:
        path: the file.
        place: of the object in it, such as `annotations[7]`; an item of the file has one.
        value: what was parsed there.
    """

    __slots__ = ("_place", "path", "value")

    def __init__(self, path: Path, place: str | Item, value: Any) -> None:
        self.path, self._place = path, place
        if not isinstance(value, dict):
            self.refuse(f"must be a JSON object, got {type(value).__name__}")
        self.value = value

    @staticmethod
    def of(path: Path, item: Item) -> Fields:
        """Those of an item of a file."""
        return Fields(path, item, item.value)

    @property
    def place(self) -> str:
        """Of the object in the file."""
        return self._place if isinstance(self._place, str) else self._place.place

    def refuse(self, problem: str) -> NoReturn:
        """Raise an error about this object."""
        raise ResultFileError(f"{self.path}: {self.place}: {problem}")

    def get(self, key: str) -> Any:
        """A value that must be there."""
        if key not in self.value:
            self.refuse(f"{key} is missing")
        return self.value[key]

    def integer(self, key: str) -> int:
        """A whole number of 64 bits that must be there."""
        return self.as_integer(key, self.get(key))

    def as_integer(self, name: str, value: Any) -> int:
        """A whole number of 64 bits."""
        if not _is_number(value) or not abs(value) < 1 << 63 or value != int(value):
            self.refuse(f"{name} must be a whole number, got {_short(value)}")
        return int(value)

    def number(self, key: str) -> float:
        """A number; NaN if there is none."""
        return self.as_number(key, self.value.get(key))

    def as_number(self, name: str, value: Any) -> float:
        """A finite number; NaN of None."""
        if value is None:
            return float("nan")
        if not _is_number(value) or not abs(value) <= sys.float_info.max:
            self.refuse(f"{name} must be a number, got {_short(value)}")
        return float(value)

    def items(self, key: str) -> list[Any]:
        """An array; empty if there is none."""
        value = self.value.get(key) or []
        if not isinstance(value, list):
            self.refuse(f"{key} must be an array, got {_short(value)}")
        return value

    def text(self, key: str) -> str:
        """A string; empty if there is none."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, str):
            self.refuse(f"{key} must be a string, got {value!r}")
        return value or ""

    def numbers(self, key: str, size: int, *, required: bool = False) -> Float64Array:
        """(size,) numbers; NaN if there are none and none are required."""
        value = self.get(key) if required else self.value.get(key)
        if value is None or (not required and isinstance(value, list) and not value):
            return np.full(size, np.nan)
        return self.array(key, value, size)

    def array(self, name: str, value: Any, size: int) -> Float64Array:
        """(size,) finite numbers from a list."""
        try:
            found = np.array(value, np.float64)
        except (TypeError, ValueError):
            self.refuse(f"{name} must be a list of numbers, got {_short(value)}")
        if found.shape != (size,):
            self.refuse(f"{name} must be {size} numbers, got {_count(found)}")
        if not (np.abs(found) < _HUGE).all():
            self.refuse(f"{name} must be finite numbers")
        return found

    def box(self, key: str) -> Float64Array:
        """(4,) x1, y1, x2, y2 from a list of x, y, width, height; NaN if there is none."""
        box = self.numbers(key, 4)
        if (box[2:] < 0).any():
            self.refuse(f"{key} must have a width and height of at least 0")
        box[2:] += box[:2]
        return box


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: Any) -> str:
    return repr(value)[:60]


def _count(array: Float64Array) -> str:
    return str(array.size) if array.ndim == 1 else f"an array of shape {array.shape}"


def number_rows(people: Sequence[Fields], key: str, size: int, *, required: bool) -> Float64Array:
    """(N, size) numbers under one key of every person; NaN where there are none and none must be.

    All are converted at once; only if that fails are they read one by one, to name the wrong one.
    """
    try:
        rows = np.array([person.value[key] for person in people], np.float64)
        if rows.shape == (len(people), size) and (np.abs(rows) < _HUGE).all():
            return rows
    except (KeyError, TypeError, ValueError):
        pass
    read = [person.numbers(key, size, required=required) for person in people]
    return np.array(read).reshape(len(people), size)


def box_rows(people: Sequence[Fields], key: str) -> Float64Array:
    """(N, 4) x1, y1, x2, y2 under one key of every person; NaN where there is no box."""
    rows = number_rows(people, key, 4, required=False)
    for row in np.flatnonzero((rows[:, 2:] < 0).any(axis=1)).tolist():
        people[row].refuse(f"{key} must have a width and height of at least 0")
    rows[:, 2:] += rows[:, :2]
    return rows
