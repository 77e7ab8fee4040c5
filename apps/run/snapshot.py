"""What a stopped run needs to go on, kept beside its results while it is under way."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from time import perf_counter
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ...structures import Poses, ResultFileError
from ...structures.arrays import AnyArray
from ...structures.partial_file import whole_file

_SECONDS = (2.0, 10.0)  # between two snapshots, at least and at most
_SHARE = 0.01  # of a run's time that snapshots should take at most


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of a run behind one of its frames.

    Attributes:
        facts: for JSON.
        arrays: by name, without objects.
    """

    facts: dict[str, Any]
    arrays: dict[str, AnyArray]

    def save(self, path: Path) -> None:
        """Write it to a file, which is the earlier one or this one at any time.

        Raises:
            OSError: it cannot be written.
        """
        # in one piece: each array of an .npz takes as long as all these bytes
        places = [(name, array.dtype.str, array.shape) for name, array in self.arrays.items()]
        data = b"".join(array.tobytes() for array in self.arrays.values())
        facts = json.dumps({"facts": self.facts, "arrays": places}).encode()
        with whole_file(path) as partial, partial.open("wb") as file:
            np.savez(file, facts=np.frombuffer(facts, np.uint8), data=np.frombuffer(data, np.uint8))

    @staticmethod
    def load(path: Path) -> Snapshot:
        """Read a file; nothing in it is ever run.

        Raises:
            ResultFileError: it is not a snapshot.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                content, data = json.loads(file["facts"].tobytes()), file["data"].tobytes()
            return Snapshot(content["facts"], dict(_arrays(content["arrays"], data)))
        except (BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as error:
            raise ResultFileError(
                f"{path} is damaged: use --overwrite to start again ({error})"
            ) from error

    def part(self, prefix: str) -> dict[str, AnyArray]:
        """The arrays whose names begin so, without it."""
        return {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }


def _arrays(
    places: list[tuple[str, str, list[int]]], data: bytes
) -> Iterator[tuple[str, AnyArray]]:
    """Name and content of each array of a file; an array of objects is a ValueError."""
    start = 0
    for name, dtype, shape in places:
        end = start + math.prod(shape) * np.dtype(dtype).itemsize
        yield name, np.frombuffer(bytearray(data[start:end]), dtype).reshape(shape)
        start = end


class SnapshotPace:
    """Says when a snapshot is due: at once, then every two seconds, up to ten if it takes long."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def is_due(self) -> bool:
        """Whether it is time for the next."""
        return perf_counter() >= self._next_s

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Take one inside."""
        start = perf_counter()
        yield
        end = perf_counter()
        least, most = _SECONDS
        self._next_s = end + min(max((end - start) / _SHARE, least), most)


def packed(frames: Collection[Poses]) -> dict[str, AnyArray]:
    """The poses of several frames, which all have the same arrays or lack them, as a few arrays."""
    arrays: dict[str, AnyArray] = {"counts": np.array([len(poses) for poses in frames], np.int64)}
    for part in fields(Poses):
        values = [getattr(poses, part.name) for poses in frames]
        if values and values[0] is not None:
            arrays[part.name] = np.concatenate(values)
    return arrays


def unpacked(arrays: Mapping[str, AnyArray]) -> list[Poses]:
    """The poses of each frame, of which `packed` made the arrays."""
    counts = arrays["counts"]
    if not len(counts):
        return []
    names = [name for name in arrays if name != "counts"]
    split = [np.split(arrays[name], np.cumsum(counts)[:-1]) for name in names]
    return [Poses(**dict(zip(names, parts, strict=True))) for parts in zip(*split, strict=True)]
