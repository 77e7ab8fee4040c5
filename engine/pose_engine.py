"""Image in, poses out: sizing, network, decoding, back to the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..structures import ModelFileError, ModelSpec, Poses, Session, SessionOptions
from ..structures.arrays import UInt8Array
from ..structures.closeable import Closeable
from ..structures.session_options import DEFAULT_SESSION
from .decoders import DECODERS
from .engine_options import DEFAULT_OPTIONS, EngineOptions
from .heads import View
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
        check_image(image)
        image = np.ascontiguousarray(image)  # a copy of views, such as `bgr[..., ::-1]`
        seconds: StageSeconds = dict.fromkeys(STAGES, 0.0)
        height, width = image.shape[:2]
        views = []
        for size in self.sizes:
            for scale in self.options.scales:
                with timed(seconds, "size"):
                    transform = self.spec.sizing.transform((height, width), size, scale)
                    sized = size_image(image, transform, self.spec.sizing)[None]
                views.append(View(self._network(sized, seconds), transform, scale))
        with timed(seconds, "decode"):
            return self._decode(views)[: self._max_people], seconds

    def close(self) -> None:
        """Free the networks."""
        for session in (self.session, *self._companions.values()):
            session.close()


def _check_model(spec: ModelSpec, options: EngineOptions) -> None:
    """Whether a model can be run on whole images as the options say."""
    if spec.decoder.name in TOP_DOWN:
        raise ValueError(f"{spec.name} works on crops of single people: use a TopDownEngine")
    if spec.decoder.name not in DECODERS:
        raise ModelFileError(
            f"decoder of {spec.name} must be one of {', '.join(DECODERS)}, got "
            f"{spec.decoder.name!r}"
        )
    if spec.sizing.convention == "hrnet-affine" and len(options.sizes) > 1:
        raise ValueError(
            f"{spec.name} takes one size: for more use a multi-scale test, such as scales 0.5,1,2"
        )
    if spec.sizing.convention != "hrnet-affine" and options.scales != (1.0,):
        raise ValueError(f"{spec.name} has no multi-scale test: use several sizes, such as 256,512")
