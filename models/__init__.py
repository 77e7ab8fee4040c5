"""Networks in PyTorch, one file each; `MODELS` builds one from its weights."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ..structures import ModelSpec
from .movenet import movenet_multipose
from .weights import read_weights

__all__ = ["MODELS", "read_weights"]

MODELS: dict[str, Callable[[dict[str, Tensor]], tuple[nn.Module, ModelSpec]]] = {
    "movenet-multipose": movenet_multipose,
}
