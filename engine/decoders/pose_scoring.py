"""The learned score of a whole pose, and poses put in the order of their scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ... import kernels
from ...structures import ModelSpec, Poses, Session
from ...structures.arrays import AnyArray, Float32Array
from ...structures.pose_links import POSE_LINKS


def predict_oks(
    session: Session, keypoints: AnyArray, keypoint_scores: AnyArray, *, plain: bool = False
) -> Float32Array:
    """What the scoring network thinks of each pose; 0 where it answers with no number.

    Args:
        session: `features` (N, F) float32 -> `scores` (N,).
        keypoints: (N, K, 2) image pixels.
        keypoint_scores: (N, K).
        plain: give the network pixels, not shares of the pose's size (`kernels.scoring_feature`).

    Returns:
        (N,) float32, not limited to [0, 1].
    """
    if len(keypoints) == 0:
        return np.zeros(0, np.float32)
    features_of = plain_features if plain else kernels.scoring_feature
    features = features_of(
        np.ascontiguousarray(keypoints, np.float32),
        np.ascontiguousarray(keypoint_scores, np.float32),
    )
    scores = np.asarray(session.run({"features": features})["scores"], np.float32)
    return np.where(np.isfinite(scores), scores, np.float32(0)).reshape(len(keypoints))


def plain_features(keypoints: Float32Array, heat: Float32Array) -> Float32Array:
    """The features of arXiv:2006.15480, section 3.2, in the order of `kernels.scoring_feature`.

    Args:
        keypoints: (N, K, 2) image pixels.
        heat: (N, K) values of the heatmaps.

    Returns:
        (N, 3L + K) float32 for L links: dx, dy of each, lengths, all in pixels; heat values.
    """
    first, second = (list(ends) for ends in zip(*POSE_LINKS[keypoints.shape[1]], strict=True))
    vectors = keypoints[:, first] - keypoints[:, second]
    lengths = np.sqrt((vectors**2).sum(axis=2))
    flat = vectors.reshape(len(keypoints), 2 * len(first))
    return np.concatenate((flat, lengths, heat), axis=1, dtype=np.float32)


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
