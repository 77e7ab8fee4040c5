"""What every cue can do."""

from __future__ import annotations

from ...structures import Observation
from ...structures.arrays import AnyArray, Float64Array, Int32Array
from ..tracks import Tracks


class Cue:
    """One kind of evidence; it holds no state: what tracks remember lies in `Tracks.memory`."""

    def cost(self, tracks: Tracks, observation: Observation) -> Float64Array | None:
        """(T, N) in [0, 1], 0 where a pose fits a track; None if this frame says nothing."""
        raise NotImplementedError

    def memory(self, observation: Observation) -> dict[str, AnyArray]:
        """What N new tracks remember of the N poses that start them: arrays (N, ...) by name."""
        del observation
        return {}

    def remember(self, tracks: Tracks, rows: Int32Array, observation: Observation) -> None:
        """Take in the poses (N) that were matched to the tracks `rows` (N,); none twice."""
