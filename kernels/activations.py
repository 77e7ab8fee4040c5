"""What is applied to a network's heads behind the network."""

from __future__ import annotations

from ..structures.arrays import Float32Array, HeadArray
from .call import run

__all__ = ["cell_probabilities", "sigmoid"]


def sigmoid(heads: HeadArray) -> Float32Array:
    """1 / (1 + e^-x) of every value.

    Args:
        heads: (B, C, h, w) head; may be some channels of a larger array.

    Returns:
        (B, C, h, w) float32; NaN stays.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    activated: Float32Array = run("pt_sigmoid", heads=heads)
    return activated


def cell_probabilities(maps: HeadArray) -> Float32Array:
    """The softmax of each map over its cells.

    Args:
        maps: (B, C, h, w) head; may be some channels of a larger array.

    Returns:
        (B, C, h, w) float32, each map with the sum 1; NaN where the map has NaN or +infinity, or
        nothing but -infinity.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    probabilities: Float32Array = run("pt_cell_probabilities", maps=maps)
    return probabilities
