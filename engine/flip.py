"""Flip test around the network: the heads of images and of their flipped images, averaged."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..kernels.transfer import Constant, concatenate
from ..structures import HeadSpec, ModelSpec
from ..structures.arrays import Float32Array, HeadArray
from .heads import Heads


class FlipAverage:
    """Flips the heads of the flipped images back and takes the mean.

    Features, volumes and detections stay those of the unflipped images: a mean of them says
    nothing.

    Args:
        spec: says what each head is, which keypoints are left and right, where a cell lies.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._maps = {
            head.name: _MapAverage(head, spec)
            for head in spec.heads
            if head.kind in ("heatmap", "vector", "size")
        }

    def __call__(self, heads: Heads, width: int) -> Heads:
        """The heads of B images.

        Args:
            heads: activated heads of B images, then of the same images flipped: (2B, ...) each.
            width: w of the network's input, pixels.

        Returns:
            (B, ...) each.
        """
        half = {name: len(both) // 2 for name, both in heads.items()}
        straight = {name: both[: half[name]] for name, both in heads.items()}
        flipped = {name: both[half[name] :] for name, both in heads.items()}
        return self.of(straight, flipped, width)

    def of(self, straight: Heads, flipped: Heads, width: int) -> Heads:
        """The same, from the heads of the images and those of the flipped images."""
        merged = {}
        for head in self._spec.heads:
            one, other = straight[head.name], flipped[head.name]
            if head.name in self._maps:
                merged[head.name] = self._maps[head.name](one, other)
            elif head.kind == "coordinates":
                merged[head.name] = _mean_coordinates(one, other, width, self._spec)
            else:
                merged[head.name] = one
        return merged


class _MapAverage:
    """The mean of maps (B, C, h, w) whose cells are flipped with the image."""

    def __init__(self, head: HeadSpec, spec: ModelSpec) -> None:
        self._order = Constant(head.flip_order(spec.skeleton).astype(np.int32))
        turn = _turn(head, spec) if head.kind == "vector" else ()
        self._turn = [Constant(array) for array in turn]
        self._shift = spec.flip_shift // head.stride

    def __call__(self, straight: HeadArray, flipped: HeadArray) -> Float32Array:
        sign, constant = [array.beside(straight) for array in self._turn] or (None, None)
        return kernels.merge_flipped(
            straight,
            flipped,
            self._order.beside(straight),
            sign=sign,
            constant=constant,
            shift=self._shift,
        )


def _turn(head: HeadSpec, spec: ModelSpec) -> tuple[Float32Array, Float32Array]:
    """Sign and constant of each channel of x, y pairs: x points the other way."""
    is_x = np.arange(head.channels) % 2 == 0
    # x' and W - 1 - x' are one place: with cells at their corner that is not symmetric
    shift = 1 - 1 / head.stride if spec.cell_origin == "corner" else 0.0
    sign, constant = np.where(is_x, -1, 1), np.where(is_x, shift, 0)
    return sign.astype(np.float32), constant.astype(np.float32)


def _mean_coordinates(
    straight: Float32Array, flipped: Float32Array, width: int, spec: ModelSpec
) -> Float32Array:
    """(B, K, 2 or 3) of coordinates: x of pixel p is p / w - 0.5, and p is w - 1 - p when flipped.

    The arithmetic is in float32, as the coordinates are: within 1e-6 of what float64 gives.

    Source: `flip_test` of github.com/JimmySuen/integral-human-pose: the mean of the coordinates,
    not of the maps; depth is the same in the flipped image. Where there are maps too, Integral's
    decoder reads those.
    """
    back = flipped[:, spec.skeleton.flip_order.tolist()]
    x = (straight[..., :1] - back[..., :1] - 1 / width) / 2
    others = (straight[..., 1:] + back[..., 1:]) / 2
    return concatenate((x, others), axis=2)
