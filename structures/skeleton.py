"""The type of a pose: which keypoints there are, how they join, how exact each can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Float32Array, Int64Array

# How much of a box its person covers: the mean of segment over box area in COCO. Object keypoint
# similarity is scaled by the area of the person, of which only the box is known.
AREA_SHARE = 0.53


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Keypoint names, edges, left/right pairs and OKS sigmas of one data set.

    Attributes:
        name: how files and flags call it, such as `coco-17`.
        keypoints: K names, in the order of every keypoint array.
        edges: pairs of keypoint indices to draw as limbs.
        pairs: (left, right) keypoint indices that a flipped image exchanges.
        sigmas: K constants of object keypoint similarity, unit-less.
    """

    name: str
    keypoints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    sigmas: tuple[float, ...]

    def __post_init__(self) -> None:
        k = len(self.keypoints)
        if len(self.sigmas) != k:
            raise ValueError(
                f"skeleton {self.name!r} has {k} keypoints but {len(self.sigmas)} sigmas"
            )
        for a, b in (*self.edges, *self.pairs):
            if not (0 <= a < k and 0 <= b < k):
                raise ValueError(f"skeleton {self.name!r} names keypoint {max(a, b)} of {k}")

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def sigma_array(self) -> Float32Array:
        """(K,) float32 sigmas."""
        return np.array(self.sigmas, np.float32)

    @property
    def flip_order(self) -> Int64Array:
        """(K,) int64: `keypoints[flip_order]` are those of the flipped person."""
        order = np.arange(len(self.keypoints))
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return order


def _skeleton(name: str, text: str, edges: str, sigmas: dict[str, float]) -> Skeleton:
    """Build a skeleton from keypoint names, `a-b` edges and one sigma per left/right part."""
    names = tuple(text.split())
    index = {keypoint: i for i, keypoint in enumerate(names)}
    pairs = tuple(
        (i, index["right_" + keypoint.removeprefix("left_")])
        for keypoint, i in index.items()
        if keypoint.startswith("left_") and "right_" + keypoint.removeprefix("left_") in index
    )
    joined = (edge.split("-") for edge in edges.split())
    part = (keypoint.removeprefix("left_").removeprefix("right_") for keypoint in names)
    return Skeleton(
        name,
        names,
        tuple((index[a], index[b]) for a, b in joined),
        pairs,
        tuple(sigmas[p] for p in part),
    )


# COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval; neck and head parts, which
# COCO does not have, take the shoulder's value as CrowdPose's evaluation does.
_SIGMAS = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "head": 0.079,
    "neck": 0.079,
    "head_top": 0.079,
    "head_bottom": 0.079,
    "upper_neck": 0.079,
    "pelvis": 0.107,
    "thorax": 0.079,
    "torso": 0.107,
}
_LIMBS = (
    "left_shoulder-left_elbow left_elbow-left_wrist right_shoulder-right_elbow "
    "right_elbow-right_wrist left_hip-left_knee left_knee-left_ankle right_hip-right_knee "
    "right_knee-right_ankle "
)
_TORSO = (
    "left_shoulder-right_shoulder left_hip-right_hip left_shoulder-left_hip "
    "right_shoulder-right_hip "
)

COCO_17 = _skeleton(
    "coco-17",
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle",
    _LIMBS + _TORSO + "nose-left_eye nose-right_eye left_eye-left_ear right_eye-right_ear",
    _SIGMAS,
)
CROWDPOSE_14 = _skeleton(
    "crowdpose-14",
    "left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip "
    "right_hip left_knee right_knee left_ankle right_ankle head neck",
    _LIMBS + _TORSO + "head-neck neck-left_shoulder neck-right_shoulder",
    _SIGMAS,
)
# The order of PoseTrack's evaluator, https://github.com/leonid-pishchulin/poseval.
POSETRACK_15 = _skeleton(
    "posetrack-15",
    "right_ankle right_knee right_hip left_hip left_knee left_ankle right_wrist right_elbow "
    "right_shoulder left_shoulder left_elbow left_wrist head_bottom nose head_top",
    _LIMBS + _TORSO + "head_top-nose nose-head_bottom "
    "head_bottom-left_shoulder head_bottom-right_shoulder",
    _SIGMAS,
)
# MPII Human Pose, http://human-pose.mpi-inf.mpg.de/#download.
MPII_16 = _skeleton(
    "mpii-16",
    "right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis thorax upper_neck "
    "head_top right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist",
    _LIMBS + "pelvis-thorax thorax-upper_neck upper_neck-head_top pelvis-left_hip "
    "pelvis-right_hip thorax-left_shoulder thorax-right_shoulder",
    _SIGMAS,
)

# Human3.6M as github.com/JimmySuen/integral-human-pose orders and extends it (with the thorax).
H36M_18 = _skeleton(
    "h36m-18",
    "pelvis right_hip right_knee right_ankle left_hip left_knee left_ankle torso neck nose "
    "head_top left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist thorax",
    _LIMBS + "pelvis-right_hip pelvis-left_hip pelvis-torso torso-thorax thorax-neck neck-nose "
    "nose-head_top thorax-left_shoulder thorax-right_shoulder",
    _SIGMAS,
)

SKELETONS = {s.name: s for s in (COCO_17, CROWDPOSE_14, POSETRACK_15, MPII_16, H36M_18)}


def skeleton_of(names: Sequence[str]) -> Skeleton:
    """The known skeleton with these keypoints in this order, or a new one without edges.

    Raises:
        ValueError: a keypoint is named twice, or is unknown, so that no sigma is known for it.
    """
    for known in SKELETONS.values():
        if known.keypoints == tuple(names):
            return known
    if len(set(names)) != len(names):
        raise ValueError("a keypoint is named twice")
    parts = [name.removeprefix("left_").removeprefix("right_") for name in names]
    unknown = [name for name, part in zip(names, parts, strict=True) if part not in _SIGMAS]
    if unknown:
        raise ValueError(f"no skeleton here has the keypoint {unknown[0]!r}")
    return _skeleton(f"own-{len(names)}", " ".join(names), "", _SIGMAS)
