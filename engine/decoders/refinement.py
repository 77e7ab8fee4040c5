"""What the fused heatmap says of regressed keypoints: values there, nearest peaks, their middles.

The work is done by `kernels`, on heatmaps as small as the network returns them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from ... import kernels
from ...kernels.refinement import Reading
from ...structures.arrays import Float32Array, HeadArray, Int32Array
from .corner_upsampling import fuse_scales

# Side of the window of which a peak is the highest pixel.
# Source: `absorb_heat` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of HRNet/DEKR.
_PEAK_WINDOW = 5


@dataclass(frozen=True, slots=True)
class PeakLimits:
    """When a peak replaces a keypoint.

    Attributes:
        distance: pixels; a keypoint with no peak nearer stays.
        least: peaks at or below do not count; the released code takes them all.
        zero_at: the nearest peak counts, and has the value 0, if it is at or below.
    """

    distance: float
    least: float = -inf
    zero_at: float = -inf


@dataclass(frozen=True, slots=True)
class FusedHeat:
    """The heatmaps of images, in pixels of the network's input at scale 1.

    Attributes:
        maps: (B, K, h, w); of its own size, or to be enlarged with cells at their corner.
        size: (H, W) of the input.
    """

    maps: HeadArray
    size: tuple[int, int]

    @classmethod
    def of(cls, maps: Sequence[HeadArray], size: tuple[int, int]) -> FusedHeat:
        """The mean of the test scales' (B, K, h, w)."""
        return cls(fuse_scales(maps, size), size)

    def values_at(
        self, keypoints: Float32Array, counts: Int32Array | None, at: Reading
    ) -> Float32Array:
        """(B, N, K) values at (B, N, K, 2) keypoints; see `kernels.sample_heat` for where."""
        return kernels.sample_heat(self.maps, self.size, keypoints, counts, at=at)

    def nearest_peaks(
        self,
        keypoints: Float32Array,
        counts: Int32Array | None,
        max_peaks: int,
        limits: PeakLimits,
        unmoved: Float32Array,
    ) -> tuple[Float32Array, Float32Array]:
        """Move each keypoint to the nearest of its heatmap's peaks.

        Args:
            keypoints: (B, N, K, 2) float32 x, y in pixels.
            counts: (B,) how many poses count; None: all.
            max_peaks: peaks per keypoint, the highest ones. Where a map has fewer, pixels of
                value 0 fill the list from the first one on, as in the released code.
            limits: when a peak is near and high enough.
            unmoved: (B, N, K) float32 values of keypoints that stay.

        Returns:
            (B, N, K, 2) float32 keypoints and (B, N, K) float32 values.
        """
        cells, values, _ = kernels.upsampled_peaks(
            self.maps, self.size, max_peaks, window=_PEAK_WINDOW, rule="corner"
        )
        points, nearest, _ = kernels.snap_to_peaks(
            keypoints,
            cells,
            values,
            self.size[1],
            unmoved,
            counts,
            max_distance=limits.distance,
            min_value=limits.least,
            zero_at=limits.zero_at,
        )
        return points, nearest
