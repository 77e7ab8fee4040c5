"""Flip test: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import Float32Array, Int32Array

__all__ = ["merge_flipped"]


def merge_flipped(
    straight: Float32Array,
    flipped: Float32Array,
    order: Int32Array,
    *,
    sign: Float32Array | None = None,
    constant: Float32Array | None = None,
    shift: int = 0,
) -> Float32Array:
    """See `kernels.merge_flipped`."""
    turned = flipped[:, order, :, ::-1].copy()
    if sign is not None and constant is not None:
        turned = constant[:, None, None] + sign[:, None, None] * turned
    if shift:
        turned[..., shift:] = turned[..., :-shift].copy()
    return np.asarray((straight + turned) * np.float32(0.5), np.float32)
