"""Peaks of heatmaps, and the keypoints regressed at the peaks of the center map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from ... import kernels
from ...kernels.transfer import concatenate, rows_to_compute
from ...structures.arrays import Float32Array, HeadArray, Int32Array
from ..padded_poses import joined_rows

# Side of the window in which a center is the highest, by the mean of the map's sides.
# Source: TEST.POOL_THRESHOLD1 and 2 of github.com/HRNet/DEKR.
_WINDOWS = ((300, 7), (200, 5), (0, 3))


def pool_window(height: int, width: int) -> int:
    """Side of the window in which a center must be the highest, cells."""
    side = (height + width) / 2
    return next(window for limit, window in _WINDOWS if side > limit)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Poses as regressed; those behind the count are none.

    Attributes:
        keypoints: (1, N, K, 2) float32 x, y in pixels of the input at scale 1.
        centers: (1, N) float32 values of the center maps.
        counts: (1,) int32; None: all.
    """

    keypoints: Float32Array
    centers: Float32Array
    counts: Int32Array | None

    @staticmethod
    def concatenate(parts: Sequence[Proposals]) -> Proposals:
        """Those of several test scales in one."""
        if len(parts) == 1:
            return parts[0]
        keypoints = concatenate([part.keypoints for part in parts], axis=1)
        centers = concatenate([part.centers for part in parts], axis=1)
        rows = joined_rows([part.centers for part in parts], [part.counts for part in parts])
        return Proposals(keypoints, centers, None).selected(rows)

    def selected(
        self,
        rows: Int32Array | None = None,
        counts: Int32Array | None = None,
        *,
        limit: int | None = None,
    ) -> Proposals:
        """Some of the rows, in their order, or if there are more than `limit`, the best first.

        Args:
            rows: (1, N) int32 candidates; None: all that count.
            counts: (1,) int32 of the candidates.
            limit: how many stay at most; None: all.
        """
        length = self.centers.shape[1]
        most = length if limit is None else limit
        keypoints, _, centers, _, _, counts = kernels.select_poses(
            self.keypoints,
            None,
            self.centers,
            None,
            rows,
            self.counts if rows is None else counts,
            max_poses=min(most, length),
            ranked=most < length,
        )
        return Proposals(keypoints, centers, counts)

    def trimmed(self) -> Proposals:
        """Without rows that are known to be behind the count; see `rows_to_compute`."""
        rows = rows_to_compute(self.counts, self.centers.shape[1])
        return Proposals(self.keypoints[:, :rows], self.centers[:, :rows], self.counts)


@dataclass(frozen=True, slots=True)
class Centers:
    """The highest peaks of an image's center map; those behind the count are none.

    Attributes:
        cells: (1, N) int32 on the map that was searched, -1 for none.
        values: (1, N) float32, falling.
        counts: (1,) int32.
        map_size: (h, w) of that map.
    """

    cells: Int32Array
    values: Float32Array
    counts: Int32Array
    map_size: tuple[int, int]

    def regress(self, offset: HeadArray, ratio: float, sign: int) -> Proposals:
        """The poses that the offsets say; see `regressed_keypoints`."""
        keypoints = regressed_keypoints(self, offset, ratio, sign)
        return Proposals(keypoints, self.values, self.counts)

    def levelled(self, reference: Centers, factor: float, threshold: float = -inf) -> Centers:
        """With values whose highest is `factor` times that of the reference.

        Args:
            reference: the centers at scale 1.
            factor: below 1 for other test scales, so that they only add people.
            threshold: levelled values must be above.
        """
        values, counts = kernels.level_scores(
            self.values,
            reference.values,
            self.counts,
            reference.counts,
            factor=factor,
            min_value=threshold,
        )
        return replace(self, values=values, counts=counts)


def center_peaks(center: HeadArray, max_peaks: int, threshold: float = -inf) -> Centers:
    """The highest peaks of a center map.

    Args:
        center: (1, 1, h, w) head.
        max_peaks: N, how many peaks are returned at most.
        threshold: peaks must be above; that at 0 and below are no peaks, but fill the list.
    """
    height, width = center.shape[2:]
    cells, values, counts = kernels.upsampled_peaks(
        center,
        (height, width),
        max_peaks,
        window=pool_window(height, width),
        rule="corner",
        min_value=threshold,
    )
    return Centers(cells[:, 0], values[:, 0], counts[:, 0], (height, width))


def regressed_keypoints(
    centers: Centers, offset: HeadArray, ratio: float, sign: int
) -> Float32Array:
    """Where the people found at the centers have their keypoints.

    A heatmap finer than the offsets (stride 2 on stride 4) has its peaks in finer cells: a peak
    takes the offset of the coarse cell that covers it, and counts from that one's corner. This is
    what the published code computes when it repeats each coarse cell's absolute positions, doubled
    to fine cells, over the fine map.

    Args:
        centers: of one image.
        offset: (1, 2K, h, w) head, x0, y0, x1, ..., in its own cells.
        ratio: pixels per cell of `offset`.
        sign: keypoint = position + sign * offset.

    Returns:
        (1, N, K, 2) float32 x, y in pixels.
    """
    cells, (height, width) = centers.cells, offset.shape[2:]
    if (height, width) != centers.map_size:
        rows, columns = centers.map_size
        x, y = cells % columns * width // columns, cells // columns * height // rows
        cells = y * width + x  # of none: -1 // columns is -1, and y is below 0
    return kernels.center_offset_decode(cells, offset, sign=sign) * float(np.float32(ratio))
