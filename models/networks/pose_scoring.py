"""Pose scoring: predicts the OKS of a pose from its shape and its keypoint scores.

Source: section 3 of arXiv:2006.15480; the released weights of
github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and github.com/HRNet/DEKR (MIT).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ...structures import Skeleton
from ...structures.pose_links import POSE_LINKS

HIDDEN = 256


def num_features(skeleton: Skeleton) -> int:
    """F: per link a vector and a length, per keypoint a score.

    Raises:
        ValueError: the links of the skeleton were never published.
    """
    keypoints = len(skeleton)
    if keypoints not in POSE_LINKS:
        raise ValueError(
            f"pose scoring is defined for skeletons of 17 (COCO) and 14 (CrowdPose) keypoints, "
            f"{skeleton.name!r} has {keypoints}: run it without scoring weights"
        )
    return 3 * len(POSE_LINKS[keypoints]) + keypoints


class PoseScoring(nn.Module):
    """Two hidden layers; parameters carry the published names.

    Args:
        features: F, of `num_features`.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.l1 = nn.Linear(features, HIDDEN)
        self.l2 = nn.Linear(HIDDEN, HIDDEN)
        self.l3 = nn.Linear(HIDDEN, 1)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(N, F) -> `scores` (N,), not limited to [0, 1]."""
        hidden = F.relu(self.l2(F.relu(self.l1(features))))
        return {"scores": self.l3(hidden).squeeze(1)}
