"""How far two models' poses of the same images lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..structures import Poses
from ..structures.arrays import BoolArray, Float64Array, Int64Array

# Two poses are one person if half of the keypoints lie within this share of the person's size.
_SAME_PERSON = 0.25
_TIE_PIXELS = 1.0
# By the arithmetic of the coarser model: scores that differ by no more are those of places that
# were equally good, between which rounding chose.
TIES = {"fp32": 1e-5, "fp16": 2e-3, "bf16": 2e-2, "int8": 5e-2}


@dataclass(frozen=True, slots=True)
class PoseDifferences:
    """Over all images.

    Attributes:
        pixels: (M, K) distances between the keypoints of M people whom both found; NaN where one of
            them found none.
        ties: (M, K) keypoints that lie apart and are equally good by their scores.
        scores: (M,) how far the scores of the two poses lie apart.
        lost: people whom only the first found.
        gained: people whom only the second found.
        images: how many there are.
    """

    pixels: Float64Array
    ties: BoolArray
    scores: Float64Array
    lost: int
    gained: int
    images: int

    @property
    def counted(self) -> Float64Array:
        """(D,) the distances that count, pixels."""
        pixels: Float64Array = self.pixels[~self.ties & ~np.isnan(self.pixels)]
        return pixels

    @property
    def found(self) -> int:
        """People whom the first found."""
        return len(self.pixels) + self.lost


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts: a difference in what nobody would look at is none.

    Attributes:
        score: of a pose that counts; one such that the other model finds too, however weak, is not
            lost.
        keypoint_score: of a keypoint that counts, in either pose.
        tie: difference of scores up to which keypoints that lie apart are equally good.
    """

    score: float = 0.0
    keypoint_score: float = 0.0
    tie: float = TIES["fp32"]


def pose_differences(
    first: Sequence[Poses],
    second: Sequence[Poses],
    keypoints: int,
    counted: Counted = Counted(),
) -> PoseDifferences:
    """Compare two models image by image.

    Args:
        first: poses of each image.
        second: of the same images, in the same order.
        keypoints: K of the skeleton.
        counted: which of them count.
    """
    pixels, ties, scores = [np.zeros((0, keypoints))], [np.zeros((0, keypoints), np.bool_)], []
    lost = gained = 0
    for one, other in zip(first, second, strict=True):
        rows, columns = same_people(one, other)
        lost += _alone(one, rows, counted.score)
        gained += _alone(other, columns, counted.score)
        strong = np.maximum(one.scores[rows], other.scores[columns]) >= counted.score
        rows, columns = rows[strong], columns[strong]
        apart = np.linalg.norm(
            one.keypoints[rows].astype(np.float64) - other.keypoints[columns], axis=2
        )
        pair = one.keypoint_scores[rows], other.keypoint_scores[columns]
        missing = (pair[0] <= 0) | (pair[1] <= 0)
        apart[missing | (np.maximum(*pair) < counted.keypoint_score)] = np.nan
        pixels.append(apart)
        ties.append((np.abs(pair[0] - pair[1]) <= counted.tie) & (apart > _TIE_PIXELS))
        scores.append(np.abs(one.scores[rows].astype(np.float64) - other.scores[columns]))
    return PoseDifferences(
        np.concatenate(pixels),
        np.concatenate(ties),
        np.concatenate([np.zeros(0), *scores]),
        lost,
        gained,
        len(first),
    )


def _alone(poses: Poses, matched: Int64Array, score: float) -> int:
    """How many poses that count the other model does not find."""
    alone = np.ones(len(poses), np.bool_)
    alone[matched] = False
    return int((alone & (poses.scores >= score)).sum())


def same_people(first: Poses, second: Poses) -> tuple[Int64Array, Int64Array]:
    """Rows of the first and of the second that are one person each, by least distance."""
    apart = np.linalg.norm(
        first.keypoints[:, None].astype(np.float64) - second.keypoints[None], axis=3
    )
    middle = np.median(apart, axis=2)
    sides = first.keypoints.max(axis=1, initial=0) - first.keypoints.min(axis=1, initial=np.inf)
    sizes = np.linalg.norm(np.where(np.isfinite(sides), sides, 0.0), axis=1)
    # twins at one place are told apart by their order
    rows, columns = linear_sum_assignment(middle)
    same = middle[rows, columns] <= np.maximum(_SAME_PERSON * sizes[rows], 1.0)
    return rows[same], columns[same]
