"""What the engine asks of a top-down family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray
from ..heads import Heads
from .crop import People


class TopDownDecoder(Protocol):
    """One family's way from detected boxes to crops, and from the heads of crops to poses."""

    def people(self, boxes: AnyArray, scores: AnyArray) -> People:
        """The crops to run the network on.

        Args:
            boxes: (N, 4) x1, y1, x2, y2 in image pixels.
            scores: (N,) of the boxes.

        Raises:
            ValueError: the boxes or scores have another shape.
        """
        ...

    def __call__(self, heads: Heads, people: People) -> Poses:
        """Poses of the people of one image, in its pixels, best score first.

        Args:
            heads: (N, ...) activated, one row per person.
            people: whose crops the network saw.
        """
        ...


TopDownMaker: TypeAlias = Callable[[ModelSpec], TopDownDecoder]


def crop_size(spec: ModelSpec) -> tuple[int, int]:
    """(h, w) of the crops that a model takes, pixels.

    Raises:
        ValueError: the spec does not say it.
    """
    if spec.sizing.crop is None:
        raise ValueError(f"{spec.name} must say the size of its crops: sizing.crop is missing")
    return spec.sizing.crop
