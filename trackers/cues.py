"""Evidence that a pose belongs to a track: each cue (tracks, observation) -> cost (T, N) in [0, 1].

An observation carries the image and embeddings too, where somebody has them. A further cue is a
function here, a line in `CUES`, and `<name>_weight` in `TrackerConfig`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from .. import kernels
from ..structures import Observation
from ..structures.arrays import Float64Array
from ..structures.skeleton import AREA_SHARE
from .tracks import Tracks

Cue: TypeAlias = Callable[[Tracks, Observation], Float64Array]

MIN_COMMON = 3  # keypoints; poses that share fewer are alike by that much less


def oks_cost(tracks: Tracks, observation: Observation) -> Float64Array:
    """(T, N) 1 - object keypoint similarity, over the keypoints that both have.

    The scale of the similarity grows with the variance of the prediction, as if every sigma had
    the track's own uncertainty added: a person lost for a second may be further off.
    """
    poses = observation.poses
    found = poses.keypoint_scores > 0
    known = tracks.keypoint_scores > 0
    # NaN adds nothing to a similarity, but counts in its mean; the last line undoes that.
    keypoints = np.where(found[..., None], poses.keypoints, np.float32(np.nan))
    position, variance = tracks.motion.position, tracks.motion.position_var
    tolerance = 4 * np.mean(tracks.sigmas.astype(np.float64) ** 2)
    area = AREA_SHARE * position[:, 2] * position[:, 3] + variance[:, 0] / tolerance
    similarity = kernels.oks_matrix(
        keypoints, tracks.keypoints, tracks.keypoint_scores, area.astype(np.float32), tracks.sigmas
    ).T
    common = known.astype(np.float64) @ found.T
    count = known.sum(axis=1)[:, None]
    return np.asarray(np.clip(1 - similarity * (count / np.maximum(common, MIN_COMMON)), 0, 1))


def iou_cost(tracks: Tracks, observation: Observation) -> Float64Array:
    """(T, N) 1 - intersection over union of predicted and given boxes."""
    return kernels.iou_cost(
        np.ascontiguousarray(tracks.motion.boxes, np.float64),
        np.ascontiguousarray(observation.poses.boxes, np.float64),
    )


def combined_cost(
    tracks: Tracks, observation: Observation, weights: Mapping[str, float]
) -> Float64Array:
    """(T, N) weighted mean of the cues named in `weights`; they need not sum to 1."""
    total = sum(weights.values())
    cost = np.zeros((len(tracks), len(observation.poses)))
    for name, weight in weights.items():
        cost += (weight / total) * CUES[name](tracks, observation)
    return cost


CUES: dict[str, Cue] = {"oks": oks_cost, "iou": iou_cost}
