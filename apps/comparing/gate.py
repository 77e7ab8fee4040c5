"""The gate of `posetrack export`: a file that says something else than its network is not written.

What is held against the network in torch is its head form, as ONNX Runtime runs it, and of less
than float32 also as a GPU would round it, layer by layer. What follows the heads is float32 and the
engine's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ...engine import PoseEngine, TopDownEngine, open_session
from ...engine.network import opened_model, spec_of
from ...engine.top_down import TOP_DOWN
from ...exporters import ExportOptions, export_onnx
from ...exporters.precision.emulation import EmulatedSession
from ...models import MODELS
from ...models.companions import companions_of
from ...models.export_wrapper import with_flip_test
from ...models.torch_session import TorchSession
from ...models.weights.load import load_model
from ...structures import COCO_17, ModelFileError, SessionOptions
from ...structures.arrays import UInt8Array
from .comparison import Limits, compare_models
from .side import Side

_CPU = SessionOptions(backend="onnxruntime", device="cpu")
_NAMED = 5  # layers in a sentence


@dataclass(frozen=True, slots=True)
class Gate:
    """What a file must pass.

    Attributes:
        images: that the network is run on.
        limits: how far it may be off.
    """

    images: Sequence[UInt8Array]
    limits: Limits = field(default_factory=Limits)


def pass_gate(
    name: str, weights: Path | None, options: ExportOptions, gate: Gate, *, auto: bool
) -> tuple[str, ...]:
    """Hold the network of an export against itself in float32.

    Args:
        name: of the network.
        weights: its checkpoint; None takes those of the model that ships.
        options: of the export.
        gate: what must be passed.
        auto: find the layers that must stay float32.

    Returns:
        The layers that must stay float32.

    Raises:
        ModelFileError: it is too far off; the layers at fault are named.
    """
    if name not in MODELS or (weights is None and options.precision == "fp32"):
        return options.keep_fp32  # no model, or the one that ships, as it ships
    kept = list(options.keep_fp32)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        if weights is None:
            whole = replace(options, precision="fp32", keep_fp32=())
            engine = _file_engine(_heads(name, None, whole, Path(folder) / "exact.onnx"))
        else:
            engine = _torch_engine(name, weights, options)
        exact = stack.enter_context(Side(engine, name))
        while True:
            trial = replace(options, keep_fp32=tuple(kept))
            path = _heads(name, weights, trial, Path(folder) / "trial.onnx")
            found = _Trial(exact, path, gate)
            if not found.faults:
                return tuple(kept)
            if not (auto and found.overflowing):
                raise ModelFileError(found.sentence(name))
            # whatever lies behind the first one may be its consequence
            kept.append(found.overflowing[0])


def _heads(name: str, weights: Path | None, options: ExportOptions, path: Path) -> Path:
    """The head form, without a flip test that would go around it."""
    heads = replace(
        options, post="none", batch=None, size=None, any_size=False, inline=False, overwrite=True
    )
    around = MODELS[name].build(COCO_17, options.rules)[1].flip == "around"
    export_onnx(name, weights, path, replace(heads, flip_test=options.flip_test and not around))
    return path


class _Trial:
    """One export in its head form, held against the exact one."""

    def __init__(self, exact: Side, trial: Path, gate: Gate) -> None:
        self.overflowing: list[str] = []
        with Side(_file_engine(trial), "file") as file:
            self.faults = _faults(exact, file, gate)
            spec = file.spec
        if spec.precision == "fp32":
            return
        emulated = EmulatedSession.read(trial, spec)
        with Side(_emulated_engine(emulated, trial), "emulated") as rounded:
            self.faults = self.faults or _faults(exact, rounded, gate)
        self.overflowing = emulated.overflowing

    def sentence(self, name: str) -> str:
        """What is wrong, and what to do."""
        said = f"{name} would not be the same: {'; '.join(self.faults)}"
        if self.overflowing:
            named = ", ".join(self.overflowing[:_NAMED])
            said += f"; beyond float16 first in {named}: use --keep-fp32 auto"
        return f"{said}; --no-gate writes the file all the same"


def _faults(one: Side, other: Side, gate: Gate) -> list[str]:
    found, *_ = compare_models(one, other, gate.images, one.counted(other))
    return found.faults(gate.limits)


def _file_engine(file: Path) -> PoseEngine | TopDownEngine:
    with open_session(file, _CPU) as session:
        crops = spec_of(session).decoder.name in TOP_DOWN
    return TopDownEngine.load(file, _CPU) if crops else PoseEngine.load(file, _CPU)


def _emulated_engine(session: EmulatedSession, file: Path) -> PoseEngine | TopDownEngine:
    """The engine of an emulated network, with the companions that lie beside its file."""
    if session.spec.decoder.name in TOP_DOWN:
        return TopDownEngine(session, session.spec)
    with opened_model(file, _CPU) as (unused, companions):
        unused.close()
        return PoseEngine(session, session.spec, companions=companions)


def _torch_engine(name: str, weights: Path, options: ExportOptions) -> PoseEngine | TopDownEngine:
    """The network in torch, with a flip test that goes inside the file."""
    network, spec = load_model(name, weights, rules=options.rules)
    companions = companions_of(network, spec, options.score_weights)
    if options.flip_test and spec.flip == "inside":
        network, spec = with_flip_test(network, spec)
    session = TorchSession.of_network(network, spec)
    if spec.decoder.name in TOP_DOWN:
        return TopDownEngine(session, spec)
    further = {role: TorchSession.of_companion(one) for role, one in companions.items()}
    return PoseEngine(session, spec, companions=further)
