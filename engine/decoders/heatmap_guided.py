"""Heatmap-guided pose estimation: regressed poses, moved to the heatmap's peaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...structures import ModelSpec, Poses, Session
from ...structures.arrays import AnyArray, Float32Array
from ..decoder_constants import check_corner_cells, decoder_constants
from ..heads import Heads, View, view_at_scale_1
from .center_peaks import center_peaks, level_center, regressed_keypoints
from .corner_upsampling import join_strides
from .nms_near_keypoints import nms_near_keypoints
from .pose_scoring import predict_oks, ranked_poses, scoring_session
from .refinement import FusedHeat


@dataclass(frozen=True, slots=True)
class HeatmapGuidedDecoding:
    """Constants of the heatmap-guided decoding.

    Source: TEST of lib/config/default.py of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation.
    """

    output: Literal["final", "regression"] = "final"  # after refinement, or as regressed
    center_threshold: float = 0.01  # a center must be above
    scale_decrease: float = 0.001  # highest center of another test scale than 1, relative
    nms_distance: float = 10.0  # input pixels; nearer keypoints of two poses are the same
    nms_keypoints: int = 10  # poses with more such keypoints are one
    snap_distance: float = 75.0  # input pixels from a keypoint to the peak that replaces it
    keypoint_candidates: int = 30  # highest peaks of a keypoint's heatmap that are looked at
    peak_threshold: float = 0.01  # peaks at or below count 0; by the paper those below do not count
    adjust_threshold: float = 0.05  # keypoints with a score above are fitted


class HeatmapGuidedDecoder:
    """Centers, their regressed poses, the nearest heatmap peaks, fitted Gaussians, scores.

    By the rules `paper` a peak below the threshold is none, a keypoint without one is scored where
    it lies (the release swaps row and column), the heatmaps of stride 2 alone have peaks where
    there are some, nothing is suppressed or fitted, the scoring network sees pixels and heat
    values, and the OKS that it predicts is the score where the release multiplies with it.
    docs/rules.md names the sections.

    Args:
        spec: the model's; its decoder options override fields of `HeatmapGuidedDecoding`.
        companions: `score`, the pose scoring network; without it poses keep their mean
            keypoint score.

    Raises:
        ValueError: an unknown option, cells whose origin is not their corner, or pose scoring for
            a skeleton it does not know.

    Source: Sun et al., "Bottom-Up Human Pose Estimation by Ranking Heatmap-Guided Adaptive
    Keypoint Estimates", 2020; github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation.
    """

    def __init__(self, spec: ModelSpec, companions: Mapping[str, Session]) -> None:
        self.constants = decoder_constants(HeatmapGuidedDecoding, spec)
        output = self.constants.output
        if output not in ("final", "regression"):
            raise ValueError(f"output must be 'final' or 'regression', got {output!r}")
        check_corner_cells(spec)
        self.max_people = spec.max_people
        self.released = spec.rules == "released"
        self.sign = spec.head("offset").sign
        self.scoring = scoring_session(spec, companions)

    def __call__(self, views: Sequence[View]) -> Poses:
        """Poses of one image in its pixels, best score first.

        Args:
            views: at every test scale `heatmap` (1, K + 1, h, w), the center last, `offset`
                (1, 2K, h', w'), and in the 2x networks `heatmap_2x` (1, K, 2h, 2w).

        Raises:
            ValueError: no test scale is 1.
        """
        base = view_at_scale_1(views)
        views = sorted(views, key=lambda view: -view.test_scale)
        maps = [joined_heatmap(view.heads, averaged=self.released) for view in views]
        heat = FusedHeat.of(maps, base.transform.input_size)
        keypoints, centers = self.regress(views, maps, base)
        if self.constants.output == "regression":
            values = heat.values_at(keypoints, "between")
        else:
            keypoints, values = self.group(heat, keypoints)
        scores = centers[:, None] * values
        if self.released and self.constants.output == "final":
            keypoints, scores = self.adjust(heat, keypoints, scores, centers)
        places = base.transform.to_image(keypoints)
        return ranked_poses(places, scores, self.score(places, scores, values))

    def regress(
        self, views: Sequence[View], maps: Sequence[AnyArray], base: View
    ) -> tuple[Float32Array, Float32Array]:
        """The poses regressed at the centers of all test scales, without repetitions.

        Args:
            views: the test scales, largest first.
            maps: (K + 1, h, w) heatmap of each.
            base: the view of scale 1.

        Returns:
            (N, K, 2) keypoints in pixels of the input at scale 1, and (N,) center values.
        """
        constants = self.constants
        width = base.transform.input_size[1]
        highest = maps[[view is base for view in views].index(True)][-1].max()
        found = []
        for view, heatmap in zip(views, maps, strict=True):
            factor = 1.0 if view is base else constants.scale_decrease
            center = level_center(heatmap[-1], highest, factor)
            cells, values = center_peaks(
                center, self.max_people, constants.center_threshold * factor
            )
            offset = view.heads["offset"][0]
            ratio = width / offset.shape[2]
            found.append(
                (regressed_keypoints(cells, offset, center.shape, ratio, self.sign), values)
            )
        keypoints, centers = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = np.arange(len(centers))
        if self.released:
            kept = nms_near_keypoints(
                keypoints,
                centers,
                distance=constants.nms_distance,
                min_keypoints=constants.nms_keypoints,
                relative=False,
            )
        if len(kept) > self.max_people:
            kept = kept[np.argsort(-centers[kept], kind="stable")[: self.max_people]]
        return keypoints[kept], centers[kept]

    def group(self, heat: FusedHeat, keypoints: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Each keypoint at its nearest heatmap peak, if one is near enough.

        Args:
            heat: the fused heatmap.
            keypoints: (N, K, 2) in its pixels.

        Returns:
            (N, K, 2) keypoints and the heat there, (N, K).
        """
        limit, distance = (
            np.float32(value)
            for value in (self.constants.peak_threshold, self.constants.snap_distance)
        )
        count = self.constants.keypoint_candidates
        if self.released:
            points, values, moved = heat.nearest_peaks(keypoints, count, float(distance))
            values = np.where(values > limit, values, np.float32(0))
            elsewhere = heat.values_at(keypoints, "transposed")
        else:  # "smaller than 0.01" goes, "within 75 pixels" stays: both limits themselves count
            infinity = np.float32(np.inf)
            farthest, lowest = np.nextafter(distance, infinity), np.nextafter(limit, -infinity)
            points, values, moved = heat.nearest_peaks(
                keypoints, count, float(farthest), float(lowest)
            )
            elsewhere = heat.values_at(keypoints, "between")
        return points, np.where(moved, values, elsewhere)

    def adjust(
        self, heat: FusedHeat, keypoints: Float32Array, scores: Float32Array, centers: Float32Array
    ) -> tuple[Float32Array, Float32Array]:
        """Keypoints at the middle of the Gaussian around them, scores from its height.

        Args:
            heat: the fused heatmap.
            keypoints: (N, K, 2) in its pixels.
            scores: (N, K).
            centers: (N,) center values.

        Returns:
            (N, K, 2) keypoints and (N, K) scores; both as before where nothing could be fitted.
        """
        return heat.fitted(keypoints, scores, centers, min_score=self.constants.adjust_threshold)

    def score(self, keypoints: AnyArray, keypoint_scores: AnyArray, heat: AnyArray) -> Float32Array:
        """(N,) scores of poses (N, K, 2) in image pixels.

        Args:
            keypoints: (N, K, 2) image pixels.
            keypoint_scores: (N, K), center times heat.
            heat: (N, K) values of the heatmaps at the keypoints.
        """
        mean = np.asarray(keypoint_scores.mean(axis=1), np.float32)
        if self.scoring is None:
            return mean
        if self.released:
            return predict_oks(self.scoring, keypoints, keypoint_scores) * mean
        return predict_oks(self.scoring, keypoints, heat, plain=True)


def joined_heatmap(heads: Heads, *, averaged: bool) -> Float32Array:
    """(K + 1, h, w): the heatmap of one image, of both strides if there are two.

    Args:
        heads: of one view.
        averaged: the mean of both; else the finer one's keypoints and the coarse one's centers.
    """
    if "heatmap_2x" in heads:
        return join_strides(heads["heatmap"][0], heads["heatmap_2x"][0], averaged=averaged)
    return np.asarray(heads["heatmap"][0], np.float32)
