"""Where everything in a picture has gone by the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import AnyArray, Float32Array, Float64Array


@dataclass(frozen=True, slots=True)
class FlowField:
    """Optical flow on a grid of cells that cover the picture.

    Attributes:
        vectors: (h, w, 2) float32 dx, dy in image pixels.
        size: height and width of the picture, pixels.

    Raises:
        ValueError: there are no cells.
    """

    vectors: Float32Array
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 3 or self.vectors.shape[2] != 2 or not self.vectors.size:
            raise ValueError(f"vectors must have shape (h, w, 2), got {self.vectors.shape}")

    @staticmethod
    def of_small(vectors: AnyArray, small: tuple[int, int], size: tuple[int, int]) -> FlowField:
        """From vectors (h, w, 2) in pixels of a picture that was made `small`, height and width."""
        zoom = np.array((size[1] / small[1], size[0] / small[0]), np.float32)
        return FlowField(np.asarray(vectors * zoom, np.float32), size)

    def moved(self, points: AnyArray) -> Float64Array:
        """Points (..., 2) of the picture where they are in the next, between cells linearly.

        Points beyond the border move as the border does.
        """
        height, width = self.vectors.shape[:2]
        cells = (width, height) / np.array(self.size[::-1], np.float64)
        places = np.clip(np.asarray(points) * cells - 0.5, 0, (width - 1, height - 1))
        low = np.minimum(places.astype(int), np.maximum((width - 2, height - 2), 0))
        (x, y), share = np.moveaxis(low, -1, 0), places - low
        right, below = np.minimum(x + 1, width - 1), np.minimum(y + 1, height - 1)
        across, down = share[..., :1], share[..., 1:]
        above = self.vectors[y, x] * (1 - across) + self.vectors[y, right] * across
        under = self.vectors[below, x] * (1 - across) + self.vectors[below, right] * across
        return np.asarray(points + above * (1 - down) + under * down, np.float64)
