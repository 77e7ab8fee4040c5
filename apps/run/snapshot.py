"""What a stopped run needs to go on, kept beside its results while it is under way."""

from __future__ import annotations

import json
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

_FACTS = "facts"
_SECONDS = (2.0, 10.0)  # between two snapshots, at least and at most
_SHARE = 0.01  # of a run's time that snapshots should take at most


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of a run behind one of its frames.

    Attributes:
        facts: for JSON.
        arrays: by names other than `facts`.
    """

    facts: dict[str, Any]
    arrays: dict[str, AnyArray]

    def save(self, path: Path) -> None:
        """Write it to a file, which is the earlier one or this one at any time.

        Raises:
            OSError: it cannot be written.
        """
        facts = np.frombuffer(json.dumps(self.facts).encode(), np.uint8)
        with whole_file(path) as partial, partial.open("wb") as file:
            np.savez(file, **{_FACTS: facts}, **self.arrays)  # type: ignore[arg-type]

    @staticmethod
    def load(path: Path) -> Snapshot:
        """Read a file; nothing in it is ever run.

        Raises:
            ResultFileError: it is not a snapshot.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            return Snapshot(json.loads(arrays.pop(_FACTS).tobytes()), arrays)
        except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
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
