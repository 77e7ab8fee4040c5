"""Greedy box generation: OGN's alternative to suppressing a detector's boxes.

Redundant boxes are kept on purpose; the poses found in them are suppressed afterwards.
"""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...kernels.boxes import BoxGeneration
from ...structures.arrays import AnyArray, Float32Array

PAPER = BoxGeneration()


def generate_boxes(
    boxes: AnyArray, scores: AnyArray, constants: BoxGeneration = PAPER
) -> tuple[Float32Array, Float32Array]:
    """The boxes in which to look for poses, extended to 3:4.

    Every box but those above 0.8 needs one above 0.8 that it overlaps, so where there is none,
    there is nobody. That is the paper's text to the letter: it eliminates boxes with "IoU < 0.5
    with all" of the reliable ones. Lower `reliable_score` for detectors that are less sure.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in image pixels, all that the detector gives, unsuppressed.
        scores: (N,) of the boxes.
        constants: of the strategy.

    Returns:
        (M, 4) float32 boxes and (M,) float32 scores, best first.
    """
    found = np.ascontiguousarray(boxes, np.float32)
    values = np.ascontiguousarray(scores, np.float32)
    generated, rows, count = kernels.generate_boxes(found, values, constants=constants)
    return generated[:count], values[rows[:count]]
