"""PCK: the share of keypoints that are near enough, in sizes of the person's head or torso.

Source: Andriluka, Pishchulin, Gehler and Schiele, 2D Human Pose Estimation: New Benchmark and State
of the Art Analysis, CVPR 2014 (PCKh, MPII); Yang and Ramanan, Articulated Human Detection with
Flexible Mixtures of Parts, PAMI 2013 (PCK).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..structures import Annotations, Skeleton
from ..structures.arrays import BoolArray, Float64Array, Int64Array
from .keypoint_distance import head_sizes

MAX_DISTANCE = 0.5  # from which on nothing is near: the end of the curve
_CURVE = np.linspace(0, MAX_DISTANCE, 51)
# Hidden in the body: MPII's evaluation leaves them out of the mean.
NOT_IN_TOTAL = ("pelvis", "thorax")


@dataclass(frozen=True, slots=True)
class PckScores:
    """Per cent.

    Attributes:
        total: {score: mean over all labelled keypoints, but for MPII's pelvis and thorax}, and how
            many people were scored and left out (those whose head or torso is unknown).
        per_keypoint: {keypoint: {score: per cent}}; NaN where it is never labelled.
        curve: (51, 2) distance and per cent of all keypoints within it.
    """

    total: dict[str, float]
    per_keypoint: dict[str, dict[str, float]]
    curve: Float64Array


def pckh(
    truth: Sequence[Annotations], results: Sequence[Annotations], skeleton: Skeleton
) -> PckScores:
    """MPII's: `PCKh@0.5`, `PCKh@0.1` and `AUC` from 0 to 0.5, in sizes of the head.

    Args:
        truth: images with head boxes.
        results: of some of them; an image's poses are given to its people so that as many keypoints
            as possible are within 0.5.
        skeleton: of both.
    """
    sizes = [head_sizes(image) for image in truth]
    return _pck(truth, results, skeleton, sizes, {"PCKh@0.5": 0.5, "PCKh@0.1": 0.1})


def pck_of_torso(
    truth: Sequence[Annotations], results: Sequence[Annotations], skeleton: Skeleton
) -> PckScores:
    """Leeds Sports Pose's: `PCK@0.2` and `AUC` from 0 to 0.5, in lengths of the torso.

    The torso is from a shoulder to the opposite hip, whichever pair is labelled, the left
    shoulder's first. Arguments are those of `pckh`.
    """
    sizes = [torso_lengths(image, skeleton) for image in truth]
    return _pck(truth, results, skeleton, sizes, {"PCK@0.2": 0.2})


def torso_lengths(people: Annotations, skeleton: Skeleton) -> Float64Array:
    """(N,) px; NaN where no shoulder is labelled together with the opposite hip."""
    lengths = np.full(len(people), np.nan)
    for side, other in (("right", "left"), ("left", "right")):
        shoulder = skeleton.keypoints.index(f"{side}_shoulder")
        hip = skeleton.keypoints.index(f"{other}_hip")
        both = (people.labels[:, [shoulder, hip]] > 0).all(axis=1)
        along = people.keypoints[:, shoulder] - people.keypoints[:, hip]
        lengths = np.where(both, np.sqrt((along**2).sum(axis=1)), lengths)
    return lengths


def _pck(
    truth: Sequence[Annotations],
    results: Sequence[Annotations],
    skeleton: Skeleton,
    sizes: Sequence[Float64Array],
    limits: dict[str, float],
) -> PckScores:
    by_id = {image.image_id: image for image in results}
    within = np.zeros((len(skeleton), len(_CURVE)))
    labelled: Int64Array = np.zeros(len(skeleton), np.int64)
    scored = left_out = 0
    for image, size in zip(truth, sizes, strict=True):
        known = size > 0
        left_out += int((~known & (image.labels > 0).any(axis=1)).sum())
        people = image[np.flatnonzero(known)]
        scored += len(people)
        labelled += (people.labels > 0).sum(axis=0)
        for distance in _distances(people, by_id.get(image.image_id), size[known]):
            # 1e-12 keeps what is exactly at a limit within it
            within += distance[:, None] <= _CURVE + 1e-12
    rows = {name: _row(within[k], labelled[k], limits) for k, name in enumerate(skeleton.keypoints)}
    counted: BoolArray = np.array([name not in NOT_IN_TOTAL for name in skeleton.keypoints])
    whole, count = within[counted].sum(axis=0), labelled[counted].sum()
    total = _row(whole, count, limits) | {"people": scored, "people_left_out": left_out}
    share = 100 * whole / max(int(count), 1)
    return PckScores(total, rows, np.column_stack((_CURVE, share)))


def _distances(
    people: Annotations, poses: Annotations | None, sizes: Float64Array
) -> Iterator[Float64Array]:
    """(K,) of every person that has a pose; infinite where the keypoint is not labelled."""
    if poses is None:
        return
    apart = people.keypoints[:, None] - poses.keypoints[None]
    distance = np.sqrt((apart**2).sum(axis=3)) / sizes[:, None, None]
    both = (people.labels[:, None] > 0) & (poses.labels[None] > 0)
    distance = np.where(both, distance, np.inf)
    near = (distance <= MAX_DISTANCE + 1e-12).sum(axis=2)
    # of two poses with as many near keypoints, that which is nearer
    closeness = np.clip(1 - distance / MAX_DISTANCE, 0, 1).sum(axis=2) / (distance.shape[2] + 1)
    rows, columns = linear_sum_assignment(near + closeness, maximize=True)
    yield from distance[rows, columns]


def _row(within: Float64Array, labelled: int, limits: dict[str, float]) -> dict[str, float]:
    if not labelled:
        return dict.fromkeys((*limits, "AUC"), float("nan"))
    share = 100 * within / labelled
    at = {name: float(share[round(limit * 100)]) for name, limit in limits.items()}
    return {**at, "AUC": float((share[1:] + share[:-1]).mean() / 2)}  # trapezoids of one width
