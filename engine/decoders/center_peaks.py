"""Peaks of heatmaps, and the keypoints regressed at the peaks of the center map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from ... import kernels
from ...kernels.transfer import concatenate, leading_rows
from ...structures.arrays import Float32Array, HeadArray, Int32Array
from ..padded_poses import joined_rows

# Of `kernels.upsampled_peaks`: a center is the highest of a window that grows with the map.
_PUBLISHED_WINDOW = 0


@dataclass(frozen=True, slots=True)
class Proposals:
    """Poses as regressed; those behind the count are none.

    Attributes:
        keypoints: (B, N, K, 2) float32 x, y in pixels of the input at scale 1.
        centers: (B, N) float32 values of the center maps.
        counts: (B,) int32; None: all.
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
            rows: (B, N) int32 candidates; None: all that count.
            counts: (B,) int32 of the candidates.
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
        """Without rows that are known to be behind every count; see `rows_to_compute`."""
        keypoints, centers = leading_rows(self.counts, self.keypoints, self.centers)
        return Proposals(keypoints, centers, self.counts)


@dataclass(frozen=True, slots=True)
class Centers:
    """The highest peaks of each image's center map; those behind the count are none.

    Attributes:
        cells: (B, N) int32 on the map that was searched, -1 for none.
        values: (B, N) float32, falling.
        counts: (B,) int32.
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
        center: (B, 1, h, w) head.
        max_peaks: N, how many peaks are returned at most.
        threshold: peaks must be above; that at 0 and below are no peaks, but fill the list.
    """
    height, width = center.shape[2:]
    cells, values, counts = kernels.upsampled_peaks(
        center,
        (height, width),
        max_peaks,
        window=_PUBLISHED_WINDOW,
        rule="corner",
        min_value=threshold,
    )
    return Centers(cells[:, 0], values[:, 0], counts[:, 0], (height, width))


def regressed_keypoints(
    centers: Centers, offset: HeadArray, ratio: float, sign: int
) -> Float32Array:
    """Where the people found at the centers have their keypoints.

    A heatmap finer than the offsets (stride 2 on stride 4) has its peaks in finer cells: a peak
    takes the offset of the coarse cell that covers it, and counts from that one's corner.

    Args:
        centers: of B images, on a map a whole number of times as fine as `offset`.
        offset: (B, 2K, h, w) head, x0, y0, x1, ..., in its own cells.
        ratio: pixels per cell of `offset`.
        sign: keypoint = position + sign * offset.

    Returns:
        (B, N, K, 2) float32 x, y in pixels.
    """
    finer = centers.map_size[1] // offset.shape[3]
    keypoints = kernels.center_offset_decode(
        centers.cells, offset, sign=sign, ratio=finer, rule="covering"
    )
    return keypoints * float(np.float32(ratio))
