"""How the camera moved between two frames, from what stands still behind the people."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ..structures.arrays import AnyArray, Float64Array, UInt8Array

# (2, 3): x, y of the frame before, in image pixels -> x, y of this one; turn, zoom and shift only.
CameraMotion: TypeAlias = Float64Array

_LONG_SIDE = 320  # px at which images are compared
_POINTS = 200  # corners that are followed at most
_CORNER_QUALITY, _CORNER_DISTANCE = 0.01, 8  # share of the best corner's response; px
_LEAST = 12  # points that must agree, and
_LEAST_SHARE = 0.5  # this share of those followed
_AGREE_PX = 1.5  # px of the small image by which a point may miss
_MOST_ZOOM = 1.5  # between two frames; more is a cut
_SPREAD = 0.1  # of the box sides around a person: what moves beside the keypoints


class Camera:
    """Follows corners outside of people's boxes from each frame to the next.

    Where too few agree on a motion, as at a cut or before a blank wall, it counts as still.

    Attributes:
        small: (h, w) uint8 grey image of the frame before, (0, 0) before the first.
    """

    def __init__(self, small: UInt8Array | None = None) -> None:
        self.small: UInt8Array = np.zeros((0, 0), np.uint8) if small is None else small.copy()

    def move(self, image: UInt8Array, boxes: AnyArray) -> CameraMotion | None:
        """Take in the next frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            boxes: (T, 4) of people in the frame before, in its pixels.

        Returns:
            the motion since the frame before; None where it cannot be told.

        Source: sparse optical flow with RANSAC, as for the camera in BoT-SORT, Aharon et al., 2022,
        https://arxiv.org/abs/2206.14651, section 3.2.
        """
        before, zoom = self.small, _LONG_SIDE / max(image.shape[:2])
        self.small = _shrunk(image, min(zoom, 1.0))
        if before.shape != self.small.shape or not before.size:
            return None
        motion = _motion(before, self.small, np.asarray(boxes) * min(zoom, 1.0))
        if motion is not None:
            motion[:, 2] /= min(zoom, 1.0)
        return motion


def moved_points(motion: CameraMotion, points: AnyArray) -> Float64Array:
    """(..., 2) points of the frame before where they are now."""
    moved: Float64Array = points @ motion[:, :2].T + motion[:, 2]
    return moved


def zoom_of(motion: CameraMotion) -> float:
    """By how much larger things have become."""
    return float(np.sqrt(abs(np.linalg.det(motion[:, :2]))))


def _shrunk(image: UInt8Array, zoom: float) -> UInt8Array:
    import cv2

    height, width = image.shape[:2]
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _motion(before: UInt8Array, now: UInt8Array, boxes: AnyArray) -> CameraMotion | None:
    import cv2

    corners = cv2.goodFeaturesToTrack(
        before, _POINTS, _CORNER_QUALITY, _CORNER_DISTANCE, mask=_background(before, boxes)
    )
    if corners is None or len(corners) < _LEAST:
        return None
    found, there, _ = cv2.calcOpticalFlowPyrLK(before, now, corners, None, maxLevel=4)  # type: ignore[call-overload]
    there = there.ravel() > 0
    if there.sum() < _LEAST:
        return None
    cv2.setRNGSeed(0)  # RANSAC draws: the same frames give the same motion
    motion, agree = cv2.estimateAffinePartial2D(
        corners[there], found[there], method=cv2.RANSAC, ransacReprojThreshold=_AGREE_PX
    )
    if motion is None or agree.sum() < max(_LEAST, _LEAST_SHARE * there.sum()):
        return None
    if not 1 / _MOST_ZOOM < zoom_of(motion) < _MOST_ZOOM:
        return None
    return np.asarray(motion, np.float64)


def _background(image: UInt8Array, boxes: AnyArray) -> UInt8Array:
    """(h, w) uint8: 255 where nobody is."""
    mask = np.full(image.shape, 255, np.uint8)
    sides = boxes[:, 2:] - boxes[:, :2]
    low = np.maximum(boxes[:, :2] - _SPREAD * sides, 0).astype(int)
    high = np.maximum(boxes[:, 2:] + _SPREAD * sides, 0).astype(int) + 1
    for (x1, y1), (x2, y2) in zip(low.tolist(), high.tolist(), strict=True):
        mask[y1:y2, x1:x2] = 0
    return mask
