"""Networks in PyTorch, one file each; `MODELS` names every one that can be built."""

from __future__ import annotations

from .companions import Companion, companions_of
from .export_wrapper import ExportWrapper, with_flip_test
from .model import Model
from .networks.dekr import DEKR_MODELS
from .networks.heatmap_guided import HEATMAP_GUIDED_MODELS
from .networks.integral import INTEGRAL_MODELS
from .networks.logocap import LOGOCAP_MODELS
from .networks.movenet import MOVENET_MODELS
from .networks.ogn import OGN_MODELS
from .networks.ogn_mask_rcnn import OGN_MASK_RCNN_MODELS
from .networks.simple_baseline import SIMPLE_BASELINE_MODELS
from .torch_session import TorchSession
from .weights.checkpoint import read_weights
from .weights.identify import Identity, identify, load_model

__all__ = [
    "MODELS",
    "Companion",
    "ExportWrapper",
    "Identity",
    "Model",
    "TorchSession",
    "companions_of",
    "identify",
    "load_model",
    "read_weights",
    "with_flip_test",
]

MODELS: dict[str, Model] = {
    **MOVENET_MODELS,
    **LOGOCAP_MODELS,
    **HEATMAP_GUIDED_MODELS,
    **DEKR_MODELS,
    **OGN_MODELS,
    **OGN_MASK_RCNN_MODELS,
    **INTEGRAL_MODELS,
    **SIMPLE_BASELINE_MODELS,
}
