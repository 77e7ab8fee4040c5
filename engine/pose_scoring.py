"""The learned score of a whole pose, and poses put in the order of their scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..structures import ModelSpec, Poses, Session
from ..structures.arrays import AnyArray, Float32Array

# Links whose vectors and lengths the scoring network sees, by the number of keypoints.
# Source: JOINT_*_LINK_1 and 2 of github.com/HRNet/DEKR, lib/utils/rescore.py.
_COCO_LINKS = (
    (0, 0, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 7, 8, 11, 11, 12, 13, 14),
    (1, 2, 2, 3, 4, 5, 6, 6, 7, 11, 8, 12, 9, 10, 12, 13, 14, 15, 16),
)
_CROWDPOSE_LINKS = (
    (12, 13, 13, 0, 1, 2, 3, 0, 1, 6, 7, 8, 9, 6, 0),
    (13, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 7, 1),
)
_LINKS = {17: _COCO_LINKS, 14: _CROWDPOSE_LINKS}
# The links whose mean length is the unit: the two sides of the trunk in COCO. The release takes
# the same numbers for CrowdPose, where they are the thigh and the shin of the left leg.
_UNIT_LINKS = (9, 11)
_MIN_UNIT = 1.0  # image pixels


def scoring_feature(keypoints: AnyArray, keypoint_scores: AnyArray) -> Float32Array:
    """What the pose scoring network sees of each pose.

    Args:
        keypoints: (N, K, 2) image pixels; K is 17 (COCO) or 14 (CrowdPose).
        keypoint_scores: (N, K).

    Returns:
        (N, 3L + K) float32 for L links, 74 or 59 columns: dx, dy of each link, lengths of the
        links, keypoint scores. Vectors and lengths are in units of the pose's size.

    Raises:
        ValueError: there are no links for K keypoints.

    Source: `get_feature` of github.com/HRNet/DEKR.
    """
    count = keypoints.shape[1]
    if count not in _LINKS:
        raise ValueError(
            f"pose scoring knows poses of 17 and of 14 keypoints, got {count}: leave it out"
        )
    first, second = (list(ends) for ends in _LINKS[count])
    vectors = keypoints[:, first] - keypoints[:, second]
    lengths = np.sqrt((vectors**2).sum(axis=2))
    unit = np.maximum(lengths[:, _UNIT_LINKS].mean(axis=1), _MIN_UNIT)[:, None]
    flat = (vectors / unit[..., None]).reshape(len(keypoints), 2 * len(first))
    return np.concatenate((flat, lengths / unit, keypoint_scores), axis=1).astype(np.float32)


def predict_oks(session: Session, keypoints: AnyArray, keypoint_scores: AnyArray) -> Float32Array:
    """What the scoring network thinks of each pose; 0 where it answers with no number.

    Args:
        session: `features` (N, F) float32 -> `scores` (N,).
        keypoints: (N, K, 2) image pixels.
        keypoint_scores: (N, K).

    Returns:
        (N,) float32, not limited to [0, 1].
    """
    if len(keypoints) == 0:
        return np.zeros(0, np.float32)
    features = scoring_feature(keypoints, keypoint_scores)
    scores = np.asarray(session.run({"features": features})["scores"], np.float32)
    return np.where(np.isfinite(scores), scores, np.float32(0)).reshape(len(keypoints))


def scoring_session(spec: ModelSpec, companions: Mapping[str, Session]) -> Session | None:
    """The session named `score`, if there is one, and if there are links for the skeleton.

    Raises:
        ValueError: the skeleton has another number of keypoints than the scoring networks know.
    """
    session = companions.get("score")
    count = len(spec.skeleton)
    if session is not None and count not in _LINKS:
        raise ValueError(
            f"pose scoring knows poses of 17 and of 14 keypoints, {spec.name} has {count}: "
            "leave out the scoring weights"
        )
    return session


def ranked_poses(keypoints: AnyArray, keypoint_scores: AnyArray, scores: AnyArray) -> Poses:
    """Poses, best score first, earlier rows first among equals.

    Args:
        keypoints: (N, K, 2) image pixels.
        keypoint_scores: (N, K).
        scores: (N,).

    Returns:
        The poses; a box is the extent of all keypoints.
    """
    order = np.argsort(-scores, kind="stable")
    points = np.asarray(keypoints[order], np.float32)
    boxes = np.concatenate((points.min(axis=1), points.max(axis=1)), axis=1)
    return Poses(
        points,
        np.asarray(keypoint_scores[order], np.float32),
        np.asarray(scores[order], np.float32),
        boxes,
    )
