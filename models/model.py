"""What `MODELS` holds for each name: how to build a network, and whose weights fit it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor, nn

from ..structures import ModelSpec, Skeleton

Weights: TypeAlias = dict[str, Tensor]
# name of a tensor -> its shape
Shapes: TypeAlias = dict[str, tuple[int, ...]]


def _unchanged(weights: Weights) -> Weights:
    return weights


@dataclass(frozen=True, slots=True)
class Model:
    """How to build a network, and how files of its weights are told from others.

    Attributes:
        family: logocap, heatmap-guided, ...
        build: the network for a skeleton, with fresh weights, and how to run it.
        keypoints: the number of keypoints that weights of these shapes are for; None where they
            are of another family.
        convert: published weights -> those that the network takes; most are taken unchanged.
    """

    family: str
    build: Callable[[Skeleton], tuple[nn.Module, ModelSpec]]
    keypoints: Callable[[Shapes], int | None]
    convert: Callable[[Weights], Weights] = _unchanged
