"""MoveNet MultiPose: centers, regressed keypoints, the best heatmap cell around each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ... import kernels
from ...structures import ModelSpec
from ...structures.arrays import Float32Array, HeadArray, Int32Array
from ...structures.person_scores import MOVENET_MULTIPOSE
from ...structures.skeleton import AREA_SHARE
from ..decoder_constants import decoder_constants
from ..heads import Heads
from ..padded_poses import PaddedPoses


@dataclass(frozen=True, slots=True)
class MoveNetDecoding:
    """Constants of MoveNet MultiPose's decoding.

    Source: the post-processing inside the published graph, MoveNet.MultiPose.Lightning v1, which
    the rule `released` repeats. The rule `adaptive` is ours: the window follows the person's
    size where the published one is fixed, and a keypoint is the mean of what the 3x3 cells around
    its best cell say, weighted by the heatmap, where the published one asks that cell alone.
    """

    rule: Literal["adaptive", "released"] = "adaptive"
    peak_radius: int = 2  # cells; a center is the highest of 5x5
    peak_tolerance: float = 1e-6  # by which a neighbour may exceed it
    adaptive_spread: float = 0.05  # of the person's box area: the Gaussian's denominator
    adaptive_min_area: float = 9.0  # cells^2
    released_spread: float = 0.3  # of the map's shorter side, cells
    # keypoints at or below do not count in the pose's score
    found_score: float = MOVENET_MULTIPOSE.keypoint
    # the same person seen twice: of two poses more alike (OKS) than this only the better stays
    nms_oks: float = 0.7
    nms_area: float = AREA_SHARE  # of a box that its person covers; sets the scale of OKS


class MoveNetDecoder:
    """Peaks of the center map, their regressed keypoints, the best heatmap cell around each.

    Args:
        spec: the model's; its decoder options override fields of `MoveNetDecoding`.

    Raises:
        ValueError: an unknown option or rule.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.constants = decoder_constants(MoveNetDecoding, spec)
        if self.constants.rule not in ("adaptive", "released"):
            raise ValueError(f"rule must be 'adaptive' or 'released', got {self.constants.rule!r}")
        if spec.cell_origin != "corner":
            raise ValueError(f"cell_origin of a MoveNet must be 'corner', got {spec.cell_origin!r}")
        self.max_people = spec.max_people
        self.stride = spec.head("heatmap").stride

    def __call__(self, heads: Heads) -> PaddedPoses:
        """Poses of each image in cells, not ranked; their score is center times keypoints.

        Args:
            heads: activated; `heatmap` (B, K + 1, h, w), `offset` and `local_offset`
                (B, 2K, h, w), `box_size` and `box_offset` (B, 2, h, w), lengths in cells.
        """
        heatmap, center = heads["heatmap"][:, :-1], heads["heatmap"][:, -1]
        constants = self.constants
        peaks, peak_scores, counts = kernels.center_nms_topk(
            center,
            self.max_people,
            radius=constants.peak_radius,
            tolerance=constants.peak_tolerance,
        )
        regressed = kernels.center_offset_decode(peaks, heads["offset"])
        boxes, spread = kernels.movenet_boxes(
            peaks,
            heads["box_size"],
            heads["box_offset"],
            min_area=constants.adaptive_min_area,
            share=constants.adaptive_spread,
        )
        local = heads["local_offset"]
        if constants.rule == "adaptive":
            cells, values = kernels.gaussian_argmax(heatmap, regressed, spread, counts=counts)
            keypoints = kernels.movenet_positions(cells, regressed, local, heatmap)
        else:
            cells, values = self._find_released(heatmap, regressed, boxes)
            keypoints = kernels.movenet_positions(cells, regressed, local)
        scores = kernels.pose_scores(values, peak_scores, counts, found=constants.found_score)
        return PaddedPoses(keypoints, values, scores, boxes, counts)

    def _find_released(
        self, heatmap: HeadArray, regressed: Float32Array, boxes: Float32Array
    ) -> tuple[Int32Array, Float32Array]:
        """(B, N, K) best cells within the box; values over the windows of all poses."""
        side = self.constants.released_spread * min(heatmap.shape[2:])
        spread = boxes[..., 0] * 0.0 + side  # the same for all, where the boxes lie
        cells, _ = kernels.gaussian_argmax(heatmap, regressed, spread, boxes)
        return cells, kernels.movenet_shared_values(cells, heatmap, regressed, spread, boxes)
