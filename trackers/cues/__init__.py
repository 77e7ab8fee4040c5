"""Evidence that a pose belongs to a track: each cue (tracks, observation) -> cost (T, N) in [0, 1].

Those of `GEOMETRY` are compared natively, with where each track should be: `pt_track_costs` in
kernels/include/posetrack/tracking.h says how. A further cue is a file here, with what a track must
remember for it beside its cost, a line in `CUES`, and `<name>_weight` in `TrackerConfig`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...structures import Observation
from ...structures.arrays import AnyArray
from .appearance import CosineCue, EuclideanCue
from .cue import Cue

__all__ = ["APPEARANCE", "CUES", "GEOMETRY", "Cue", "memories"]

GEOMETRY = ("oks", "iou", "motion")  # keypoint similarity, overlap of boxes, distance of centres
CUES: dict[str, Cue] = {"cosine": CosineCue(), "euclidean": EuclideanCue()}
APPEARANCE = ("cosine", "euclidean")  # those that compare looks, wherever somebody is


def memories(names: Iterable[str], observation: Observation) -> dict[str, AnyArray]:
    """What the named cues remember of each pose: arrays (N, ...) by name."""
    remembered: dict[str, AnyArray] = {}
    for name in names:
        remembered.update(CUES[name].memory(observation))
    return remembered
