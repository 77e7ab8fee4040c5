"""What every kind of flow can do."""

from __future__ import annotations

from typing import Protocol

from ...structures import FlowField
from ...structures.arrays import AnyArray, UInt8Array


class Flow(Protocol):
    """Finds where everything goes; used by one thread at a time, and holds no picture."""

    def prepared(self, image: UInt8Array) -> AnyArray:
        """What is kept of a picture (H, W, 3) uint8 RGB until the next one comes; small."""
        ...

    def between(self, before: AnyArray, now: AnyArray, size: tuple[int, int]) -> FlowField:
        """The flow from one prepared picture to the next; both are `size` (H, W) pixels."""
        ...
