"""OGN: the heatmap's best cell, moved by the offset found there; then scores and suppression.

Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
Workshops 2019, sections 3.1.3 and 4.1. The paper was published without code; what it leaves open
is decided in `OgnDecoding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ... import kernels
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array, Int32Array
from ..decoder_constants import decoder_constants
from ..heads import Heads
from .crop import PADDING, People
from .decoder import crop_size


@dataclass(frozen=True, slots=True)
class OgnDecoding:
    """Constants of the decoding.

    Attributes:
        radius: R, the unit of the offsets, in cells; the network's own, which the spec always says.
        smoothing: standard deviation of the Gaussian filter, cells; 0 for none. The paper gives no
            number. Labels are disks of about 2 to 3 cells, whose middle 1 cell already makes the
            highest; a wider filter would blur the neighbour's keypoint in, and the exact place
            comes from the offset anyway.
        padding: by which a box is enlarged once it is 3:4. The paper names the ratio alone; 1 is
            that to the letter. The default is the enlargement of the simple baseline, on which it
            builds: without, keypoints at a box's border have half a disk, or none in tight boxes.
        iou_threshold, oks_threshold: of suppression, the paper's.
        suppress: the paper names two thresholds and not whether a pose must pass both. `either`
            drops a pose that is like a kept one by box or by pose, as two usual suppressions one
            after the other would; `both` drops it only if it is like one by box and by pose.
    """

    radius: float
    smoothing: float = 1.0
    padding: float = PADDING
    iou_threshold: float = 0.6
    oks_threshold: float = 0.75
    suppress: Literal["either", "both"] = "either"

    def __post_init__(self) -> None:
        if self.suppress not in ("either", "both"):
            raise ValueError(f"suppress must be 'either' or 'both', got {self.suppress!r}")


class OgnDecoder:
    """Fusion of heatmaps and offsets; a pose's score is its box's times its keypoints' mean.

    Args:
        spec: the model's; its decoder options are fields of `OgnDecoding`.

    Raises:
        ValueError: an unknown or missing option, or the spec does not say the size of the crops.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.constants = decoder_constants(OgnDecoding, spec)
        self._size = crop_size(spec)
        self._stride = spec.head("heatmap").stride
        self._sigmas = spec.skeleton.sigma_array

    def people(self, boxes: AnyArray, scores: AnyArray) -> People:
        """See `TopDownDecoder`."""
        return People.around(boxes, scores, self._size, self.constants.padding)

    def __call__(self, heads: Heads, people: People) -> Poses:
        """See `TopDownDecoder`.

        Args:
            heads: `heatmap` (N, K, h, w), cell j at (j + 0.5) * stride - 0.5 of the crop, and
                `offset` (N, 2K, h, w) in units of R.
            people: whose crops the network saw.
        """
        heatmaps, offsets = (
            np.ascontiguousarray(heads[name], np.float32) for name in ("heatmap", "offset")
        )
        constants = self.constants
        cells, values = kernels.fuse_offsets(
            heatmaps, offsets, constants.radius, constants.smoothing
        )
        keypoints = people.to_image((cells + 0.5) * self._stride - 0.5)
        scores = np.asarray(values.mean(axis=1) * people.scores, np.float32)
        rows = self.kept(keypoints, scores, people)
        return Poses(keypoints[rows], values[rows], scores[rows], people.boxes[rows])

    def kept(self, keypoints: Float32Array, scores: Float32Array, people: People) -> Int32Array:
        """Rows that are not too similar to a better one by box and by OKS, best first.

        Args:
            keypoints: (N, K, 2) image pixels.
            scores: (N,) of the poses.
            people: their boxes and areas.
        """
        rows, count = kernels.nms_oks_iou(
            np.ascontiguousarray(keypoints, np.float32),
            people.areas,
            self._sigmas,
            np.ascontiguousarray(scores, np.float32),
            np.ascontiguousarray(people.boxes),
            oks_threshold=self.constants.oks_threshold,
            iou_threshold=self.constants.iou_threshold,
            suppress=self.constants.suppress,
        )
        return rows[:count]
