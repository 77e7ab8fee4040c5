"""The learned score of a whole pose, and poses put in the order of their scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ... import kernels
from ...structures import ModelSpec, Poses, Session
from ...structures.arrays import AnyArray, Float32Array
from ...structures.pose_links import POSE_LINKS


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
    features = kernels.scoring_feature(
        np.ascontiguousarray(keypoints, np.float32),
        np.ascontiguousarray(keypoint_scores, np.float32),
    )
    scores = np.asarray(session.run({"features": features})["scores"], np.float32)
    return np.where(np.isfinite(scores), scores, np.float32(0)).reshape(len(keypoints))


def scoring_session(spec: ModelSpec, companions: Mapping[str, Session]) -> Session | None:
    """The session named `score`, if there is one, and if there are links for the skeleton.

    Raises:
        ValueError: the skeleton has another number of keypoints than the scoring networks know.
    """
    session = companions.get("score")
    count = len(spec.skeleton)
    if session is not None and count not in POSE_LINKS:
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
