"""Heads -> poses in network pixels; `DECODERS` names every way there is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..structures import ModelSpec
from .heads import Decoder, Heads
from .movenet_decoder import MoveNetDecoder


def activate(heads: Heads, spec: ModelSpec) -> Heads:
    """Apply the activation that the spec names for each head: logits become [0, 1]."""
    activated = dict(heads)
    for head in spec.heads:
        if head.activation == "sigmoid":
            with np.errstate(over="ignore"):  # exp(-x) of a very low logit is inf, and 1 / inf is 0
                activated[head.name] = 1 / (1 + np.exp(-heads[head.name]))
    return activated


DECODERS: dict[str, Callable[[ModelSpec], Decoder]] = {"movenet": MoveNetDecoder}
