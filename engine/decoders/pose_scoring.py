"""The learned score of a whole pose."""

from __future__ import annotations

from collections.abc import Mapping

from ... import kernels
from ...kernels.transfer import concatenate
from ...structures import ModelSpec, Session
from ...structures.arrays import Float32Array, Int32Array
from ...structures.pose_links import POSE_LINKS
from ..in_place import in_place


class PoseScoring:
    """The network that predicts the OKS of a pose from its shape and its keypoint scores.

    Args:
        session: `features` (N, F) float32 -> `scores` (N,).
        plain: give the network pixels, not shares of the pose's size (`kernels.scoring_feature`).
    """

    def __init__(self, session: Session, *, plain: bool = False) -> None:
        self._run, self._plain = in_place(session), plain

    def __call__(
        self,
        keypoints: Float32Array,
        keypoint_scores: Float32Array,
        counts: Int32Array | None,
        factors: Float32Array | None = None,
    ) -> Float32Array:
        """Scores of poses.

        Args:
            keypoints: (B, N, K, 2) image pixels.
            keypoint_scores: (B, N, K).
            counts: (B,) how many poses count; None: all.
            factors: (B, N), by which the answers are multiplied; None: 1.

        Returns:
            (B, N) float32, not limited to [0, 1]; 0 where the network answers with no number, and
            behind the count.
        """
        people = keypoints.shape[1]
        if people == 0:
            return keypoint_scores[..., 0]
        if self._plain:
            features = plain_features(keypoints, keypoint_scores)
        else:
            features = kernels.scoring_feature(keypoints, keypoint_scores, counts)
        answers = self._run({"features": features.reshape(-1, features.shape[2])})["scores"]
        return kernels.pose_scores(answers.reshape(-1, people, 1), factors, counts)


def plain_features(keypoints: Float32Array, heat: Float32Array) -> Float32Array:
    """The features of arXiv:2006.15480, section 3.2, in the order of `kernels.scoring_feature`.

    Args:
        keypoints: (B, N, K, 2) image pixels.
        heat: (B, N, K) values of the heatmaps.

    Returns:
        (B, N, 3L + K) float32 for L links: dx, dy of each, lengths, all in pixels; heat values.
    """
    first, second = (list(ends) for ends in zip(*POSE_LINKS[keypoints.shape[2]], strict=True))
    vectors = keypoints[:, :, first] - keypoints[:, :, second]
    lengths = (vectors * vectors).sum(axis=3) ** 0.5
    flat = vectors.reshape(*vectors.shape[:2], 2 * len(first))
    return concatenate((flat, lengths, heat), axis=2)


def pose_scoring(
    spec: ModelSpec, companions: Mapping[str, Session], *, plain: bool = False
) -> PoseScoring | None:
    """The scoring by the session named `score`, if there is one.

    Raises:
        ValueError: the skeleton has another number of keypoints than the scoring networks know.
    """
    session = companions.get("score")
    if session is None:
        return None
    count = len(spec.skeleton)
    if count not in POSE_LINKS:
        raise ValueError(
            f"pose scoring knows poses of 17 and of 14 keypoints, {spec.name} has {count}: "
            "leave out the scoring weights"
        )
    return PoseScoring(session, plain=plain)
