"""One side of a comparison: a model, what runs it, and what it says of an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np

from ...engine import EngineOptions, PoseEngine, TopDownEngine, available_threads
from ...engine.top_down import TOP_DOWN
from ...evaluation.pose_differences import TIES, Counted
from ...structures import ModelSpec, Poses, SessionOptions
from ...structures.arrays import AnyArray, UInt8Array
from ...structures.closeable import Closeable
from ...structures.model_spec import Rules
from ..engine_loading import ModelChoice, is_checkpoint, load_engine

_KEYS = ("backend", "device", "precision", "model", "rules")


@dataclass(frozen=True, slots=True)
class SideChoice:
    """What the user names: `FILE[,backend=...][,device=...][,precision=...][,model=...]`."""

    file: Path
    told: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def read(text: str) -> SideChoice:
        """From the command line.

        Raises:
            ValueError: another key, or one without a value.
        """
        file, *parts = text.split(",")
        told = {}
        for part in parts:
            key, _, value = part.partition("=")
            if key not in _KEYS or not value:
                listed = ", ".join(_KEYS)
                raise ValueError(
                    f"a side is a file and after commas KEY=VALUE of {listed}, got {text!r}"
                )
            told[key] = value
        if told.get("rules") not in (None, *get_args(Rules)):
            raise ValueError(f"rules must be {' or '.join(get_args(Rules))}, got {told['rules']!r}")
        return SideChoice(Path(file), told)

    @property
    def model(self) -> ModelChoice:
        """As `load_engine` takes it."""
        told = self.told
        session = SessionOptions(
            told.get("backend", "auto"),
            told.get("device", "auto"),
            told.get("precision", "fp32"),
            available_threads(),
        )
        rules: Rules | None = told.get("rules")  # type: ignore[assignment] # checked by `read`
        if is_checkpoint(self.file):
            return ModelChoice(told.get("model"), self.file, rules=rules, session=session)
        return ModelChoice(str(self.file), rules=rules, session=session)


class Side(Closeable):
    """A model that looks at whole images: a network for crops takes each image as one crop.

    Args:
        engine: runs it; closed together with the side.
        name: of the model, for people.

    Attributes:
        spec: of the model.
        name: with what runs it, and on what.
        gives_heads: whether its heads can be compared with those of another form or backend.
    """

    def __init__(self, engine: PoseEngine | TopDownEngine, name: str) -> None:
        self._engine = engine
        session = engine.session
        self.spec: ModelSpec = engine.spec
        self.name = f"{name}, {session.backend} {session.precision} on {session.device}"
        self.gives_heads = not self.spec.gives_poses

    @staticmethod
    def load(choice: SideChoice, options: EngineOptions) -> Side:
        """What the user names.

        Raises:
            FileNotFoundError, ValueError, ModelFileError, BackendError: as `load_engine`.
        """
        return Side(_load(choice, options), choice.file.name)

    @property
    def tie(self) -> float:
        """Up to which difference of scores its rounding may have chosen between places."""
        precisions = (self._engine.session.precision, self.spec.precision)
        return max(TIES[one] for one in precisions)

    def counted(
        self, other: Side, score: float | None = None, keypoint_score: float | None = None
    ) -> Counted:
        """Which poses and keypoints count beside another side; None takes what the model says."""
        person = self.spec.person
        usual = Counted(self.spec.min_score, person.keypoint if person else 0.0)
        return Counted(
            usual.score if score is None else score,
            usual.keypoint_score if keypoint_score is None else keypoint_score,
            max(self.tie, other.tie),
        )

    def look(self, image: UInt8Array) -> tuple[Poses, dict[str, AnyArray]]:
        """What the model finds in an image (H, W, 3) uint8 RGB, and what its network says of it.

        Heads by their names; those of several sizes end on @0, @1, ...
        """
        if isinstance(self._engine, TopDownEngine):
            height, width = image.shape[:2]
            return self._engine.with_heads(image, np.array([[0, 0, width, height]], np.float32))
        return self._engine.with_heads(image)

    def close(self) -> None:
        """Free the networks."""
        self._engine.close()


def _load(choice: SideChoice, options: EngineOptions) -> PoseEngine | TopDownEngine:
    model = choice.model
    if model.weights is None and _is_for_crops(model):
        return TopDownEngine.load(choice.file, model.session, flip_test=options.flip_test)
    return load_engine(model, options)


def _is_for_crops(model: ModelChoice) -> bool:
    from ...engine import open_session
    from ...engine.network import spec_of

    with open_session(model.file, model.session) as session:
        return spec_of(session).decoder.name in TOP_DOWN
