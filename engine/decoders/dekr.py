"""DEKR: poses regressed at the peaks of the center map, scored by the heatmap under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ... import kernels
from ...structures import ModelSpec, Session
from ...structures.arrays import Float32Array
from ..decoder_constants import check_corner_cells, decoder_constants
from ..heads import View, view_at_scale_1
from ..padded_poses import PaddedPoses, to_image
from .center_peaks import Proposals, center_peaks
from .pose_scoring import pose_scoring
from .refinement import FusedHeat, PeakLimits

# What the released configurations for CrowdPose have otherwise.
_CROWDPOSE: dict[str, Any] = {"scale_decrease": 0.8, "nms_keypoints": 7}
_CROWDPOSE_KEYPOINTS = 14


@dataclass(frozen=True, slots=True)
class DekrDecoding:
    """Constants of DEKR's decoding; the defaults are COCO's.

    Source: experiments/coco of github.com/HRNet/DEKR; those for CrowdPose have a
    `scale_decrease` of 0.8 and 7 `nms_keypoints`, which hold for 14 keypoints if nothing else is
    asked for.
    """

    center_threshold: float = 0.01  # a center must be above
    scale_decrease: float = 0.9  # highest center of another test scale than 1, relative
    nms_distance: float = 0.05  # of a pose's diagonal; nearer keypoints of two poses are the same
    nms_keypoints: int = 8  # poses with more such keypoints are one
    match_heatmap: bool = False  # move keypoints to the heatmap's peaks in the end
    snap_distance: float = 75.0  # input pixels from a keypoint to the peak that replaces it
    adjust_threshold: float = 0.05  # keypoints with a score above are fitted


class DekrDecoder:
    """Centers, their regressed poses, the heatmap under the keypoints, suppression, scores.

    Paper and release agree on it, so `ModelSpec.rules` changes nothing here.

    Args:
        spec: the model's; its decoder options override fields of `DekrDecoding`.
        companions: `score`, the pose scoring network; without it poses keep their mean
            keypoint score.

    Raises:
        ValueError: an unknown option, cells whose origin is not their corner, or pose scoring for
            a skeleton it does not know.

    Source: Geng et al., "Bottom-Up Human Pose Estimation Via Disentangled Keypoint Regression",
    CVPR 2021; github.com/HRNet/DEKR.
    """

    def __init__(self, spec: ModelSpec, companions: Mapping[str, Session]) -> None:
        crowdpose = _CROWDPOSE if len(spec.skeleton) == _CROWDPOSE_KEYPOINTS else None
        self.constants = decoder_constants(DekrDecoding, spec, crowdpose)
        check_corner_cells(spec)
        self.max_people = spec.max_people
        self.sign, self.stride = spec.head("offset").sign, spec.head("offset").stride
        self.scoring = pose_scoring(spec, companions)

    def __call__(self, views: Sequence[View]) -> PaddedPoses:
        """Poses in image pixels, best score first.

        Args:
            views: at every test scale `heatmap` (B, K + 1, h, w), the center last, and `offset`
                (B, 2K, h, w).

        Raises:
            ValueError: no test scale is 1.
        """
        base = view_at_scale_1(views)
        views = sorted(views, key=lambda view: -view.test_scale)
        maps = [view.heads["heatmap"][:, :-1] for view in views]
        heat = FusedHeat.of(maps, base.transform.input_size)
        poses = self.suppress(heat, self.propose(views, base))
        keypoints, scores, counts = poses.keypoints, poses.keypoint_scores, poses.counts
        means = kernels.pose_scores(scores, counts=counts)
        if self.constants.match_heatmap:
            keypoints = self.match(heat, poses)
        places = to_image(keypoints, base.transform)
        if self.scoring is not None:
            means = self.scoring(places, scores, counts, factors=means)
        return PaddedPoses(places, scores, means, None, counts).best()

    def propose(self, views: Sequence[View], base: View) -> Proposals:
        """The poses regressed at the centers of all test scales.

        Args:
            views: the test scales, largest first.
            base: the one of scale 1; the centers of others are levelled by its highest.
        """
        constants = self.constants
        peaks = [
            center_peaks(view.heads["heatmap"][:, -1:], self.max_people, constants.center_threshold)
            for view in views
        ]
        reference = peaks[[view is base for view in views].index(True)]
        parts = []
        for view, centers in zip(views, peaks, strict=True):
            if view is not base:
                centers = centers.levelled(reference, constants.scale_decrease)
            offset = view.heads["offset"]
            scaled = view is not base  # of scale 1 a cell is as many pixels as the model says
            ratio = base.transform.input_size[1] / offset.shape[3] if scaled else self.stride
            parts.append(centers.regress(offset, ratio, self.sign))
        return Proposals.concatenate(parts)

    def suppress(self, heat: FusedHeat, found: Proposals) -> PaddedPoses:
        """The best pose of each group of similar ones, by the mean heatmap value.

        A pose whose keypoints all lie on one point goes; the released code stops there with an
        error.

        Returns:
            Keypoints in pixels of the input at scale 1; their scores are center times heatmap
            value.
        """
        values = heat.values_at(found.keypoints, found.counts, "floor")
        means = kernels.pose_scores(values, counts=found.counts)
        rows, counts = kernels.nms_near_keypoints(
            found.keypoints,
            means,
            found.counts,
            distance=self.constants.nms_distance,
            min_keypoints=self.constants.nms_keypoints,
            relative=True,
        )
        poses = PaddedPoses(
            found.keypoints, values * found.centers[..., None], means, None, found.counts
        )
        ranked = means.shape[1] > self.max_people
        return poses.selected(rows, counts, limit=self.max_people, ranked=ranked).trimmed()

    def match(self, heat: FusedHeat, poses: PaddedPoses) -> Float32Array:
        """(B, N, K, 2) keypoints at their nearest heatmap peak, then at the middle of its Gaussian.

        Their scores only say which of them are fitted.
        """
        limits, scores = PeakLimits(self.constants.snap_distance), poses.keypoint_scores
        nearest, _ = heat.nearest_peaks(
            poses.keypoints, poses.counts, self.max_people, limits, scores
        )
        points, _ = kernels.fit_gaussians(
            heat.maps,
            heat.size,
            nearest,
            scores,
            counts=poses.counts,
            min_score=self.constants.adjust_threshold,
            clamped=True,
        )
        return points
