"""Flow without a network: dense inverse search."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...structures import FlowField
from ...structures.arrays import AnyArray, UInt8Array

_LONG_SIDE = 320  # px at which pictures are compared


class DisFlow:
    """OpenCV's dense inverse search on small grey pictures.

    Source: Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search",
    ECCV 2016, https://arxiv.org/abs/1603.03590, as OpenCV has it (preset medium).
    """

    def __init__(self) -> None:
        import cv2

        self._search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def prepared(self, image: UInt8Array) -> AnyArray:
        """(h, w) uint8, grey."""
        import cv2

        height, width = image.shape[:2]
        zoom = min(_LONG_SIDE / max(height, width), 1)
        # the search needs a few of its patches of 8 pixels
        small = (max(32, round(width * zoom)), max(32, round(height * zoom)))
        resized = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(resized, cv2.COLOR_RGB2GRAY))

    def between(self, before: AnyArray, now: AnyArray, size: tuple[int, int]) -> FlowField:
        """See `Flow.between`."""
        height, width = before.shape
        return FlowField.of_small(self._search.calc(before, now, None), (height, width), size)
