"""Heads -> poses; `DECODERS` names every way there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from ...structures import ModelSpec, Session
from ..heads import Decoder, Heads
from .dekr import DekrDecoder
from .heatmap_guided import HeatmapGuidedDecoder
from .logocap import LogoCapDecoder
from .movenet_multi_size import MoveNetMultiSizeDecoder

# The model's spec and its further networks by name ("refine", "score") -> its decoder.
DecoderMaker: TypeAlias = Callable[[ModelSpec, Mapping[str, Session]], Decoder]


def activate(heads: Heads, spec: ModelSpec) -> Heads:
    """Apply the activation that the spec names for each head: logits become [0, 1]."""
    activated = dict(heads)
    for head in spec.heads:
        if head.activation == "sigmoid":
            with np.errstate(over="ignore"):  # exp(-x) of a very low logit is inf, and 1 / inf is 0
                activated[head.name] = 1 / (1 + np.exp(-heads[head.name]))
    return activated


DECODERS: dict[str, DecoderMaker] = {
    "movenet": MoveNetMultiSizeDecoder,
    "logocap": LogoCapDecoder,
    "heatmap-guided": HeatmapGuidedDecoder,
    "dekr": DekrDecoder,
}
