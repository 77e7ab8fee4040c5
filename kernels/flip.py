"""Flip test: the heads of an image and of its flipped image become one."""

from __future__ import annotations

from ..structures.arrays import Float32Array, HeadArray, Int32Array
from .call import run

__all__ = ["merge_flipped"]


def merge_flipped(
    straight: HeadArray,
    flipped: HeadArray,
    order: Int32Array,
    *,
    sign: Float32Array | None = None,
    constant: Float32Array | None = None,
    shift: int = 0,
) -> Float32Array:
    """The mean of an image's head and of its flipped image's head, once that is flipped back.

    Args:
        straight: (B, C, h, w) head; may be some channels of a larger array.
        flipped: (B, C, h, w) head of the flipped images, as the network gave it; may be channels
            of a larger array, too.
        order: (C,) int32: the channel of `flipped` that belongs to each channel of `straight`.
        sign: (C,) float32; flipped back, channel c is constant[c] + sign[c] * value. For lengths
            along x, whose sign a flip changes. `sign` and `constant` need each other.
        constant: (C,) float32.
        shift: cells by which the head that was flipped back moves to the right; its first `shift`
            columns stay. Published code does so where flipped heatmaps come out about a cell too
            far left.

    Returns:
        (B, C, h, w) float32.

    Raises:
        ValueError, TypeError: as for every kernel here; a channel in `order` that does not exist
            (on a GPU this is not checked: the straight channel is returned as it is).
    """
    arrays = {"straight": straight, "flipped": flipped, "order": order}
    values = {"sign": sign, "constant": constant, "shift": shift}
    merged: Float32Array = run("pt_merge_flipped", **arrays, **values)
    return merged
