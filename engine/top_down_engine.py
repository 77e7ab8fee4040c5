"""An image and boxes of people in, poses out: crops, network, decoding, back to the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..kernels.transfer import concatenate, to_host
from ..structures import ModelSpec, Poses, Session, SessionOptions
from ..structures.arrays import AnyArray, UInt8Array
from ..structures.closeable import Closeable
from ..structures.session_options import DEFAULT_SESSION
from .heads import Heads
from .network import STAGES, Network, StageSeconds, opened_model, reading_spec, spec_of, timed
from .sizing import check_image
from .top_down import TOP_DOWN, People

# Crops in the network at once: more cost memory and save little.
_MAX_CROPS = 16


class TopDownEngine(Closeable):
    """Finds the pose in each of the given boxes; may be called from several threads.

    Args:
        session: the network, in head form; closed together with the engine.
        spec: how to run it; None takes the one stored in the model file.
        flip_test: average with the flipped crops: twice the work.

    Raises:
        ModelFileError: the file holds no `ModelSpec`, lacks a head, or its decoder finds the spec
            wrong.
        ValueError: the model has no flip test, or sees whole images.
    """

    def __init__(
        self, session: Session, spec: ModelSpec | None = None, *, flip_test: bool = False
    ) -> None:
        spec = spec or spec_of(session)
        if spec.decoder.name not in TOP_DOWN:
            raise ValueError(
                f"decoder of a model for crops must be one of {', '.join(TOP_DOWN)}, {spec.name} "
                f"has {spec.decoder.name!r}: use a PoseEngine for networks that see whole images"
            )
        self.session, self.spec = session, spec
        self._network = Network(session, spec, flip_test=flip_test)
        with reading_spec():
            self._decode = TOP_DOWN[spec.decoder.name](spec)

    @staticmethod
    def load(
        model: str | Path,
        session: SessionOptions = DEFAULT_SESSION,
        *,
        flip_test: bool = False,
    ) -> TopDownEngine:
        """An engine for a model file.

        Raises:
            FileNotFoundError, ValueError, ModelFileError, BackendError: as `open_session` and the
                constructor.
        """
        with opened_model(model, session) as (network, _):
            return TopDownEngine(network, flip_test=flip_test)

    def __call__(self, image: UInt8Array, boxes: AnyArray, scores: AnyArray | None = None) -> Poses:
        """The poses of the people in an image.

        Args:
            image: (H, W, 3) uint8 RGB.
            boxes: (N, 4) x1, y1, x2, y2 of people, image pixels.
            scores: (N,) of the boxes; None takes 1.

        Returns:
            At most one pose per box, in image pixels, best score first, with the given boxes.

        Raises:
            ValueError, TypeError: an array of another shape or dtype.
        """
        return self.run_timed(image, boxes, scores)[0]

    def run_timed(
        self, image: UInt8Array, boxes: AnyArray, scores: AnyArray | None = None
    ) -> tuple[Poses, StageSeconds]:
        """Like calling the engine, with the seconds that each of `STAGES` took."""
        seconds: StageSeconds = dict.fromkeys(STAGES, 0.0)
        return self._found(image, boxes, scores, seconds)[0], seconds

    def with_heads(self, image: UInt8Array, boxes: AnyArray) -> tuple[Poses, Heads]:
        """The poses, and (N, ...) what the network says of every crop: activated, NumPy arrays."""
        poses, heads = self._found(image, boxes, None, dict.fromkeys(STAGES, 0.0))
        return poses, dict(zip(heads, to_host(*heads.values()), strict=True))

    def _found(
        self, image: UInt8Array, boxes: AnyArray, scores: AnyArray | None, seconds: StageSeconds
    ) -> tuple[Poses, Heads]:
        """The poses, and the heads where the network left them; none without people."""
        check_image(image)
        boxes = np.asarray(boxes, np.float32)
        people = self._decode.people(boxes, np.ones(len(boxes)) if scores is None else scores)
        if not len(people):
            return Poses.empty(len(self.spec.skeleton)), {}
        heads = self._run(image, people, seconds)
        with timed(seconds, "decode"):
            return self._decode(heads, people), heads

    def _run(self, image: UInt8Array, people: People, seconds: StageSeconds) -> Heads:
        """(N, ...) activated heads of every crop."""
        with timed(seconds, "size"):
            crops = people.cut(image)
        parts = [
            self._network(crops[first : first + _MAX_CROPS], seconds)
            for first in range(0, len(crops), _MAX_CROPS)
        ]
        return {name: concatenate([part[name] for part in parts]) for name in parts[0]}

    def close(self) -> None:
        """Free the network."""
        self.session.close()
