"""Flow by a network of two pictures, from a file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...structures import FlowField, Session
from ...structures.arrays import AnyArray, UInt8Array
from ...structures.session_inputs import InputType

_LONG_SIDE = 448  # px of the pictures, where the network takes any size
_MULTIPLE = 8  # of pixels, that networks divide by at most


class NetworkFlow:
    """Any network with two pictures for input and a flow for output, such as RAFT.

    It takes two inputs (1, 3, h, w), before and after, or one (1, 6, h, w) with both; float32 RGB
    from 0 to 255. Of its outputs the largest (1, 2, h, w) counts, dx and dy in pixels of the
    input.

    Args:
        session: of the network; whoever opened it closes it.
        inputs: dtype and sizes of each of its inputs.

    Raises:
        ValueError: the network takes something else.
    """

    def __init__(self, session: Session, inputs: Mapping[str, InputType]) -> None:
        shapes = [shape for _, shape in inputs.values()]
        channels = [shape[1] for shape in shapes if len(shape) == 4]
        floats = all(np.dtype(dtype) == np.float32 for dtype, _ in inputs.values())
        if not floats or channels not in ([3, 3], [6]) or len(shapes) != len(channels):
            raise ValueError(
                "a flow network must take two float32 pictures (1, 3, height, width), or one "
                f"(1, 6, height, width), got inputs {shapes}"
            )
        self._session, self._names, self._sizes = session, list(inputs), shapes[0][2:]

    def prepared(self, image: UInt8Array) -> AnyArray:
        """(h, w, 3) uint8 RGB of the network's size."""
        import cv2

        height, width = image.shape[:2]
        zoom = min(_LONG_SIDE / max(height, width), 1)
        sides = (
            side or max(_MULTIPLE, round(length * zoom / _MULTIPLE) * _MULTIPLE)
            for side, length in zip(self._sizes, (height, width), strict=True)
        )
        rows, columns = sides
        return np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA))

    def between(self, before: AnyArray, now: AnyArray, size: tuple[int, int]) -> FlowField:
        """See `Flow.between`.

        Raises:
            ValueError: no output is a flow.
        """
        pictures = [
            np.ascontiguousarray(one.transpose(2, 0, 1)[None], np.float32) for one in (before, now)
        ]
        if len(self._names) == 1:
            pictures = [np.concatenate(pictures, axis=1)]
        outputs = self._session.run(dict(zip(self._names, pictures, strict=True)))
        flows = [array for array in outputs.values() if array.ndim == 4 and array.shape[1] == 2]
        if not flows:
            shapes = {name: array.shape for name, array in outputs.items()}
            raise ValueError(f"a flow network must give a flow (1, 2, h, w), got {shapes}")
        flow = max(flows, key=lambda array: array.size)[0].transpose(1, 2, 0)
        height, width = before.shape[:2]
        return FlowField.of_small(flow, (height, width), size)
