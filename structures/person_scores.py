"""Which scores of a model speak of a person; what was measured for a model stands here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonScores:
    """Limits on a model's scores, calibrated for that model and for no other."""

    keypoint: float  # a keypoint is found if its score is above
    track: float  # a pose starts a track from this score on
    clear: float  # a track is a clear person from this mean pose score on ...
    mean_keypoint_score: float  # ... if its mean keypoint score reaches this, all keypoints counted
    moving: float  # a track that moves is a person from this mean pose score on


# `keypoint` stands in the published graph; the others were chosen on the repository's clips, where
# the foot of a table reaches the score of a person but not the keypoint scores.
MOVENET_MULTIPOSE = PersonScores(
    keypoint=0.127, track=0.08, clear=0.08, mean_keypoint_score=0.28, moving=0.14
)
