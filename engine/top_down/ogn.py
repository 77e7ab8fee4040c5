"""OGN: the heatmap's best cell, moved by the offset found there; then scores and suppression.

Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
Workshops 2019, sections 3.1.3 and 4.1. The paper was published without code; what it leaves open
is decided in `OgnDecoding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ... import kernels
from ...kernels.transfer import Constant, like
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array, Int32Array
from ..decoder_constants import decoder_constants
from ..heads import Heads
from ..padded_poses import PaddedPoses
from .crop import PADDING, People
from .decoder import crop_size, poses_in_crops


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
        self._spec = spec
        self._sigmas = Constant(spec.skeleton.sigma_array)

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
        poses = people.poses(*self.keypoints(heads))
        return poses.selected(*self.kept(poses, people)).to_host()[0]

    def crop_poses(self, heads: Heads) -> PaddedPoses:
        """See `TopDownDecoder`."""
        return poses_in_crops(*self.keypoints(heads))

    def keypoints(self, heads: Heads) -> tuple[Float32Array, Float32Array]:
        """(N, 1, K, 2) float32 input pixels and (N, 1, K) float32 values of each crop."""
        if "keypoints" in heads:  # of a model in graph form
            return heads["keypoints"], heads["keypoint_scores"]
        constants = self.constants
        cells, values = kernels.fuse_offsets(
            heads["heatmap"], heads["offset"], constants.radius, constants.smoothing
        )
        return ((cells + 0.5) * float(self._spec.head("heatmap").stride) - 0.5)[:, None], values[
            :, None
        ]

    def kept(self, poses: PaddedPoses, people: People) -> tuple[Int32Array, Int32Array]:
        """Rows that are not too similar to a better one by box and by OKS, best first.

        Args:
            poses: image pixels.
            people: their areas.

        Returns:
            (1, N) int32 rows, and (1,) how many.
        """
        return kernels.nms_oks_iou(
            poses.keypoints,
            like(poses.scores, people.areas[None]),
            self._sigmas.beside(poses.scores),
            poses.scores,
            poses.boxes,
            oks_threshold=self.constants.oks_threshold,
            iou_threshold=self.constants.iou_threshold,
            suppress=self.constants.suppress,
        )
