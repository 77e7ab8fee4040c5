"""Boxes of people, also where a file has none."""

from __future__ import annotations

import numpy as np

from ..structures import Annotations
from ..structures.arrays import Float64Array

# A body reaches beyond its keypoints: by these shares of the side along and the side across.
ALONG, ACROSS = 0.1, 0.05


def person_boxes(people: Annotations) -> Float64Array:
    """(N, 4) x1, y1, x2, y2: those of the file, else around the keypoints.

    Everybody must have a box or a keypoint.
    """
    boxes: Float64Array = people.boxes.copy()
    for row in np.flatnonzero(np.isnan(boxes).any(axis=1)):
        points = people.keypoints[row, people.labels[row] > 0]
        low, high = points.min(axis=0), points.max(axis=0)
        sides = high - low
        margin = ALONG * sides + ACROSS * sides[::-1]
        boxes[row] = *(low - margin), *(high + margin)
    return boxes
