"""Image in, poses out: sizing, network, decoding, back to the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..kernels.transfer import to_host
from ..structures import ModelFileError, ModelSpec, Poses, Session, SessionOptions
from ..structures.arrays import UInt8Array
from ..structures.closeable import Closeable
from ..structures.session_options import DEFAULT_SESSION
from .batching import BatchingSession
from .decoders import DECODERS
from .engine_options import DEFAULT_OPTIONS, EngineOptions
from .heads import Heads, View
from .network import STAGES, Network, StageSeconds, opened_model, reading_spec, spec_of, timed
from .sizing import check_image, size_image
from .top_down import TOP_DOWN

DEFAULT_MODEL = "movenet-multipose"


class PoseEngine(Closeable):
    """Finds the poses in one image after the other; may be called from several threads.

    Args:
        session: the network, in head form; closed together with the engine.
        spec: how to run it; None takes the one stored in the model file.
        options: sizes, scales, flip test, limits.
        companions: further networks that the decoder needs, by role (see `COMPANIONS`); closed
            together with the engine.

    Raises:
        ModelFileError: the file holds no `ModelSpec`, lacks a head, or its decoder is unknown or
            finds the spec wrong.
        ValueError: the options do not fit the model, or it works person by person.
    """

    def __init__(
        self,
        session: Session,
        spec: ModelSpec | None = None,
        options: EngineOptions = DEFAULT_OPTIONS,
        companions: Mapping[str, Session] | None = None,
    ) -> None:
        spec = spec or spec_of(session)
        _check_model(spec, options)
        self._max_people = options.max_people or spec.max_people
        # the decoder ranks centers, not poses, so it must not be the one to cut
        spec = replace(spec, max_people=max(spec.max_people, self._max_people))
        self.session = session
        self.spec = spec
        self.options = options
        self.sizes = options.sizes or (spec.sizing.size,)
        self._companions = dict(companions or {})
        _check_batch(session, spec, options)
        if options.batch > 1:
            session = BatchingSession(session, options.batch)
        self._network = Network(session, spec, flip_test=options.flip_test)
        with reading_spec():
            self._decode = DECODERS[spec.decoder.name](spec, self._companions)

    @staticmethod
    def load(
        model: str | Path = DEFAULT_MODEL,
        session: SessionOptions = DEFAULT_SESSION,
        options: EngineOptions = DEFAULT_OPTIONS,
    ) -> PoseEngine:
        """An engine for a model that ships with the package, or for a model file.

        Args:
            model: a shipped name, or a path; its companions are taken from beside it.
            session: backend, device, precision, threads.
            options: sizes, scales, flip test, limits.

        Raises:
            FileNotFoundError, ValueError, ModelFileError, BackendError: as `open_session` and the
                constructor.
        """
        with opened_model(model, session) as (network, companions):
            return PoseEngine(network, options=options, companions=companions)

    def __call__(self, image: UInt8Array) -> Poses:
        """The poses in an image (H, W, 3) uint8 RGB, in image pixels, best score first.

        Raises:
            ValueError, TypeError: an array of another shape or dtype, or no array.
        """
        return self.run_timed(image)[0]

    def run_timed(self, image: UInt8Array) -> tuple[Poses, StageSeconds]:
        """Like calling the engine, with the seconds that each of `STAGES` took."""
        seconds: StageSeconds = dict.fromkeys(STAGES, 0.0)
        return self._decoded(self._views(image, seconds), seconds), seconds

    def with_heads(self, image: UInt8Array) -> tuple[Poses, Heads]:
        """The poses, and what the network says of the image: activated heads, NumPy arrays.

        The names are those of `ModelSpec.heads`; of several sizes and scales they end on @0, @1 and
        so on, in their order.
        """
        seconds: StageSeconds = dict.fromkeys(STAGES, 0.0)
        views = self._views(image, seconds)
        heads = {
            name if len(views) == 1 else f"{name}@{index}": head
            for index, view in enumerate(views)
            for name, head in view.heads.items()
        }
        fetched = dict(zip(heads, to_host(*heads.values()), strict=True))
        return self._decoded(views, seconds), fetched

    def _decoded(self, views: list[View], seconds: StageSeconds) -> Poses:
        with timed(seconds, "decode"):
            (poses,) = self._decode(views).to_host()
        return poses[: self._max_people]

    def _views(self, image: UInt8Array, seconds: StageSeconds) -> list[View]:
        """What the network says of an image at each size and scale."""
        check_image(image)
        image = np.ascontiguousarray(image)  # a copy of views, such as `bgr[..., ::-1]`
        height, width = image.shape[:2]
        views = []
        for size in self.sizes:
            for scale in self.options.scales:
                with timed(seconds, "size"):
                    transform = self.spec.sizing.transform((height, width), size, scale)
                    sized = size_image(image, transform, self.spec.sizing)[None]
                views.append(View(self._network(sized, seconds), transform, scale))
        return views

    def close(self) -> None:
        """Free the networks."""
        for session in (self.session, *self._companions.values()):
            session.close()


def _check_batch(session: Session, spec: ModelSpec, options: EngineOptions) -> None:
    """Refuse at once more images than a plan takes in one call."""
    most = getattr(session, "max_images", None)
    flipped = options.flip_test and spec.flip == "around"
    needed = options.batch * (2 if flipped else 1)
    if most is not None and needed > most:
        why = " with the flipped ones" if flipped else ""
        raise ValueError(
            f"the plan takes {most} images at a time, and a batch of {options.batch} has {needed}"
            f"{why}: build one for more with `posetrack build --batch MIN,OPT,MAX`"
        )


def _check_model(spec: ModelSpec, options: EngineOptions) -> None:
    """Whether a model can be run on whole images as the options say."""
    if spec.decoder.name in TOP_DOWN:
        raise ValueError(f"{spec.name} works on crops of single people: use a TopDownEngine")
    if spec.decoder.name not in DECODERS:
        raise ModelFileError(
            f"decoder of {spec.name} must be one of {', '.join(DECODERS)}, got "
            f"{spec.decoder.name!r}"
        )
    if spec.gives_poses:
        _check_graph_form(spec, options)
    if spec.sizing.convention == "hrnet-affine" and len(options.sizes) > 1:
        raise ValueError(
            f"{spec.name} takes one size: for more use a multi-scale test, such as scales 0.5,1,2"
        )
    if spec.sizing.convention != "hrnet-affine" and options.scales != (1.0,):
        raise ValueError(f"{spec.name} has no multi-scale test: use several sizes, such as 256,512")


def _check_graph_form(spec: ModelSpec, options: EngineOptions) -> None:
    """Refuse what only an engine that sees the heads could do."""
    if len(options.sizes) > 1 or options.scales != (1.0,):
        raise ValueError(
            f"{spec.name} finds its poses inside the file, at one size: for several sizes or a "
            "multi-scale test export the head form, `posetrack export --post none`"
        )
    if options.max_people is not None and options.max_people > spec.max_people:
        raise ValueError(
            f"{spec.name} finds at most {spec.max_people} people inside the file, got max_people "
            f"{options.max_people}: for more export the head form, `posetrack export --post none`"
        )
