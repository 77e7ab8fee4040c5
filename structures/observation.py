"""What a tracker sees of one frame, and what every tracker can do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np

from .arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int64Array, UInt8Array
from .flow_field import FlowField
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
        flow: from the frame before to this one; None where nobody computed it.
        found_s: (N,) when each pose was found, which is earlier for one that flow has carried here;
            None: all in this frame.

    Raises:
        ValueError: `embeddings` or `found_s` has another number of rows than `poses`.
    """

    poses: Poses
    time_s: float
    image: UInt8Array | None = None
    embeddings: Float32Array | None = None
    flow: FlowField | None = None
    found_s: Float64Array | None = None

    def __post_init__(self) -> None:
        for name in ("embeddings", "found_s"):
            array = getattr(self, name)
            if array is not None and array.shape[:1] != (len(self.poses),):
                raise ValueError(
                    f"{name} must have one row for each of the {len(self.poses)} poses, "
                    f"got shape {array.shape}"
                )

    def rows(self, rows: BoolArray | Int64Array) -> Observation:
        """The same frame with the poses that a mask (N,) or indices name."""
        embeddings = None if self.embeddings is None else self.embeddings[rows]
        found_s = None if self.found_s is None else self.found_s[rows]
        return replace(self, poses=self.poses[rows], embeddings=embeddings, found_s=found_s)

    @property
    def times_found(self) -> Float64Array:
        """(N,) `found_s`, or this frame's time for all."""
        return np.full(len(self.poses), self.time_s) if self.found_s is None else self.found_s

    def joined(
        self, carried: Poses, found_s: Float64Array, embeddings: Float32Array | None
    ) -> Observation:
        """The same frame with poses (M) behind its own that were found earlier, at `found_s` (M,).

        Args:
            carried: the poses.
            found_s: when they were found, seconds.
            embeddings: (M, D) of them, if those of the frame have any.
        """
        if self.poses.depth_mm is not None:
            unknown = np.full(carried.keypoint_scores.shape, np.nan, np.float32)
            carried = replace(carried, depth_mm=unknown)
        looks = self.embeddings
        if looks is not None and embeddings is not None:
            looks = np.concatenate((looks, embeddings))
        return replace(
            self,
            poses=Poses.concatenate((self.poses, carried)),
            embeddings=looks,
            found_s=np.concatenate((self.times_found, found_s)),
        )


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
