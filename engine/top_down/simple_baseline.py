"""SimpleBaseline: heatmaps of one person's crop -> keypoints in the image, scores, suppression.

Source: github.com/microsoft/human-pose-estimation.pytorch, MIT.
"""

from __future__ import annotations

from dataclasses import dataclass

from ... import kernels
from ...kernels.transfer import Constant, like
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array, HeadArray
from ..decoder_constants import decoder_constants
from ..heads import Heads
from .crop import People
from .decoder import crop_size


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
        self._stride = spec.head("heatmap").stride
        self._sigmas = Constant(spec.skeleton.sigma_array)

    def people(self, boxes: AnyArray, scores: AnyArray) -> People:
        """See `TopDownDecoder`."""
        return People.around(boxes, scores, self._size)

    def __call__(self, heads: Heads, people: People) -> Poses:
        """See `TopDownDecoder`; `heatmap` is (N, K, h, w), cell j at j * stride of the crop."""
        keypoints, values = self.keypoints(heads["heatmap"], people)
        scores = people.pose_scores(values, found=self.constants.found_score)
        rows, counts = kernels.nms_oks_iou(
            keypoints,
            like(values, people.areas[None]),
            self._sigmas.beside(values),
            scores,
            oks_threshold=self.constants.oks_threshold,
        )
        poses = people.poses(keypoints, values, scores)
        return poses.selected(rows, counts).to_host()[0]

    def keypoints(self, heatmaps: HeadArray, people: People) -> tuple[Float32Array, Float32Array]:
        """(1, N, K, 2) float32 image pixels and (1, N, K) float32 heatmap values, not clamped."""
        places, values = kernels.quarter_offset_argmax(heatmaps, quarter=self.constants.quarter)
        return people.to_image(places * float(self._stride))[None], values[None]
