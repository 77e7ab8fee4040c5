"""The weights inside a model that ships with the package."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from ..engine import DEFAULT_MODEL, model_path
from ..models import MODELS
from ..models.weights.load import load_weights
from ..structures import COCO_17, ModelSpec
from ..structures.model_spec import METADATA_KEY, Rules

_PREFIX, _SUFFIX = "network.", ".float16"  # of a stored tensor's name


def ships(name: str) -> bool:
    """Whether the package has a model of that name."""
    return name == DEFAULT_MODEL


def shipped_model(name: str, rules: Rules | None) -> tuple[nn.Module, ModelSpec]:
    """A network with the weights of the model that ships, and that file's description.

    Raises:
        ValueError: the model does not follow these rules.
    """
    stored = onnx.load(Path(model_path(name)))
    weights = {
        tensor.name.removeprefix(_PREFIX).removesuffix(_SUFFIX): torch.from_numpy(
            numpy_helper.to_array(tensor).copy()
        )
        for tensor in stored.graph.initializer
        if tensor.name.startswith(_PREFIX)
    }
    network, _ = MODELS[name].build(COCO_17, rules)
    load_weights(network, weights, name)
    described = {entry.key: entry.value for entry in stored.metadata_props}
    return network.eval(), ModelSpec.from_json(described[METADATA_KEY])
