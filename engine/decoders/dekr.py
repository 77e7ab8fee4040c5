"""DEKR: poses regressed at the peaks of the center map, scored by the heatmap under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...structures import ModelSpec, Poses, Session
from ...structures.arrays import Float32Array
from ..decoder_constants import check_corner_cells, decoder_constants
from ..heads import View, view_at_scale_1
from .center_peaks import center_peaks, regressed_keypoints
from .nms_near_keypoints import nms_near_keypoints
from .pose_scoring import predict_oks, ranked_poses, scoring_session
from .refinement import FusedHeat

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
        self.sign = spec.head("offset").sign
        self.scoring = scoring_session(spec, companions)

    def __call__(self, views: Sequence[View]) -> Poses:
        """Poses of one image in its pixels, best score first.

        Args:
            views: at every test scale `heatmap` (1, K + 1, h, w), the center last, and `offset`
                (1, 2K, h, w).

        Raises:
            ValueError: no test scale is 1.
        """
        base = view_at_scale_1(views)
        views = sorted(views, key=lambda view: -view.test_scale)
        maps = [view.heads["heatmap"][0] for view in views]
        heat = FusedHeat.of(maps, base.transform.input_size)
        proposals, centers = self.propose(views, base)
        keypoints, scores = self.suppress(heat, proposals, centers)
        means = scores.mean(axis=1)
        if self.constants.match_heatmap:
            keypoints = self.match(heat, keypoints, scores)
        places = base.transform.to_image(keypoints)
        if self.scoring is not None:
            means = means * predict_oks(self.scoring, places, scores)
        return ranked_poses(places, scores, means)

    def propose(self, views: Sequence[View], base: View) -> tuple[Float32Array, Float32Array]:
        """The poses regressed at the centers of all test scales.

        Args:
            views: the test scales, largest first.
            base: the one of scale 1; the centers of others are levelled by its highest.

        Returns:
            (N, K, 2) keypoints in pixels of the input at scale 1, and (N,) center values.
        """
        width = base.transform.input_size[1]
        found = []
        for view in views:
            center, offset = view.heads["heatmap"][0, -1], view.heads["offset"][0]
            cells, values = center_peaks(center, self.max_people, self.constants.center_threshold)
            ratio = width / offset.shape[2]
            poses = regressed_keypoints(cells, offset, center.shape, ratio, self.sign)
            found.append((poses, values))
        highest = [values.max(initial=0) for _, values in found]
        at_one = highest[[view is base for view in views].index(True)] or np.float32(1)
        decrease = np.float32(self.constants.scale_decrease)
        for i, view in enumerate(views):
            if view is not base and highest[i] > 0:
                found[i] = (found[i][0], found[i][1] / highest[i] * at_one * decrease)
        keypoints, centers = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return keypoints, centers

    def suppress(
        self, heat: FusedHeat, keypoints: Float32Array, centers: Float32Array
    ) -> tuple[Float32Array, Float32Array]:
        """The best pose of each group of similar ones, by the mean heatmap value.

        A pose whose keypoints all lie on one point goes; the released code stops there with an
        error.

        Args:
            heat: the fused heatmap.
            keypoints: (N, K, 2) in its pixels.
            centers: (N,) center values.

        Returns:
            (M, K, 2) keypoints and (M, K) scores: center times heatmap value.
        """
        values = heat.values_at(keypoints, "floor")
        means = values.mean(axis=1)
        kept = nms_near_keypoints(
            keypoints,
            means,
            distance=self.constants.nms_distance,
            min_keypoints=self.constants.nms_keypoints,
            relative=True,
        )
        if len(kept) > self.max_people:
            kept = kept[np.argsort(-means[kept], kind="stable")[: self.max_people]]
        return keypoints[kept], centers[kept, None] * values[kept]

    def match(self, heat: FusedHeat, keypoints: Float32Array, scores: Float32Array) -> Float32Array:
        """(N, K, 2) keypoints at their nearest heatmap peak, then at the middle of its Gaussian.

        Their scores (N, K) only say which of them are fitted.
        """
        nearest, _, _ = heat.nearest_peaks(keypoints, self.max_people, self.constants.snap_distance)
        points, _ = heat.fitted(
            nearest, scores, min_score=self.constants.adjust_threshold, clamped=True
        )
        return points
