"""How long each stage of a run takes, frame by frame."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class StageTimes:
    """Collects seconds per stage; four bytes a frame and stage."""

    def __init__(self) -> None:
        self._seconds: dict[str, array[float]] = {}

    def add(self, seconds: Mapping[str, float]) -> None:
        """Take the times of one frame."""
        for stage, value in seconds.items():
            self._seconds.setdefault(stage, array("f")).append(value)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time what happens inside."""
        start = perf_counter()
        yield
        self.add({stage: perf_counter() - start})

    def each(self, stage: str, items: Iterable[T]) -> Iterator[T]:
        """Time how long each item takes to come."""
        iterator = iter(items)
        while True:
            start = perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            self.add({stage: perf_counter() - start})
            yield item

    def summary(self) -> dict[str, dict[str, float]]:
        """{stage: {"p50_ms", "p95_ms"}}."""
        result = {}
        for stage, seconds in self._seconds.items():
            median, high = np.percentile(np.frombuffer(seconds, np.float32), (50, 95)) * 1000
            result[stage] = {"p50_ms": round(float(median), 3), "p95_ms": round(float(high), 3)}
        return result
