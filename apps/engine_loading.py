"""From the names and files that a user gives to a `PoseEngine`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from ..engine import DEFAULT_MODEL, EngineOptions, PoseEngine, available_threads, model_path
from ..engine.decoders import DECODERS
from ..models.catalogue import MODELS
from ..models.torch_options import BACKEND as TORCH
from ..models.torch_options import check_torch
from ..structures import SessionOptions
from ..structures.digest import sha256_of
from ..structures.model_spec import COMPANIONS, Rules, companion_path
from ..structures.plan_manifest import PLAN_SUFFIX
from .extras import need_extra
from .sentences import say

_CHECKPOINT_SUFFIXES = (".npz", ".pt", ".pth", ".pth.tar", ".safetensors")

TENSORRT = "tensorrt"  # a key of `engine.BACKENDS`

# what was run, for the record
ModelCard: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model the user wants, and what runs it."""

    model: str | None = None  # ships, an .onnx file, or with weights a name of MODELS
    weights: Path | None = None  # a checkpoint; runs in torch
    score_weights: Path | None = None  # of the pose scoring network
    rules: Rules | None = None  # whose rules hold; None takes the model's usual ones
    rebuild: bool = False  # a plan that does not fit this machine is built again
    session: SessionOptions = field(default_factory=SessionOptions)

    @property
    def file(self) -> Path:
        """What the network's weights are read from."""
        return self.weights or model_path(self.model or DEFAULT_MODEL)


def load_engine(choice: ModelChoice, options: EngineOptions) -> PoseEngine:
    """The engine for a shipped model, a model file, or a checkpoint.

    Raises:
        FileNotFoundError, ValueError, ModelFileError, BackendError: what is wrong with the choice,
            in one sentence.
    """
    if choice.weights is None:
        if choice.session.backend == TORCH:
            raise ValueError(f"backend {TORCH} runs checkpoints: name one with --weights")
        _check_is_model_file(choice.model or DEFAULT_MODEL)
        if choice.score_weights is not None:
            raise ValueError("--score-weights goes with --weights: name the network's too")
        return _load_file(choice, options)
    check_torch(choice.session)
    need_extra("--weights", "torch")
    return _load_checkpoint(choice, choice.weights, options)


def is_checkpoint(file: Path) -> bool:
    """Whether a file's name is that of weights, not of a model."""
    return file.name.endswith(_CHECKPOINT_SUFFIXES)


def _check_is_model_file(model: str) -> None:
    """A network's name or a checkpoint is the likely mistake, and needs another option."""
    if is_checkpoint(Path(model)):
        raise ValueError(f"{model} is a checkpoint, not a model file: use --weights {model}")
    try:
        model_path(model)
    except FileNotFoundError:
        if model in MODELS:
            raise ValueError(
                f"{model} is a network without weights: name its checkpoint with --weights, or a "
                "model file that `posetrack export` wrote"
            ) from None
        raise


def model_card(choice: ModelChoice, engine: PoseEngine) -> ModelCard:
    """Name, hashes, rules and licence of what was run, for the record."""
    if choice.weights is None:
        companions = {role: companion_path(choice.file, role) for role in COMPANIONS}
    else:
        companions = {"score": choice.score_weights} if choice.score_weights else {}
    return {
        "name": engine.spec.name,
        "sha256": sha256_of(choice.file),
        "companions": {
            role: sha256_of(file) for role, file in companions.items() if file.is_file()
        },
        "rules": engine.spec.rules,
        "licence": engine.spec.weights_licence,
    }


def _load_file(choice: ModelChoice, options: EngineOptions) -> PoseEngine:
    """A model file keeps the rules that it was exported by: its network may follow them too."""
    engine = PoseEngine.load(_runnable(choice, options), choice.session, options)
    if choice.rules not in (None, engine.spec.rules):
        engine.close()
        raise ValueError(
            f"{choice.file.name} follows the rules {engine.spec.rules}, not {choice.rules}: "
            f"export it with `posetrack export --rules {choice.rules}`"
        )
    return engine


def _runnable(choice: ModelChoice, options: EngineOptions) -> Path:
    """The model file; TensorRT's plan of it where that is to run it."""
    file, gpu = choice.file, choice.session.gpu or 0
    is_plan = file.suffix == PLAN_SUFFIX
    if choice.rebuild and not is_plan:
        raise ValueError(f"--rebuild is for {PLAN_SUFFIX} files, not {file}: leave it out")
    if not (choice.rebuild or (choice.session.backend == TENSORRT and file.suffix == ".onnx")):
        return file
    need_extra("building a plan", "onnx")
    from ..exporters.plan import fitting_plan, kept_plan, options_for

    def tell(sentence: str) -> None:
        say(f"posetrack: {sentence}")

    if is_plan:
        return fitting_plan(file, gpu, tell)
    return kept_plan(file, options_for(file, options, gpu), tell)


def _load_checkpoint(choice: ModelChoice, weights: Path, options: EngineOptions) -> PoseEngine:
    from ..models.companions import companions_of
    from ..models.export_wrapper import with_flip_test
    from ..models.torch_session import TorchSession
    from ..models.weights.load import load_model

    network, spec = load_model(choice.model, weights, rules=choice.rules)
    if spec.decoder.name not in DECODERS:
        raise ValueError(
            f"{spec.name} works person by person, which `posetrack run` cannot do yet: choose one "
            f"of the families {', '.join(DECODERS)}"
        )
    companions = companions_of(network, spec, choice.score_weights)
    if options.flip_test and spec.flip == "inside":
        network, spec = with_flip_test(network, spec)
    # all threads for every frame under way: with one thread torch takes other convolutions, whose
    # last bits are not those of the published results
    settings = replace(choice.session, threads=choice.session.threads or available_threads())
    with ExitStack() as stack:
        sessions = {
            role: stack.enter_context(TorchSession.of_companion(companion, settings))
            for role, companion in companions.items()
        }
        session = stack.enter_context(TorchSession.of_network(network, spec, settings))
        engine = PoseEngine(session, spec, options, sessions)
        stack.pop_all()
    return engine
