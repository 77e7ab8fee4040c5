"""From the names and files that a user gives to a `PoseEngine`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from ..engine import DEFAULT_MODEL, EngineOptions, PoseEngine, model_path
from ..engine.decoders import DECODERS
from ..engine.sessions import available_threads

# name, sha256 and licence of what was run
ModelCard: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model the user wants, and what runs it."""

    model: str | None = None  # ships, an .onnx file, or with weights a name of MODELS
    weights: Path | None = None  # a checkpoint; runs in torch
    score_weights: Path | None = None  # of the pose scoring network
    backend: str = "auto"
    precision: str = "fp32"
    threads: int = 0  # CPU threads in all; 0 takes every CPU
    parallel: int = 1  # frames in the network at once

    @property
    def file(self) -> Path:
        """What the network's weights are read from."""
        return self.weights or model_path(self.model or DEFAULT_MODEL)


def load_engine(choice: ModelChoice, options: EngineOptions) -> PoseEngine:
    """The engine for a shipped model, a model file, or a checkpoint.

    Raises:
        FileNotFoundError, ValueError, RuntimeError: what is wrong with the choice, in one sentence.
    """
    if choice.weights is None:
        if choice.backend == "torch":
            raise ValueError("backend torch runs checkpoints: name one with --weights")
        if choice.score_weights is not None:
            raise ValueError("--score-weights goes with --weights: name the network's too")
        return PoseEngine.load(
            choice.model or DEFAULT_MODEL,
            backend=choice.backend,
            precision=choice.precision,
            threads=choice.threads,
            parallel=choice.parallel,
            options=options,
        )
    _check_torch(choice)
    return _load_checkpoint(choice, choice.weights, options)


def model_card(choice: ModelChoice, engine: PoseEngine) -> ModelCard:
    """Name, hash and licence of what was run, for the record."""
    digest = hashlib.sha256(choice.file.read_bytes()).hexdigest()
    return {"name": engine.spec.name, "sha256": digest, "licence": engine.spec.weights_licence}


def _check_torch(choice: ModelChoice) -> None:
    if choice.backend not in ("auto", "torch"):
        raise ValueError(
            f"weights run in torch, not in {choice.backend}: "
            "write an .onnx file with `posetrack export` first"
        )
    if choice.precision != "fp32":
        raise RuntimeError(f"torch computes in fp32 here, not in {choice.precision}")
    if find_spec("torch") is None:
        raise RuntimeError("weights run in torch: pip install 'posetrack[torch]'")


def _load_checkpoint(choice: ModelChoice, weights: Path, options: EngineOptions) -> PoseEngine:
    from ..models import TorchSession, companions_of, load_model, with_flip_test

    network, spec = load_model(choice.model, weights)
    if spec.decoder.name not in DECODERS:
        raise ValueError(
            f"{spec.name} works person by person, which `posetrack run` cannot do yet: choose one "
            f"of the families {', '.join(DECODERS)}"
        )
    companions = {
        role: TorchSession.of_companion(companion)
        for role, companion in companions_of(network, spec, choice.score_weights).items()
    }
    if options.flip_test and spec.mirror_shift is not None:
        network, spec = with_flip_test(network, spec)
    # not shared out among the frames under way: with one thread torch takes other convolutions,
    # whose last bits are not those of the published results
    session = TorchSession.of_network(network, spec, choice.threads or available_threads())
    return PoseEngine(session, spec, options, companions)
