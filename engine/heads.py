"""The types that decoding passes around."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .. import kernels
from ..structures import ImageTransform, ModelSpec
from ..structures.arrays import AnyArray
from .padded_poses import PaddedPoses

# name -> (B, C, h, w) float32, activated
Heads: TypeAlias = dict[str, AnyArray]


@dataclass(frozen=True, slots=True)
class View:
    """What the network said about images of one size at one input size."""

    heads: Heads  # (B, C, h, w) each, activated, averaged with the flipped image if asked
    transform: ImageTransform
    test_scale: float = 1.0  # of a multi-scale test


# the views of B images, by ascending size -> their poses in image pixels, best score first
Decoder: TypeAlias = Callable[[Sequence[View]], PaddedPoses]


def activate(heads: Heads, spec: ModelSpec) -> Heads:
    """Apply the activation that the spec names for each head: logits become [0, 1]."""
    activated = dict(heads)
    for head in spec.heads:
        if head.activation == "sigmoid":
            activated[head.name] = kernels.sigmoid(heads[head.name])
    return activated


def view_at_scale_1(views: Sequence[View]) -> View:
    """The view that a multi-scale test measures the others by.

    Raises:
        ValueError: there is none.
    """
    for view in views:
        if view.test_scale == 1.0:
            return view
    got = ", ".join(f"{view.test_scale:g}" for view in views)
    raise ValueError(f"scales must include 1, which the others are measured by, got {got}")
