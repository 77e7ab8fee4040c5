"""What is applied to a network's heads behind the network: the definition of right."""

from __future__ import annotations

import numpy as np

from ...structures.arrays import AnyArray, Float32Array

__all__ = ["cell_probabilities", "sigmoid"]


def sigmoid(heads: AnyArray) -> Float32Array:
    """See `kernels.sigmoid`."""
    return np.asarray(1 / (1 + np.exp(-heads.astype(np.float32))), np.float32)


def cell_probabilities(maps: AnyArray) -> Float32Array:
    """See `kernels.cell_probabilities`."""
    logits = maps.astype(np.float32)
    powers = np.exp(logits - logits.max(axis=(-2, -1), keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=(-2, -1), keepdims=True), np.float32)
