"""What kind of mistake a keypoint is: jitter, inversion, swap or miss.

Source: Ronchi and Perona, Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation,
ICCV 2017, section 3.1. A keypoint of a matched pose whose true one is labelled is

- good if its similarity to the true one is at least 0.85,
- a jitter if it is at least 0.5;
- else an inversion if its similarity to the mirrored keypoint of the same person is at least 0.5,
- a swap if that to the same or the mirrored keypoint of another person is (where both are, the
  greater similarity decides),
- and a miss otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..structures import Annotations, Skeleton
from ..structures.arrays import Float64Array, Int64Array
from .oks import keypoint_similarity
from .oks_matching import match_image

KINDS = ("good", "jitter", "inversion", "swap", "miss")
_GOOD, _NEAR = 0.85, 0.5
_MATCH = 0.1  # similarity of poses from which one is an attempt at the other


@dataclass(frozen=True, slots=True)
class PoseErrors:
    """Mistakes of all matched poses.

    Attributes:
        counts: {keypoint: {kind: how many}}.
        similarity: {keypoint: mean similarity to the true one}; NaN where none was matched.
        corrected: {kind: the results as they would be without that mistake}; all but `good`.
    """

    counts: dict[str, dict[str, int]]
    similarity: dict[str, float]
    corrected: dict[str, list[Annotations]]

    @property
    def shares(self) -> dict[str, float]:
        """{kind: share of all keypoints}."""
        total = {kind: sum(row[kind] for row in self.counts.values()) for kind in KINDS}
        whole = sum(total.values())
        return {kind: count / whole if whole else float("nan") for kind, count in total.items()}


def pose_errors(
    truth: Sequence[Annotations], results: Sequence[Annotations], skeleton: Skeleton
) -> PoseErrors:
    """Classify the keypoints of all matched poses."""
    by_id = {image.image_id: image for image in truth}
    counts = np.zeros((len(skeleton), len(KINDS)), np.int64)
    similar, matched = np.zeros(len(skeleton)), np.zeros(len(skeleton), np.int64)
    corrected: dict[str, list[Annotations]] = {kind: [] for kind in KINDS[1:]}
    for image in results:
        people = by_id[image.image_id]
        match = match_image(people, image, skeleton, (_MATCH,))
        chosen = match.persons[0] >= 0
        rows, persons = match.rows[chosen], match.persons[0][chosen]
        counts_here = ~match.ignored[persons]
        rows, persons = rows[counts_here], persons[counts_here]
        kinds, own = _kinds(image[rows], persons, people, skeleton)
        for kind in range(len(KINDS)):
            counts[:, kind] += (kinds == kind).sum(axis=0)
        similar += np.nansum(own, axis=0)
        matched += (kinds >= 0).sum(axis=0)
        for kind, name in enumerate(KINDS[1:], start=1):
            corrected[name].append(
                _corrected(image, rows, people.keypoints[persons], kinds == kind)
            )
    return PoseErrors(
        {
            name: dict(zip(KINDS, row.tolist(), strict=True))
            for name, row in zip(skeleton.keypoints, counts, strict=True)
        },
        {
            name: float(total / count) if count else float("nan")
            for name, total, count in zip(skeleton.keypoints, similar, matched, strict=True)
        },
        corrected,
    )


def _kinds(
    poses: Annotations, persons: Int64Array, truth: Annotations, skeleton: Skeleton
) -> tuple[Int64Array, Float64Array]:
    """(M, K) kind of every keypoint, -1 where the true one is not labelled; (M, K) similarity."""
    each = np.arange(len(persons))
    similarity = keypoint_similarity(poses.keypoints, truth, skeleton)
    own = similarity[each, persons]
    flipped = replace(
        truth,
        keypoints=truth.keypoints[:, skeleton.flip_order],
        labels=truth.labels[:, skeleton.flip_order],
    )
    mirrored = keypoint_similarity(poses.keypoints, flipped, skeleton)
    # a keypoint of the middle is its own mirror image and cannot be inverted
    middle = skeleton.flip_order == np.arange(len(skeleton))
    inversion = np.where(middle, 0, np.nan_to_num(mirrored[each, persons]))
    others = np.maximum(np.nan_to_num(similarity), np.nan_to_num(mirrored))
    others[each, persons] = 0
    swap = others.max(axis=1, initial=0)
    kinds = np.select(
        [
            np.isnan(own),
            own >= _GOOD,
            own >= _NEAR,
            (inversion >= _NEAR) & (inversion >= swap),
            swap >= _NEAR,
        ],
        [-1, 0, 1, 2, 3],
        4,
    )
    return kinds, own


def _corrected(
    image: Annotations, rows: Int64Array, right: Float64Array, wrong: Float64Array
) -> Annotations:
    keypoints = image.keypoints.copy()
    keypoints[rows] = np.where(wrong[..., None], right, keypoints[rows])
    return replace(image, keypoints=keypoints)
