"""Evidence that a pose belongs to a track: each cue (tracks, observation) -> cost (T, N) in [0, 1].

One file a cue, with what a track must remember for it beside its cost. A further cue is such a
file, a line in `CUES`, and `<name>_weight` in `TrackerConfig`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ...structures import Observation
from ...structures.arrays import AnyArray, Float64Array
from ..tracks import Tracks
from .appearance import CosineCue, EuclideanCue
from .cue import Cue
from .iou import IouCue
from .motion import MotionCue
from .oks import OksCue

__all__ = ["APPEARANCE", "CUES", "Cue", "combined_cost", "memories"]

CUES: dict[str, Cue] = {
    "oks": OksCue(),
    "iou": IouCue(),
    "motion": MotionCue(),
    "cosine": CosineCue(),
    "euclidean": EuclideanCue(),
}
APPEARANCE = ("cosine", "euclidean")  # those that compare looks, wherever somebody is


def combined_cost(
    tracks: Tracks, observation: Observation, weights: Mapping[str, float]
) -> Float64Array:
    """(T, N) weighted mean of the cues named in `weights`; they need not sum to 1.

    A cue that has nothing to go by in this frame, such as appearance without embeddings, is left
    out; where none has, every pair costs 1.
    """
    total, cost = 0.0, np.zeros((len(tracks), len(observation.poses)))
    for name, weight in weights.items():
        part = CUES[name].cost(tracks, observation)
        if part is not None:
            cost += weight * part
            total += weight
    return cost / total if total else cost + 1


def memories(names: Iterable[str], observation: Observation) -> dict[str, AnyArray]:
    """What the named cues remember of each pose: arrays (N, ...) by name."""
    remembered: dict[str, AnyArray] = {}
    for name in names:
        remembered.update(CUES[name].memory(observation))
    return remembered
