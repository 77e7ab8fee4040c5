"""Evidence that a pose belongs to a track: each cue gives a cost (T, N) in [0, 1].

Those of `GEOMETRY` are compared natively, with where each track should be: `pt_track_costs` in
kernels/include/posetrack/tracking.h says how. A further cue is a file here, with what a track must
remember for it beside its cost, a line in `CUES`, and `<name>_weight` in `TrackerConfig`.
"""

from __future__ import annotations

from .appearance import ColorCue, CosineCue, EuclideanCue
from .cue import Cue
from .flow import FlowCue

__all__ = ["APPEARANCE", "CUES", "EMBEDDINGS", "GEOMETRY", "Cue", "FlowCue"]

GEOMETRY = ("oks", "iou", "motion")  # keypoint similarity, overlap of boxes, distance of centres
EMBEDDINGS = {"cosine", "euclidean"}  # that compare what somebody computed of each pose
APPEARANCE = ("cosine", "euclidean", "colors")  # that compare looks; the first that can counts
CUES: dict[str, type[Cue]] = {
    "cosine": CosineCue,
    "euclidean": EuclideanCue,
    "colors": ColorCue,
    "flow": FlowCue,
}
