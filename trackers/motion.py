"""How people and their boxes move."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MotionNoise:
    """How far people and their boxes stray from constant velocity, in box heights h.

    So a person far away and one close to the camera are treated alike; and per second, so that the
    frame rate does not matter.
    """

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
