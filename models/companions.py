"""The further networks that decoding needs beside the one with the heads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from ..structures import ModelSpec
from .networks.logocap import LogoCap
from .networks.pose_scoring import PoseScoring, num_features
from .weights.checkpoint import read_weights
from .weights.load import load_weights

# Decoders that multiply the score of a pose by the OKS that a network predicts for it.
_SCORED = ("heatmap-guided", "dekr")


class Companion(NamedTuple):
    """A network that the decoder runs on features (N, ...) of N poses."""

    module: nn.Module  # one tensor in, one tensor out
    output: str  # name of what it returns
    feature_shape: tuple[int, ...]  # of one pose


class OneOutput(nn.Module):
    """A network with one named output, as files and sessions run it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        """(N, ...) features -> the output, (N, ...)."""
        result: Tensor | Mapping[str, Tensor] = self.network(features)
        if isinstance(result, Tensor):
            return result
        (value,) = result.values()
        return value


def companions_of(
    network: nn.Module, spec: ModelSpec, score_weights: Path | None = None
) -> dict[str, Companion]:
    """What the decoder of a network needs, by role: `refine`, `score`.

    Raises:
        ValueError: weights of pose scoring for a model without it, or of another skeleton.
        FileNotFoundError: no such file.
    """
    found: dict[str, Companion] = {}
    if isinstance(network, LogoCap):
        side = int(spec.decoder.options["local_window"])
        shape = (len(spec.skeleton) * spec.head("embedding").channels, side, side)
        found["refine"] = Companion(OneOutput(network.joints_mlp), "kernels", shape)
    if score_weights is not None:
        if spec.decoder.name not in _SCORED:
            raise ValueError(
                f"{spec.name} has no pose scoring: leave the score weights {score_weights} out"
            )
        features = num_features(spec.skeleton)
        scoring = PoseScoring(features)
        load_weights(scoring, read_weights(score_weights), f"pose scoring of {spec.skeleton.name}")
        found["score"] = Companion(OneOutput(scoring), "scores", (features,))
    return found
