"""Poses while they are decoded: in arrays of fixed length, on the device where the heads lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import inf

import numpy as np

from .. import kernels
from ..kernels.transfer import Constant, concatenate, leading_rows, like, to_host
from ..structures import ImageTransform, Poses
from ..structures.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array


@dataclass(frozen=True, slots=True)
class PaddedPoses:
    """The poses of B images, N rows each, of which the first `counts` say something.

    How many there are is known on the device alone, so that nothing waits for it.

    Attributes:
        keypoints: (B, N, K, 2) float32.
        keypoint_scores: (B, N, K) float32.
        scores: (B, N) float32.
        boxes: (B, N, 4) float32 x1, y1, x2, y2; None where there are none yet.
        counts: (B,) int32 rows of each image that count; None: all.
        depth_mm: (B, N, K) float32, see `Poses`; None in two dimensions.
    """

    keypoints: Float32Array
    keypoint_scores: Float32Array
    scores: Float32Array
    boxes: Float32Array | None
    counts: Int32Array | None
    depth_mm: Float32Array | None = None

    @staticmethod
    def concatenate(
        parts: Sequence[PaddedPoses], kept: Sequence[BoolArray], *, ranked: bool = False
    ) -> PaddedPoses:
        """The rows of several in one: those that count and are kept.

        Args:
            parts: of the same images, all with boxes and without depth.
            kept: (B, N) of each, which rows stay.
            ranked: whether the best come first; else they stay in their order.
        """
        rows = joined_rows([part.scores for part in parts], [part.counts for part in parts], kept)
        boxes = [part.boxes for part in parts if part.boxes is not None]
        whole = PaddedPoses(
            concatenate([part.keypoints for part in parts], axis=1),
            concatenate([part.keypoint_scores for part in parts], axis=1),
            concatenate([part.scores for part in parts], axis=1),
            concatenate(boxes, axis=1),
            counts=None,
        )
        return whole.selected(rows, ranked=ranked)

    def selected(
        self,
        rows: Int32Array | None = None,
        counts: Int32Array | None = None,
        *,
        limit: int | None = None,
        min_score: float = -inf,
        ranked: bool = False,
    ) -> PaddedPoses:
        """Some of the rows; see `kernels.select_poses`.

        Args:
            rows: (B, N) int32 candidates, in their order; None: all that count.
            counts: (B,) int32 of the candidates.
            limit: how many rows an image keeps at most; None: as many as it has.
            min_score: rows with a score above it stay.
            ranked: whether the best come first; else they stay in their order.
        """
        take = partial(
            kernels.select_poses,
            scores=self.scores,
            boxes=self.boxes,
            rows=rows,
            counts=self.counts if rows is None else counts,
            max_poses=self.scores.shape[1] if limit is None else limit,
            min_score=min_score,
            ranked=ranked,
        )
        chosen = take(self.keypoints, self.keypoint_scores)
        boxes = None if self.boxes is None else chosen.boxes
        depth = self.depth_mm
        if depth is not None:
            depth = take(self.keypoints, depth).keypoint_scores
        return PaddedPoses(
            chosen.keypoints, chosen.keypoint_scores, chosen.scores, boxes, chosen.counts, depth
        )

    def trimmed(self) -> PaddedPoses:
        """Without rows that are known to be behind every count; see `rows_to_compute`."""
        columns = self._columns()
        return replace(
            self, **dict(zip(columns, leading_rows(self.counts, *columns.values()), strict=True))
        )

    def moved(self, matrix: Float64Array, limits: Float32Array | None = None) -> PaddedPoses:
        """Keypoints, and boxes if there are some, by one affine map; see `moved_points`."""
        keypoints, boxes = moved_points(self.keypoints, matrix, limits), self.boxes
        if boxes is not None:
            corners = boxes.reshape(*boxes.shape[:2], 2, 2)
            boxes = moved_points(corners, matrix, limits).reshape(boxes.shape)
        return replace(self, keypoints=keypoints, boxes=boxes)

    def bounded(self, above: float | None = None) -> PaddedPoses:
        """With boxes around the keypoints: around those whose score is above a limit, or all."""
        scores, found = (None, 0.0) if above is None else (self.keypoint_scores, above)
        boxes = kernels.keypoint_extents(self.keypoints, scores, self.counts, found=found)
        return replace(self, boxes=boxes)

    def best(self) -> PaddedPoses:
        """Best first, in boxes around all their keypoints."""
        return self.bounded().selected(ranked=True)

    def to_host(self) -> list[Poses]:
        """The poses of each image; where they lie on a GPU, this is what waits for it.

        Raises:
            ValueError: there are no boxes yet.
        """
        if self.boxes is None:
            raise ValueError("poses must have boxes before they leave the device")
        columns = self._columns()
        numbers = [] if self.counts is None else [self.counts]
        *arrays, last = to_host(*columns.values(), *numbers)
        if self.counts is None:
            arrays, last = [*arrays, last], np.full(len(last), last.shape[1], np.int32)
        found = dict(zip(columns, arrays, strict=True))
        return [
            Poses(**{name: array[b, :count] for name, array in found.items()})
            for b, count in enumerate(last)
        ]

    def _columns(self) -> dict[str, AnyArray]:
        """The arrays that have a row for each pose, by name; those that are None are left out."""
        columns = {
            "keypoints": self.keypoints,
            "keypoint_scores": self.keypoint_scores,
            "scores": self.scores,
            "boxes": self.boxes,
            "depth_mm": self.depth_mm,
        }
        return {name: array for name, array in columns.items() if array is not None}


def joined_rows(
    scores: Sequence[Float32Array],
    counts: Sequence[Int32Array | None],
    kept: Sequence[BoolArray] | None = None,
) -> Int32Array:
    """Which rows of several arrays, once these are joined, say something.

    Args:
        scores: (B, N) of each.
        counts: (B,) rows of each that count; None: all.
        kept: (B, N) of each, which rows stay; None: all.

    Returns:
        (B, M) int32 candidates for `kernels.select_poses`, as many as the arrays have rows: a row's
        number among all, or -1 where it says nothing.
    """
    candidates, first = [], 1
    for i, (score, count) in enumerate(zip(scores, counts, strict=True)):
        length = score.shape[1]
        number = _numbers(length).beside(score)
        stays = number < (length if count is None else count[:, None])
        if kept is not None:
            stays = stays & kept[i]
        candidates.append((number + first) * stays - 1)
        first += length
    return concatenate(candidates, axis=1)


@lru_cache(maxsize=8)
def _numbers(length: int) -> Constant:
    """(1, N) int32: 0, 1, ..."""
    return Constant(np.arange(length, dtype=np.int32)[None])


def moved_points(
    points: Float32Array, matrix: Float64Array, limits: Float32Array | None = None
) -> Float32Array:
    """Points of images of one size, where they lie, by an affine map; see `transform_points`.

    Args:
        points: (B, N, K, 2) float32.
        matrix: (1, 2, 3) float64, NumPy's.
        limits: (1, 2) float32 largest x and y, NumPy's, to which 0 is the smallest; None: no limit.
    """
    rows = points[None].reshape(1, points.shape[0], -1, 2)  # one map for the images as for one
    limits = None if limits is None else like(points, limits)
    moved: Float32Array = kernels.transform_points(rows, like(points, matrix), limits)[0]
    return moved.reshape(points.shape)


def to_image(points: Float32Array, transform: ImageTransform) -> Float32Array:
    """(B, N, K, 2) float32 input pixels -> image pixels, where the points lie."""
    return moved_points(points, transform.matrix_to_image())
