"""Overlap of boxes."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...structures import Observation
from ...structures.arrays import Float64Array
from ..tracks import Tracks
from .cue import Cue


class IouCue(Cue):
    """1 - intersection over union of predicted and given boxes."""

    def cost(self, tracks: Tracks, observation: Observation) -> Float64Array:
        """(T, N) in [0, 1]."""
        return kernels.iou_cost(
            np.ascontiguousarray(tracks.motion.boxes), observation.poses.boxes.astype(np.float64)
        )
