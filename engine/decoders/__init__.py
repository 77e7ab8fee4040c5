"""Heads -> poses; `DECODERS` names every way there is for networks that see whole images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ...structures import ModelSpec, Session
from ..heads import Decoder
from .dekr import DekrDecoder
from .heatmap_guided import HeatmapGuidedDecoder
from .logocap import LogoCapDecoder
from .movenet_multi_size import MoveNetMultiSizeDecoder
from .ogn_mask_rcnn import OgnMaskRcnnDecoder
from .poses import PosesDecoder

# The model's spec and its further networks by role ("refine", "score") -> its decoder.
DecoderMaker: TypeAlias = Callable[[ModelSpec, Mapping[str, Session]], Decoder]

DECODERS: dict[str, DecoderMaker] = {
    "movenet": MoveNetMultiSizeDecoder,
    "logocap": LogoCapDecoder,
    "heatmap-guided": HeatmapGuidedDecoder,
    "dekr": DekrDecoder,
    "ogn-mask-rcnn": OgnMaskRcnnDecoder,
    "poses": PosesDecoder,
}
