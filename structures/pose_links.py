"""The links of a pose that the pose scoring networks see: fixed with their weights."""

from __future__ import annotations

# From keypoint, to keypoint, by the number of keypoints: COCO's 17, CrowdPose's 14.
# Source: JOINT_*_LINK_1 and 2 of github.com/HRNet/DEKR, lib/utils/rescore.py.
_COCO = (
    (0, 0, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 7, 8, 11, 11, 12, 13, 14),
    (1, 2, 2, 3, 4, 5, 6, 6, 7, 11, 8, 12, 9, 10, 12, 13, 14, 15, 16),
)
_CROWDPOSE = (
    (12, 13, 13, 0, 1, 2, 3, 0, 1, 6, 7, 8, 9, 6, 0),
    (13, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 7, 1),
)
POSE_LINKS: dict[int, tuple[tuple[int, int], ...]] = {
    17: tuple(zip(*_COCO, strict=True)),
    14: tuple(zip(*_CROWDPOSE, strict=True)),
}
