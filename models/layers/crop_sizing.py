"""How networks for single people take their crop."""

from __future__ import annotations

from ...structures import InputSizing
from .resnet import BACKBONE_STRIDE


def crop_sizing(crop: tuple[int, int]) -> InputSizing:
    """Crops of single people, (h, w) pixels, cut as published.

    Raises:
        ValueError: a side is no multiple of 32.
    """
    if any(side < 1 or side % BACKBONE_STRIDE for side in crop):
        raise ValueError(f"sides of a crop must be multiples of {BACKBONE_STRIDE}, got {crop}")
    return InputSizing(
        size=min(crop),
        multiple_of=BACKBONE_STRIDE,
        rule="crop",
        convention="hrnet-affine",
        crop=crop,
    )
