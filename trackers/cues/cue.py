"""What every cue can do."""

from __future__ import annotations

from ...structures import Observation, Skeleton
from ...structures.arrays import AnyArray, Float64Array, Int32Array
from ..tracks import Tracks


class Cue:
    """One kind of evidence; it holds no state: what tracks remember lies in `Tracks.memory`.

    Args:
        skeleton: the type of the poses.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton

    def look(self, observation: Observation) -> AnyArray | None:
        """What it sees of each pose (N, ...); None if this frame says nothing."""
        raise NotImplementedError

    def cost(self, tracks: Tracks, seen: AnyArray) -> Float64Array:
        """(T, N) in [0, 1], 0 where a pose of which it has `seen` this fits a track."""
        raise NotImplementedError

    def length(self, tracks: Tracks) -> int:
        """Of a look, as the tracks remember it; 0 as long as there was none."""
        raise NotImplementedError

    def memory(self, observation: Observation, seen: AnyArray | None) -> dict[str, AnyArray]:
        """What N new tracks remember of the N poses that start them: arrays (N, D) by name."""
        raise NotImplementedError

    def remember(self, tracks: Tracks, rows: Int32Array, time_s: float, seen: AnyArray) -> None:
        """Take in what was `seen` of the poses (N) that were matched to `rows` (N,), none twice."""
        raise NotImplementedError
