"""Heatmap-guided pose estimation: regressed poses, moved to the heatmap's peaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ... import kernels
from ...kernels.refinement import Reading
from ...structures import ModelSpec, Session
from ...structures.arrays import Float32Array, HeadArray, Int32Array
from ..decoder_constants import check_corner_cells, decoder_constants
from ..heads import Heads, View, view_at_scale_1
from ..padded_poses import PaddedPoses, to_image
from .center_peaks import Proposals, center_peaks
from .corner_upsampling import join_strides
from .pose_scoring import pose_scoring
from .refinement import FusedHeat, PeakLimits


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
        self.sign, self.stride = spec.head("offset").sign, spec.head("offset").stride
        self.scoring = pose_scoring(spec, companions, plain=not self.released)

    def __call__(self, views: Sequence[View]) -> PaddedPoses:
        """Poses in image pixels, best score first.

        Args:
            views: at every test scale `heatmap` (B, K + 1, h, w), the center last, `offset`
                (B, 2K, h', w'), and in the 2x networks `heatmap_2x` (B, K, 2h, 2w).

        Raises:
            ValueError: no test scale is 1.
        """
        base = view_at_scale_1(views)
        views = sorted(views, key=lambda view: -view.test_scale)
        maps = [joined_heatmaps(view.heads, averaged=self.released) for view in views]
        heat = FusedHeat.of([keypoints for keypoints, _ in maps], base.transform.input_size)
        found = self.regress(views, [center for _, center in maps], base)
        if self.constants.output == "regression":
            keypoints = found.keypoints
            values = heat.values_at(keypoints, found.counts, "between")
        else:
            keypoints, values = self.group(heat, found)
        scores = values * found.centers[..., None]
        if self.released and self.constants.output == "final":
            keypoints, scores = self.adjust(heat, replace(found, keypoints=keypoints), scores)
        places = to_image(keypoints, base.transform)
        ranks = self.score(places, scores, values, found.counts)
        return PaddedPoses(places, scores, ranks, None, found.counts).best()

    def regress(self, views: Sequence[View], maps: Sequence[HeadArray], base: View) -> Proposals:
        """The poses regressed at the centers of all test scales, without repetitions.

        Args:
            views: the test scales, largest first.
            maps: (B, 1, h, w) centers of each.
            base: the view of scale 1.
        """
        constants = self.constants
        peaks = [center_peaks(center, self.max_people) for center in maps]
        reference = peaks[[view is base for view in views].index(True)]
        parts = []
        for view, centers in zip(views, peaks, strict=True):
            factor = 1.0 if view is base else constants.scale_decrease
            levelled = centers.levelled(reference, factor, constants.center_threshold * factor)
            offset = view.heads["offset"]
            scaled = view is not base  # of scale 1 a cell is as many pixels as the model says
            ratio = base.transform.input_size[1] / offset.shape[3] if scaled else self.stride
            parts.append(levelled.regress(offset, ratio, self.sign))
        found = Proposals.concatenate(parts)
        if not self.released:
            return found.selected(limit=self.max_people).trimmed()
        rows, counts = kernels.nms_near_keypoints(
            found.keypoints,
            found.centers,
            found.counts,
            distance=constants.nms_distance,
            min_keypoints=constants.nms_keypoints,
            relative=False,
        )
        return found.selected(rows, counts, limit=self.max_people).trimmed()

    def group(self, heat: FusedHeat, found: Proposals) -> tuple[Float32Array, Float32Array]:
        """Each keypoint at its nearest heatmap peak, if one is near enough.

        Returns:
            (B, N, K, 2) keypoints and the heat there, (B, N, K).
        """
        limit, distance = (
            np.float32(value)
            for value in (self.constants.peak_threshold, self.constants.snap_distance)
        )
        if self.released:
            limits = PeakLimits(float(distance), zero_at=float(limit))
        else:  # "smaller than 0.01" goes, "within 75 pixels" stays: both limits themselves count
            infinity = np.float32(np.inf)
            farthest, lowest = np.nextafter(distance, infinity), np.nextafter(limit, -infinity)
            limits = PeakLimits(float(farthest), least=float(lowest))
        at: Reading = "transposed" if self.released else "between"
        return heat.nearest_peaks(
            found.keypoints,
            found.counts,
            self.constants.keypoint_candidates,
            limits,
            unmoved=heat.values_at(found.keypoints, found.counts, at),
        )

    def adjust(
        self, heat: FusedHeat, found: Proposals, scores: Float32Array
    ) -> tuple[Float32Array, Float32Array]:
        """Keypoints at the middle of the Gaussian around them, scores from its height.

        Args:
            heat: the fused heatmap.
            found: keypoints in its pixels.
            scores: (B, N, K).

        Returns:
            (B, N, K, 2) keypoints and (B, N, K) scores; both as before where nothing could be
            fitted.
        """
        return kernels.fit_gaussians(
            heat.maps,
            heat.size,
            found.keypoints,
            scores,
            found.centers,
            found.counts,
            min_score=self.constants.adjust_threshold,
        )

    def score(
        self,
        keypoints: Float32Array,
        keypoint_scores: Float32Array,
        heat: Float32Array,
        counts: Int32Array | None,
    ) -> Float32Array:
        """(B, N) scores of poses (B, N, K, 2) in image pixels.

        Args:
            keypoints: (B, N, K, 2) image pixels.
            keypoint_scores: (B, N, K), center times heat.
            heat: (B, N, K) values of the heatmaps at the keypoints.
            counts: (B,) how many poses count; None: all.
        """
        mean = kernels.pose_scores(keypoint_scores, counts=counts)
        if self.scoring is None:
            return mean
        if self.released:
            return self.scoring(keypoints, keypoint_scores, counts, factors=mean)
        return self.scoring(keypoints, heat, counts)


def joined_heatmaps(heads: Heads, *, averaged: bool) -> tuple[HeadArray, HeadArray]:
    """(B, K, h, w) keypoints and (B, 1, h, w) centers, of both strides if there are two.

    Args:
        heads: of one view.
        averaged: the mean of both; else the finer one's keypoints and the coarse one's centers.
    """
    heatmap = heads["heatmap"]
    if "heatmap_2x" in heads:
        return join_strides(heatmap, heads["heatmap_2x"], averaged=averaged)
    return heatmap[:, :-1], heatmap[:, -1:]
