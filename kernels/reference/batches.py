"""Applies a definition for one image to every image of a batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...structures.arrays import AnyArray


def per_image(one: Callable[..., AnyArray], axes: int, *arrays: AnyArray) -> AnyArray:
    """`one(*arrays)`, or that of each image if the first array has one axis more than `axes`."""
    if arrays[0].ndim == axes:
        return one(*arrays)
    images = [one(*image) for image in zip(*arrays, strict=True)]
    nothing = one(*(np.zeros(array.shape[1:], array.dtype) for array in arrays))
    return np.stack([nothing, *images])[1:]
