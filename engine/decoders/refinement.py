"""What the fused heatmap says of regressed keypoints: values there, nearest peaks, their middles.

The work is done by `kernels`, on heatmaps as small as the network returns them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ... import kernels
from ...kernels.refinement import Reading
from ...structures.arrays import AnyArray, BoolArray, Float32Array
from .corner_upsampling import fuse_scales

# Side of the window of which a peak is the highest pixel.
# Source: `absorb_heat` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR.
_PEAK_WINDOW = 5


@dataclass(frozen=True, slots=True)
class FusedHeat:
    """The heatmap of one image, in pixels of the network's input at scale 1.

    Attributes:
        maps: (1, K, h, w) float32; of its own size, or to be enlarged with cells at their corner.
        size: (H, W) of the input.
    """

    maps: Float32Array
    size: tuple[int, int]

    @classmethod
    def of(cls, maps: Sequence[AnyArray], size: tuple[int, int]) -> FusedHeat:
        """The mean of the test scales' heatmaps (K + 1, h, w), whose last channel is the center."""
        return cls(fuse_scales(maps, size)[:, :-1], size)

    def values_at(self, keypoints: Float32Array, at: Reading) -> Float32Array:
        """(N, K) values at (N, K, 2) keypoints; see `kernels.sample_heat` for where exactly."""
        values: Float32Array = kernels.sample_heat(self.maps, self.size, keypoints[None], at=at)[0]
        return values

    def nearest_peaks(
        self,
        keypoints: Float32Array,
        max_peaks: int,
        max_distance: float,
        min_value: float = -np.inf,
    ) -> tuple[Float32Array, Float32Array, BoolArray]:
        """Move each keypoint to the nearest of its heatmap's peaks.

        Args:
            keypoints: (N, K, 2) float32 x, y in pixels.
            max_peaks: peaks per keypoint, the highest ones. Where a map has fewer, pixels of
                value 0 fill the list from the first one on, as in the released code.
            max_distance: pixels; a keypoint with no peak nearer stays.
            min_value: peaks at or below do not count; the released code takes them all.

        Returns:
            (N, K, 2) float32 keypoints, (N, K) float32 values of the nearest peaks, and (N, K)
            which keypoints were moved.
        """
        cells, values, _ = kernels.upsampled_peaks(
            self.maps, self.size, max_peaks, window=_PEAK_WINDOW, rule="corner"
        )
        points, nearest, moved = kernels.snap_to_peaks(
            keypoints[None],
            cells,
            values,
            self.size[1],
            max_distance=max_distance,
            min_value=min_value,
        )
        return points[0], nearest[0], moved[0]

    def fitted(
        self,
        keypoints: Float32Array,
        scores: Float32Array,
        factors: Float32Array | None = None,
        *,
        min_score: float,
        clamped: bool = False,
    ) -> tuple[Float32Array, Float32Array]:
        """Keypoints at the middle of the Gaussian around them; see `kernels.fit_gaussians`.

        Args:
            keypoints: (N, K, 2) float32 x, y in pixels.
            scores: (N, K) float32.
            factors: (N,) float32, by which the height of a Gaussian is a score; None: 1.
            min_score: keypoints with a score above are fitted.
            clamped: fit a keypoint on or beyond the border at the border.

        Returns:
            (N, K, 2) float32 keypoints and (N, K) float32 scores, both as before where nothing
            could be fitted.
        """
        people = (keypoints, scores, factors)
        return kernels.fit_gaussians(
            self.maps[0], self.size, *people, min_score=min_score, clamped=clamped
        )
