"""The images that two models are compared on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...structures import SourceError
from ...structures.arrays import UInt8Array
from ..media.images import FolderSource
from ..media.reading import open_source

_MADE_UP = 8
_MADE_UP_SIZE = (384, 512)  # h, w


class Picture(NamedTuple):
    """An image, and its file's name; "" for a frame."""

    image: UInt8Array
    name: str


def pictures_of(path: Path, limit: int) -> Iterator[Picture]:
    """Images of a folder, an image, or frames of a video, spread over its length.

    Args:
        path: the source.
        limit: images at the most.

    Raises:
        FileNotFoundError: there is nothing at the path.
        SourceError: it cannot be read, or holds no image.
    """
    count = 0
    with closing(open_source(path)) as source:
        total = source.facts.frames or limit
        step = 1 if isinstance(source, FolderSource) else max(1, total // limit)
        for index, frame in enumerate(source.frames()):
            if index % step == 0:
                yield Picture(frame.image, frame.name)
                count += 1
            if count == limit:
                return
    if not count:
        raise SourceError(f"{path} holds no images")


def made_up_pictures() -> Iterator[Picture]:
    """Squares and gradients of many sizes, the same at every run; nobody is in them."""
    height, width = _MADE_UP_SIZE
    rows, columns = np.mgrid[:height, :width]
    for seed in range(_MADE_UP):
        random = np.random.default_rng(seed)
        image = np.zeros((height, width, 3))
        for cell in (8, 32, 96):
            shape = (height // cell + 1, width // cell + 1, 3)
            coarse = random.uniform(0, 255, shape).repeat(cell, 0).repeat(cell, 1)
            image += coarse[:height, :width] / 4
        slope = random.uniform(-1, 1, (2, 3))
        image += 64 * (rows[..., None] / height * slope[0] + columns[..., None] / width * slope[1])
        yield Picture(image.clip(0, 255).astype(np.uint8), "")
