"""Crops of single people in, poses out; `TOP_DOWN` names every family's decoding."""

from .crop import Crop, People
from .decoder import TopDownDecoder, TopDownMaker
from .integral import IntegralDecoder
from .ogn import OgnDecoder
from .simple_baseline import SimpleBaselineDecoder

__all__ = ["TOP_DOWN", "Crop", "People", "TopDownDecoder", "TopDownMaker"]

TOP_DOWN: dict[str, TopDownMaker] = {
    "simple-baseline": SimpleBaselineDecoder,
    "ogn": OgnDecoder,
    "integral": IntegralDecoder,
}
