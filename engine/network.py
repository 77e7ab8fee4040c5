"""A session together with what must be known to read it: images in, activated heads out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import numpy as np

from ..structures import ModelFileError, ModelSpec, Session, SessionOptions
from ..structures.arrays import UInt8Array
from ..structures.model_spec import COMPANIONS, companion_path
from .flip import FlipAverage
from .heads import Heads, activate
from .in_place import in_place
from .sessions import open_session

_NETWORK = "network"

STAGES = ("size", "network", "decode")

# seconds per stage of one call, added up over input sizes
StageSeconds: TypeAlias = dict[str, float]


class Network:
    """Runs images through a session, with a flip test around it if asked.

    Args:
        session: takes images (B, h, w, 3) uint8 and gives the heads of the spec.
        spec: of the model.
        flip_test: average with the flipped image.

    Raises:
        ModelFileError: the session lacks a head that the spec names.
        ValueError: a flip test that this model does not have, or not outside its file.
    """

    def __init__(self, session: Session, spec: ModelSpec, *, flip_test: bool) -> None:
        missing = {head.name for head in spec.heads} - set(session.outputs)
        if missing:
            raise ModelFileError(
                f"the model lacks the outputs {sorted(missing)} that its spec names"
            )
        if flip_test and spec.flip == "inside":
            raise ValueError(
                f"the flip test of {spec.name} belongs inside its file: "
                "export it with `posetrack export --flip-test`"
            )
        if flip_test and spec.flip == "never":
            raise ValueError(f"{spec.name} has no flip test: leave flip_test out")
        self.session, self.spec = session, spec
        self._run = in_place(session)
        self._average = None
        if flip_test and spec.flip == "around":
            _check_flip(spec)
            self._average = FlipAverage(spec)

    def __call__(self, images: UInt8Array, seconds: StageSeconds) -> Heads:
        """(B, h, w, 3) uint8 -> the heads of each, activated, where the session computes them.

        Adds to the seconds of `size`, `network` and `decode`. On a GPU work is only enqueued, so
        the time of the network shows where the host waits, in `decode`.
        """
        with timed(seconds, "size"):
            if self._average:
                images = np.concatenate((images, images[:, :, ::-1]))
        with timed(seconds, "network"):
            heads = self._run({self.session.inputs[0]: images})
        with timed(seconds, "decode"):
            heads = activate(heads, self.spec)
            return self._average(heads, images.shape[2]) if self._average else heads


@contextmanager
def reading_spec() -> Iterator[None]:
    """A decoder that finds its spec wrong says so of the model file."""
    try:
        yield
    except ValueError as error:
        raise ModelFileError(str(error)) from error


def spec_of(session: Session) -> ModelSpec:
    """The spec stored in the session's model file.

    Raises:
        ModelFileError: there is none, or it cannot be read.
    """
    if session.spec_json is None:
        raise ModelFileError(
            "the model file does not say how to run it: export it with `posetrack export`"
        )
    return ModelSpec.from_json(session.spec_json)


@contextmanager
def opened_model(
    model: str | Path, options: SessionOptions
) -> Iterator[tuple[Session, Mapping[str, Session]]]:
    """A model file and its companions, open; all of them are closed if the block fails.

    Raises:
        FileNotFoundError, ValueError, ModelFileError, BackendError: as `open_session`.
    """
    path = model_path(model)
    files = {_NETWORK: path}
    files |= {role: companion_path(path, role) for role in COMPANIONS}
    with ExitStack() as stack:
        opened = {
            role: stack.enter_context(open_session(file, options))
            for role, file in files.items()
            if role == _NETWORK or file.is_file()
        }
        yield opened.pop(_NETWORK), opened
        stack.pop_all()  # the block went well: whoever it gave the sessions to closes them


def model_path(model: str | Path) -> Path:
    """The file of a shipped model's name; anything else is a path already.

    Raises:
        FileNotFoundError: neither a shipped model nor a file.
    """
    shipped = {file.stem: file for file in sorted(_shipped().iterdir())}
    if str(model) in shipped:
        return shipped[str(model)]
    if not Path(model).is_file():
        raise FileNotFoundError(
            f"there is no model file {model}; models that ship: {', '.join(shipped)}"
        )
    return Path(model)


def ships(path: Path) -> bool:
    """Whether a model file is one that ships with the package."""
    return path.parent.resolve() == _shipped().resolve()


def _shipped() -> Path:
    return Path(str(resources.files(__package__).joinpath("shipped")))


def _check_flip(spec: ModelSpec) -> None:
    """Around a network, maps can only be moved by whole cells, and their border is kept."""
    whole = all(spec.flip_shift % head.stride == 0 for head in spec.heads)
    if spec.flip_shift and not (whole and spec.flip_fill == "keep"):
        raise ModelFileError(
            f"a flip test around {spec.name} must move its maps by whole cells and keep their "
            f"border, its spec says {spec.flip_shift} px and {spec.flip_fill!r}: use flip 'inside'"
        )


@contextmanager
def timed(seconds: StageSeconds, stage: str) -> Iterator[None]:
    """Add the time of the block to a stage."""
    start = perf_counter()
    yield
    seconds[stage] += perf_counter() - start
