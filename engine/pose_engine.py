"""Image in, poses out: sizing, network, decoding, back to the image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from time import perf_counter
from types import TracebackType

import numpy as np

from .. import kernels
from ..structures import ImageTransform, ModelSpec, Poses, Session
from ..structures.arrays import UInt8Array
from .decoders import DECODERS, activate
from .mirror import average_mirrored
from .pyramid import pyramid_levels
from .sessions import open_session

DEFAULT_MODEL = "movenet-multipose"
# A pose with fewer found keypoints is compared by all of them.
_FEWEST_FOUND = 3
STAGES = ("size", "network", "decode")

# seconds per stage of one call, added up over input sizes
StageSeconds = dict[str, float]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What can be chosen per run; the model's own constants stand in its `ModelSpec`."""

    sizes: tuple[int, ...] = ()  # short sides of the input, ascending, pixels; () = the model's
    flip_test: bool = False  # average with the mirror image: twice the work
    max_people: int | None = None  # most poses of one image; None = the model's
    nms_oks: float = 0.7  # of two poses more alike than this only the better stays; 1 = all stay
    nms_found: float = 0.127  # keypoints of the better one at or below this do not count in that
    nms_area: float = 0.53  # of a person's box that the person covers; sets the scale of OKS


class PoseEngine:
    """Finds the poses in one image after the other; may be called from several threads.

    Args:
        session: the network, in head form; closed together with the engine.
        spec: how to run it; None takes the one stored in the model file.
        options: sizes, flip test, limits.

    Raises:
        ValueError: the file holds no `ModelSpec`, or the options do not fit the model.
    """

    def __init__(
        self,
        session: Session,
        spec: ModelSpec | None = None,
        options: EngineOptions = EngineOptions(),
    ) -> None:
        if spec is None:
            if session.spec_json is None:
                raise ValueError(
                    "the model file does not say how to run it: export it with `posetrack export`"
                )
            spec = ModelSpec.from_json(session.spec_json)
        _check_options(options)
        missing = {head.name for head in spec.heads} - set(session.outputs)
        if missing:
            raise ValueError(f"the model lacks the outputs {sorted(missing)} that its spec names")
        if spec.decoder.name not in DECODERS:
            raise ValueError(f"decoder must be one of {', '.join(DECODERS)}: {spec.decoder.name!r}")
        if spec.flip_baked and options.flip_test:
            raise ValueError(f"{spec.name} averages with the mirror image itself: no flip_test")
        self._most = options.max_people or spec.max_people
        # the decoder ranks centers, not poses, so it must not be the one to cut
        spec = replace(spec, max_people=max(spec.max_people, self._most))
        self.session = session
        self.spec = spec
        self.options = options
        self.sizes = options.sizes or (spec.sizing.size,)
        self._decode = DECODERS[spec.decoder.name](spec)
        self._sigmas = spec.skeleton.sigma_array

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
            model: a shipped name, or a path.
            backend: `auto`, `onnxruntime` or `openvino`.
            precision: `fp32`, or `bf16` where backend and CPU have it.
            threads: CPU threads in all; 0 takes every CPU.
            parallel: threads that will call the engine at once.
            options: sizes, flip test, limits.

        Raises:
            FileNotFoundError, ValueError, RuntimeError: as `open_session` and the constructor.
        """
        session = open_session(
            model_path(model),
            backend=backend,
            precision=precision,
            threads=threads,
            parallel=parallel,
        )
        try:
            return PoseEngine(session, options=options)
        except ValueError:
            session.close()
            raise

    def __call__(self, image: UInt8Array) -> Poses:
        """The poses in an image (H, W, 3) uint8 RGB, in image pixels, best score first."""
        return self.run_timed(image)[0]

    def run_timed(self, image: UInt8Array) -> tuple[Poses, StageSeconds]:
        """Like calling the engine, with the seconds that each of `STAGES` took."""
        seconds: StageSeconds = dict.fromkeys(STAGES, 0.0)
        found = []
        height, width = image.shape[:2]
        transforms = [self.spec.sizing.transform((height, width), size) for size in self.sizes]
        levels = pyramid_levels(self.sizes, [transform.scale for transform in transforms])
        for transform, level in zip(transforms, levels, strict=True):
            poses = self._run_size(image, transform, seconds)
            with _timed(seconds, "decode"):
                found.append(_to_image(poses[level.keeps(poses.boxes)], transform))
        with _timed(seconds, "decode"):
            return self._merge(found), seconds

    def _run_size(
        self, image: UInt8Array, transform: ImageTransform, seconds: StageSeconds
    ) -> Poses:
        """All poses at one input size, in input pixels."""
        with _timed(seconds, "size"):
            border = self.spec.sizing.border
            sized = kernels.size_image(image, transform.input_size, transform.scale, border)[None]
            if self.options.flip_test:
                sized = np.concatenate((sized, sized[:, :, ::-1]))
        with _timed(seconds, "network"):
            heads = self.session.run({self.session.inputs[0]: sized})
        with _timed(seconds, "decode"):
            heads = activate(heads, self.spec)
            if self.options.flip_test:
                heads = average_mirrored(heads, self.spec)
            return self._decode(heads)[0]

    def _merge(self, parts: list[Poses]) -> Poses:
        """One list, best first, each person once."""
        poses = parts[0] if len(parts) == 1 else Poses.concatenate(parts)
        if len(parts) > 1:
            poses = poses[np.argsort(-poses.scores, kind="stable")]
        sides = poses.boxes[:, 2:] - poses.boxes[:, :2]
        area = sides[:, 0] * sides[:, 1] * np.float32(self.options.nms_area)
        found = poses.keypoint_scores > self.options.nms_found
        counts = found | (found.sum(axis=1, keepdims=True) < _FEWEST_FOUND)
        scores = np.where(counts, poses.keypoint_scores, np.float32(0))
        keep = kernels.oks_nms(
            poses.keypoints, scores, area, self._sigmas, threshold=self.options.nms_oks
        )
        return poses[keep][: self._most]

    def close(self) -> None:
        """Free the network."""
        self.session.close()

    def __enter__(self) -> PoseEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


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
    if options.max_people is not None and options.max_people < 1:
        raise ValueError(f"max_people must be at least 1, got {options.max_people}")


def _to_image(poses: Poses, transform: ImageTransform) -> Poses:
    corners = poses.boxes.reshape(-1, 2, 2)
    return replace(
        poses,
        keypoints=transform.to_image(poses.keypoints),
        boxes=transform.to_image(corners).reshape(-1, 4),
    )


@contextmanager
def _timed(seconds: StageSeconds, stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage] += perf_counter() - start
