"""The types that decoding passes around."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..structures import Poses
from ..structures.arrays import AnyArray

# name -> (B, C, h, w) float32, activated
Heads: TypeAlias = dict[str, AnyArray]
# heads -> the poses of each image, in network pixels, best score first
Decoder: TypeAlias = Callable[[Heads], list[Poses]]
