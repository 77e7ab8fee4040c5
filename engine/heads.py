"""The types that decoding passes around."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..structures import ImageTransform, Poses
from ..structures.arrays import AnyArray

# name -> (B, C, h, w) float32, activated
Heads: TypeAlias = dict[str, AnyArray]


@dataclass(frozen=True, slots=True)
class ScaledHeads:
    """What the network said about one image at one input size."""

    heads: Heads  # (1, C, h, w) each, activated, averaged with the flipped image if asked
    transform: ImageTransform
    test_scale: float = 1.0  # of a multi-scale test


# the heads of one image at every input size -> its poses in image pixels, best score first
Decoder: TypeAlias = Callable[[Sequence[ScaledHeads]], Poses]
