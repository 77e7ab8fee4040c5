"""Image in, poses out: sizing, network, decoding, back to the image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from time import perf_counter

import numpy as np

from ..structures import ImageTransform, ModelSpec, Poses, Session
from ..structures.arrays import UInt8Array
from ..structures.closeable import Closeable
from .decoders import DECODERS, activate
from .flip import average_flipped
from .heads import Heads, ScaledHeads
from .sessions import open_session
from .sizing import size_image

DEFAULT_MODEL = "movenet-multipose"
# The networks that a decoder may need beside the first: `<stem>.<name>.onnx` lies beside it.
COMPANIONS = ("refine", "score")
STAGES = ("size", "network", "decode")

# seconds per stage of one call, added up over input sizes
StageSeconds = dict[str, float]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What can be chosen per run; the model's own constants stand in its `ModelSpec`."""

    sizes: tuple[int, ...] = ()  # short sides of the input, ascending, pixels; () = the model's
    scales: tuple[float, ...] = (1.0,)  # of a multi-scale test; the maps of all are averaged
    flip_test: bool = False  # average with the flipped image: twice the work
    max_people: int | None = None  # most poses of one image; None = the model's


class PoseEngine(Closeable):
    """Finds the poses in one image after the other; may be called from several threads.

    Args:
        session: the network, in head form; closed together with the engine.
        spec: how to run it; None takes the one stored in the model file.
        options: sizes, scales, flip test, limits.
        companions: further networks that the decoder needs, by name (see `COMPANIONS`); closed
            together with the engine.

    Raises:
        ValueError: the file holds no `ModelSpec`, or the options do not fit the model.
    """

    def __init__(
        self,
        session: Session,
        spec: ModelSpec | None = None,
        options: EngineOptions = EngineOptions(),
        companions: Mapping[str, Session] | None = None,
    ) -> None:
        if spec is None:
            if session.spec_json is None:
                raise ValueError(
                    "the model file does not say how to run it: export it with `posetrack export`"
                )
            spec = ModelSpec.from_json(session.spec_json)
        _check_options(options)
        _check_model(spec, options)
        missing = {head.name for head in spec.heads} - set(session.outputs)
        if missing:
            raise ValueError(f"the model lacks the outputs {sorted(missing)} that its spec names")
        self._most = options.max_people or spec.max_people
        # the decoder ranks centers, not poses, so it must not be the one to cut
        spec = replace(spec, max_people=max(spec.max_people, self._most))
        self.session = session
        self.spec = spec
        self.options = options
        self.sizes = options.sizes or (spec.sizing.size,)
        self._companions = dict(companions or {})
        self._flips = options.flip_test and not spec.flip_baked
        self._decode = DECODERS[spec.decoder.name](spec, self._companions)

    @staticmethod
    def load(
        model: str | Path = DEFAULT_MODEL,
        *,
        backend: str = "auto",
        precision: str = "fp32",
        threads: int = 0,
        parallel: int = 1,
        options: EngineOptions = EngineOptions(),
    ) -> PoseEngine:
        """An engine for a model that ships with the package, or for an `.onnx` file.

        Args:
            model: a shipped name, or a path; its companions are taken from beside it.
            backend: `auto`, `onnxruntime` or `openvino`.
            precision: `fp32`, or `bf16` where backend and CPU have it.
            threads: CPU threads in all; 0 takes every CPU.
            parallel: threads that will call the engine at once.
            options: sizes, scales, flip test, limits.

        Raises:
            FileNotFoundError, ValueError, RuntimeError: as `open_session` and the constructor.
        """
        path = model_path(model)
        files = {name: path.with_name(f"{path.stem}.{name}.onnx") for name in COMPANIONS}
        opened: dict[str, Session] = {}
        try:
            for name, file in {"": path, **files}.items():
                if name == "" or file.is_file():
                    opened[name] = open_session(
                        file,
                        backend=backend,
                        precision=precision,
                        threads=threads,
                        parallel=parallel,
                    )
            session = opened.pop("")
            opened["network"] = session
            companions = {name: opened[name] for name in COMPANIONS if name in opened}
            return PoseEngine(session, options=options, companions=companions)
        except (ValueError, RuntimeError):
            for session in opened.values():
                session.close()
            raise

    def __call__(self, image: UInt8Array) -> Poses:
        """The poses in an image (H, W, 3) uint8 RGB, in image pixels, best score first."""
        return self.run_timed(image)[0]

    def run_timed(self, image: UInt8Array) -> tuple[Poses, StageSeconds]:
        """Like calling the engine, with the seconds that each of `STAGES` took."""
        seconds: StageSeconds = dict.fromkeys(STAGES, 0.0)
        height, width = image.shape[:2]
        views = []
        for size in self.sizes:
            for scale in self.options.scales:
                transform = self.spec.sizing.transform((height, width), size, scale)
                heads = self._run_network(image, transform, seconds)
                views.append(ScaledHeads(heads, transform, scale))
        with _timed(seconds, "decode"):
            return self._decode(views)[: self._most], seconds

    def _run_network(
        self, image: UInt8Array, transform: ImageTransform, seconds: StageSeconds
    ) -> Heads:
        """The activated heads at one input size, averaged with the flipped image if asked."""
        with _timed(seconds, "size"):
            sized = size_image(image, transform, self.spec.sizing)[None]
            if self._flips:
                sized = np.concatenate((sized, sized[:, :, ::-1]))
        with _timed(seconds, "network"):
            heads = self.session.run({self.session.inputs[0]: sized})
        with _timed(seconds, "decode"):
            heads = activate(heads, self.spec)
            return average_flipped(heads, self.spec) if self._flips else heads

    def close(self) -> None:
        """Free the networks."""
        for session in (self.session, *self._companions.values()):
            session.close()


