"""Where every track's box will be: constant-velocity Kalman filters, all tracks at once.

Centre x, centre y, width and height move independently, so each has its own filter of two numbers,
position and velocity. Their 2 x 2 covariances are kept as three arrays and all algebra is
element-wise: no matrix is ever inverted. Noise is in box heights, so that a person far away and
one close to the camera are treated alike, and per second, so that the frame rate does not matter.

Source: white-noise acceleration model, Bar-Shalom, Li and Kirubarajan, "Estimation with
Applications to Tracking and Navigation", 2001, section 6.2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..structures.arrays import AnyArray, Float64Array

SMALLEST_SIDE = 1.0  # px; a predicted or given box is never thinner


@dataclass(frozen=True, slots=True)
class MotionNoise:
    """How far people and their boxes stray from constant velocity, in box heights h."""

    center_walk: float = 0.5  # change of the centre's velocity within a second, h/s, > 0
    size_walk: float = 0.15  # the same for width and height, h/s, > 0
    center_error: float = 0.1  # error of a given box's centre, h, > 0
    size_error: float = 0.15  # error of a given box's width and height, h, > 0
    center_speed: float = 0.4  # usual speed of a new track's centre, h/s, > 0
    size_speed: float = 0.1  # usual speed of a new track's width and height, h/s, > 0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


class BoxMotion(NamedTuple):
    """Estimates for T boxes, columns centre x, centre y, width, height; each array (T, 4)."""

    position: Float64Array  # px
    velocity: Float64Array  # px/s
    position_var: Float64Array  # px²
    covariance: Float64Array  # of position and velocity, px²/s
    velocity_var: Float64Array  # px²/s²

    def rows(self, rows: AnyArray) -> BoxMotion:
        """The rows named by a mask or by indices, copied."""
        return BoxMotion(*(array[rows] for array in self))

    @property
    def boxes(self) -> Float64Array:
        """(T, 4) x1, y1, x2, y2 in image pixels."""
        half = self.position[:, 2:] / 2
        center = self.position[:, :2]
        return np.concatenate((center - half, center + half), axis=1)


def start(boxes: AnyArray, noise: MotionNoise) -> BoxMotion:
    """Motion of boxes seen for the first time: at rest, but not surely.

    Args:
        boxes: (T, 4) x1, y1, x2, y2 in image pixels.
        noise: sets the first variances.
    """
    position = _centers_and_sizes(boxes)
    return BoxMotion(
        position,
        np.zeros_like(position),
        _variance(position, noise.center_error, noise.size_error),
        np.zeros_like(position),
        _variance(position, noise.center_speed, noise.size_speed),
    )


def predict(motion: BoxMotion, step_s: float, noise: MotionNoise) -> BoxMotion:
    """The motion `step_s` seconds later; the uncertainty grows with the step."""
    position, velocity, position_var, covariance, velocity_var = motion
    walk = _variance(position, noise.center_walk, noise.size_walk)  # px²/s³
    moved = position + step_s * velocity
    np.maximum(moved[:, 2:], SMALLEST_SIDE, out=moved[:, 2:])
    return BoxMotion(
        moved,
        velocity,
        position_var + step_s * (2 * covariance + step_s * (velocity_var + (step_s / 3) * walk)),
        covariance + step_s * (velocity_var + (step_s / 2) * walk),
        velocity_var + step_s * walk,
    )


def correct(motion: BoxMotion, boxes: AnyArray, noise: MotionNoise) -> BoxMotion:
    """The motion after seeing one box for every row.

    Args:
        motion: predicted to the time of the boxes.
        boxes: (T, 4) x1, y1, x2, y2 in image pixels.
        noise: sets how far the boxes are believed.
    """
    position, velocity, position_var, covariance, velocity_var = motion
    seen = _centers_and_sizes(boxes)
    error = _variance(seen, noise.center_error, noise.size_error)
    total = position_var + error
    gain, velocity_gain = position_var / total, covariance / total
    surprise = seen - position
    corrected = position + gain * surprise
    np.maximum(corrected[:, 2:], SMALLEST_SIDE, out=corrected[:, 2:])
    return BoxMotion(
        corrected,
        velocity + velocity_gain * surprise,
        gain * error,
        velocity_gain * error,
        velocity_var - velocity_gain * covariance,
    )


def _centers_and_sizes(boxes: AnyArray) -> Float64Array:
    """(T, 4) x1, y1, x2, y2 -> (T, 4) centre x, centre y, width, height."""
    low, high = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    return np.concatenate(((low + high) / 2, np.maximum(high - low, SMALLEST_SIDE)), axis=1)


def _variance(position: Float64Array, center: float, size: float) -> Float64Array:
    """(T, 4) squares of `center` and `size`, given in box heights, in pixels."""
    squares = np.array((center**2, center**2, size**2, size**2))
    variance: Float64Array = position[:, 3:] ** 2 * squares
    return variance
