"""One call of a kernel, and the pieces that inputs are made of."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

PEOPLE = (1, 5, 30, 300)
BATCHES = (1, 3)
COUNTS = np.array([2, -1, 9], np.int32)  # how many rows of three images count
NAN, INF = np.float32(np.nan), np.float32(np.inf)
FLOAT_MAX = np.finfo(np.float32).max


@dataclass(frozen=True)
class Case:
    """One call of a kernel, and how far its results may lie from the reference's.

    Attributes:
        name: says what is special about it.
        arguments: by the names of the kernel's parameters.
        rtol, atol: of results that are floats; integers, flags and bytes are always exact.
        check: (arguments, results, the reference's results) -> None, instead of the comparison.
        half: heads that the twins get as float16; the reference gets the same values as float32.
    """

    name: str
    arguments: dict[str, Any]
    rtol: float = 0.0
    atol: float = 0.0
    check: Callable[[dict[str, Any], Any, Any], None] | None = None
    half: tuple[str, ...] = ()

    @property
    def given(self) -> dict[str, Any]:
        """The arguments as the twins get them."""
        halves = {name: self.arguments[name].astype(np.float16) for name in self.half}
        return self.arguments | halves


def in_half(case: Case, *heads: str) -> Case:
    """The case with these heads in float16; values are rounded to what that can say."""
    with np.errstate(over="ignore"):
        rounded = {name: np.float32(np.float16(case.arguments[name])) for name in heads}
    return replace(
        case, name=f"float16, {case.name}", arguments=case.arguments | rounded, half=heads
    )


def rng(seed=0):
    return np.random.default_rng(seed)


def picture(height, width, seed=0):
    return rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def blobs(batch, channels, height, width, seed=0):
    """(B, C, h, w) heatmaps in [0, 1): noise and a few bumps, as networks make them."""
    random = rng(seed)
    maps = random.random((batch, channels, height, width)) * 0.05
    rows, columns = np.arange(height)[:, None], np.arange(width)
    for heat in maps.reshape(-1, height, width):
        for _ in range(4):
            y, x = random.uniform(0, height), random.uniform(0, width)
            bump = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 4)
            heat[:] = np.maximum(heat, random.uniform(0.3, 0.99) * bump)
    return maps.astype(np.float32)


def bodies(people, seed=0, keypoints=17):
    """Keypoints, scores and area of people crowded enough to be alike."""
    random = rng(seed)
    places = random.uniform(0, 60, (max(1, people // 3), 1, 2))
    poses = places[random.integers(0, len(places), people)]
    poses = poses + random.normal(0, 6, (people, keypoints, 2))
    scores = random.uniform(-0.3, 1, (people, keypoints))
    area = random.uniform(500, 3000, people)
    return poses.astype(np.float32), scores.astype(np.float32), area.astype(np.float32)