def model_path(model: str | Path) -> Path:
    """The file of a shipped model's name; anything else is a path already.

    Raises:
        FileNotFoundError: neither a shipped model nor a file.
    """
    folder = resources.files(__package__).joinpath("shipped")
    shipped = folder.joinpath(f"{model}.onnx")
    if shipped.is_file():
        return Path(str(shipped))
    if not Path(model).is_file():
        names = sorted(entry.name.removesuffix(".onnx") for entry in folder.iterdir())
        raise FileNotFoundError(
            f"there is no model file {model}; models that ship: {', '.join(names)}"
        )
    return Path(model)


def _check_options(options: EngineOptions) -> None:
    sizes = options.sizes
    if list(sizes) != sorted(set(sizes)) or any(size < 1 for size in sizes):
        raise ValueError(f"sizes must be positive and ascend, got {','.join(map(str, sizes))}")
    scales = options.scales
    if 1.0 not in scales or len(set(scales)) != len(scales) or min(scales) <= 0:
        listed = ",".join(f"{scale:g}" for scale in scales)
        raise ValueError(f"scales must be positive, differ and include 1, got {listed}")
    if options.max_people is not None and options.max_people < 1:
        raise ValueError(f"max_people must be at least 1, got {options.max_people}")


def _check_model(spec: ModelSpec, options: EngineOptions) -> None:
    """Whether a model can be run as the options say."""
    if spec.decoder.name not in DECODERS:
        raise ValueError(f"decoder must be one of {', '.join(DECODERS)}: {spec.decoder.name!r}")
    if spec.sizing.convention == "hrnet-affine" and len(options.sizes) > 1:
        raise ValueError(
            f"{spec.name} takes one size: for more use a multi-scale test, such as scales 0.5,1,2"
        )
    if spec.sizing.convention != "hrnet-affine" and options.scales != (1.0,):
        raise ValueError(f"{spec.name} has no multi-scale test: use several sizes, such as 256,512")
    if spec.mirror_shift is not None and options.flip_test and not spec.flip_baked:
        raise ValueError(
            f"the flip test of {spec.name} belongs inside its file: "
            "export it with `posetrack export --flip-test`"
        )
    if spec.mirror_shift is None and options.flip_test and spec.flip_baked:
        raise ValueError(f"{spec.name} averages with the flipped image itself: no flip_test")


@contextmanager
def _timed(seconds: StageSeconds, stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage] += perf_counter() - start
