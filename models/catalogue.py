"""Every network by name, known without PyTorch: a family's file is imported when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..structures import BackendError

if TYPE_CHECKING:  # imports torch
    from .model import Model

# Family -> names of its networks. They are built by the table `MODELS` of the file in networks/
# that is called like the family, with underscores.
FAMILIES: dict[str, tuple[str, ...]] = {
    "movenet": ("movenet-multipose",),
    "logocap": ("logocap-hrnet-w32", "logocap-hrnet-w48", "logocap-lite"),
    "heatmap-guided": (
        "heatmap-guided-hrnet-w32",
        "heatmap-guided-hrnet-w48",
        "heatmap-guided-higher-hrnet-w48",
    ),
    "dekr": ("dekr-hrnet-w32", "dekr-hrnet-w48"),
    "ogn": (
        "ogn-resnet-50",
        "ogn-resnet-101",
        "ogn-resnet-152",
        "ogn-resnet-50-stride-16",
        "ogn-resnet-101-stride-16",
        "ogn-resnet-152-stride-16",
    ),
    "ogn-mask-rcnn": ("ogn-mask-rcnn-resnet-50-fpn", "ogn-mask-rcnn-resnet-101-fpn"),
    "integral": (
        "integral-resnet-18",
        "integral-resnet-50",
        "integral-resnet-101",
        "integral-resnet-18-stride-8",
        "integral-resnet-50-stride-8",
        "integral-resnet-101-stride-8",
        "integral-resnet-50-stride-8-h1",
        "integral-resnet-50-stride-8-h2",
        "integral-resnet-50-stride-8-h3",
        "integral-resnet-50-stride-8-i2",
        "integral-resnet-50-stride-8-i3",
        "integral-resnet-50-stride-8-i-star",
        "integral-resnet-50-stage-2",
        "integral-resnet-50-stage-3",
        "integral-resnet-50-stage-4",
        "integral-resnet-18-r1",
        "integral-resnet-50-r1",
        "integral-resnet-101-r1",
        "integral-3d-resnet-18",
        "integral-3d-resnet-50",
        "integral-3d-resnet-101",
        "integral-3d-resnet-152",
    ),
    "simple-baseline": (
        "simple-baseline-resnet-50",
        "simple-baseline-resnet-101",
        "simple-baseline-resnet-152",
    ),
}
_FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}


class Catalogue(Mapping[str, "Model"]):
    """Name -> `Model` of every network; only taking a `Model` out needs PyTorch.

    Raises:
        BackendError: a `Model` is taken out and PyTorch is not installed.
    """

    def __getitem__(self, name: str) -> Model:
        family = _FAMILY_OF[name]
        if find_spec("torch") is None:
            raise BackendError(f"{name} is built with torch: pip install 'posetrack[torch]'")
        module = import_module(f".networks.{family.replace('-', '_')}", __package__)
        model: Model = module.MODELS[name]
        return model

    def __contains__(self, name: object) -> bool:
        return name in _FAMILY_OF

    def __iter__(self) -> Iterator[str]:
        return iter(_FAMILY_OF)

    def __len__(self) -> int:
        return len(_FAMILY_OF)


MODELS: Mapping[str, Model] = Catalogue()
