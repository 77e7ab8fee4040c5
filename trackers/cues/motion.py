"""Distance from where the track should be, in its own uncertainty."""

from __future__ import annotations

import numpy as np

from ...structures import Observation
from ...structures.arrays import Float64Array
from ..tracks import Tracks
from .cue import Cue

# The 95 % quantile of chi for two degrees of freedom, as DeepSORT gates (Wojke et al., ICIP 2017).
_FAR = 2.4477
_BOX_ERROR = 0.1  # box heights; how exact the centre of a given box is


class MotionCue(Cue):
    """Mahalanobis distance of the box centre from the predicted one; what lies outside costs 1."""

    def cost(self, tracks: Tracks, observation: Observation) -> Float64Array:
        """(T, N) in [0, 1]."""
        boxes = observation.poses.boxes.astype(np.float64)
        centers, heights = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
        variance = tracks.motion.position_var[:, None, :2] + (_BOX_ERROR * heights[:, None]) ** 2
        offset = centers - tracks.motion.position[:, None, :2]
        distance = np.sqrt((offset**2 / variance).sum(axis=2))
        return np.asarray(np.minimum(distance / _FAR, 1))
