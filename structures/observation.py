"""What a tracker sees of one frame, and what every tracker can do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from .arrays import AnyArray, BoolArray, Float32Array, Int64Array, UInt8Array
from .poses import Poses

# Arrays by name, to keep with `numpy.savez` and to read without pickle.
TrackerState: TypeAlias = dict[str, AnyArray]


@dataclass(frozen=True, slots=True)
class Observation:
    """The poses of one frame, and what else helps to tell people apart.

    Attributes:
        poses: N poses in any order; a frame without people has N = 0.
        time_s: presentation time of the frame, seconds.
        image: (H, W, 3) uint8 RGB, for cues that look at it; None where nobody has it.
        embeddings: (N, D) float32 appearance of each pose; None where nobody computed it.

    Raises:
        ValueError: `embeddings` has another number of rows than `poses`.
    """

    poses: Poses
    time_s: float
    image: UInt8Array | None = None
    embeddings: Float32Array | None = None

    def __post_init__(self) -> None:
        shape = None if self.embeddings is None else self.embeddings.shape
        if shape is not None and shape[:1] != (len(self.poses),):
            raise ValueError(
                f"embeddings must have one row for each of the {len(self.poses)} poses, "
                f"got shape {shape}"
            )

    def rows(self, rows: BoolArray | Int64Array) -> Observation:
        """The same frame with the poses that a mask (N,) or indices name."""
        embeddings = None if self.embeddings is None else self.embeddings[rows]
        return replace(self, poses=self.poses[rows], embeddings=embeddings)


class Tracker(Protocol):
    """Gives every pose of a video a track, frame after frame."""

    def update(self, observation: Observation) -> Poses:
        """The poses of the observation, same rows, with `track_ids` and `track_states`."""
        ...

    def state(self) -> TrackerState:
        """A copy of all that later results depend on."""
        ...

    def restore(self, state: TrackerState) -> None:
        """Go on exactly as the tracker whose `state` this is would have.

        Raises:
            ValueError: the state is of another kind of tracker or of another skeleton.
        """
        ...
