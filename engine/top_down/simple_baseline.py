"""SimpleBaseline: heatmaps of one person's crop -> keypoints in the image, scores, suppression.

Source: github.com/microsoft/human-pose-estimation.pytorch, MIT.
"""

from __future__ import annotations

from dataclasses import dataclass

from ... import kernels
from ...kernels.transfer import Constant, like
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array
from ..decoder_constants import decoder_constants
from ..heads import Heads
from ..padded_poses import PaddedPoses
from .crop import People
from .decoder import crop_size, poses_in_crops


@dataclass(frozen=True, slots=True)
class SimpleBaselineDecoding:
    """Constants of the released decoding."""

    quarter: float = 0.25  # cells by which a peak moves towards its higher neighbour
    found_score: float = 0.2  # keypoints at or below do not count in the pose's score
    oks_threshold: float = 0.9  # of suppression


class SimpleBaselineDecoder:
    """The highest cell of each heatmap, a quarter cell towards its neighbour; poses suppressed.

    Args:
        spec: the model's; its decoder options override fields of `SimpleBaselineDecoding`.

    Raises:
        ValueError: an unknown option, or the spec does not say the size of the crops.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.constants = decoder_constants(SimpleBaselineDecoding, spec)
        self._size = crop_size(spec)
        self._spec = spec
        self._sigmas = Constant(spec.skeleton.sigma_array)

    def people(self, boxes: AnyArray, scores: AnyArray) -> People:
        """See `TopDownDecoder`."""
        return People.around(boxes, scores, self._size)

    def __call__(self, heads: Heads, people: People) -> Poses:
        """See `TopDownDecoder`; `heatmap` is (N, K, h, w), cell j at j * stride of the crop."""
        poses = people.poses(*self.keypoints(heads), found=self.constants.found_score)
        rows, counts = kernels.nms_oks_iou(
            poses.keypoints,
            like(poses.scores, people.areas[None]),
            self._sigmas.beside(poses.scores),
            poses.scores,
            oks_threshold=self.constants.oks_threshold,
        )
        return poses.selected(rows, counts).to_host()[0]

    def crop_poses(self, heads: Heads) -> PaddedPoses:
        """See `TopDownDecoder`."""
        return poses_in_crops(*self.keypoints(heads), found=self.constants.found_score)

    def keypoints(self, heads: Heads) -> tuple[Float32Array, Float32Array]:
        """(N, 1, K, 2) float32 input pixels and (N, 1, K) float32 heatmap values, not clamped."""
        if "keypoints" in heads:  # of a model in graph form
            return heads["keypoints"], heads["keypoint_scores"]
        places, values = kernels.quarter_offset_argmax(
            heads["heatmap"], quarter=self.constants.quarter
        )
        return (places * float(self._spec.head("heatmap").stride))[:, None], values[:, None]
