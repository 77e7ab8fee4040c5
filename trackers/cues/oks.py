"""Similarity of poses."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...structures import Observation
from ...structures.arrays import Float64Array
from ...structures.skeleton import AREA_SHARE
from ..tracks import Tracks
from .cue import Cue

MIN_COMMON = 3  # keypoints; poses that share fewer are alike by that much less

# In box heights, of a prediction. Where somebody left the picture, somebody else may enter it at
# the other side: the uncertainty of seconds would reach that far.
_MOST_SPREAD = 0.6


class OksCue(Cue):
    """1 - object keypoint similarity, over the keypoints that both have.

    The scale of the similarity grows with the variance of the prediction, along and across, as if
    the track's own uncertainty were added to every sigma: a person lost for a second may be further
    off, but not anywhere.
    """

    def cost(self, tracks: Tracks, observation: Observation) -> Float64Array:
        """(T, N) in [0, 1]."""
        poses = observation.poses
        found = poses.keypoint_scores > 0
        known = tracks.keypoint_scores > 0
        # NaN adds nothing to a similarity, but counts in its mean; the last line undoes that.
        keypoints = np.where(
            found[..., None], np.ascontiguousarray(poses.keypoints), np.float32(np.nan)
        )
        position, variance = tracks.motion.position, tracks.motion.position_var
        tolerance = 4 * np.mean(tracks.sigmas.astype(np.float64) ** 2)
        spread = np.minimum(variance[:, 0], (_MOST_SPREAD * position[:, 3]) ** 2)
        area = AREA_SHARE * position[:, 2] * position[:, 3] + 2 * spread / tolerance
        similarity = kernels.oks_matrix(
            keypoints,
            tracks.keypoints,
            tracks.keypoint_scores,
            area.astype(np.float32),
            tracks.sigmas,
        ).T
        common = known.astype(np.float64) @ found.T
        count = known.sum(axis=1)[:, None]
        return np.asarray(np.clip(1 - similarity * (count / np.maximum(common, MIN_COMMON)), 0, 1))
