"""The part of an image that a single-person network sees, and the way back.

Published networks cut a person's box, padded to the input's shape and enlarged, by an affine map
that takes the box's center to the middle of the input, without the half-pixel shift.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ... import kernels
from ...kernels.transfer import like
from ...structures.affine import affine_from_points, zoom_affine
from ...structures.arrays import AnyArray, Float32Array, Float64Array, UInt8Array
from ..padded_poses import PaddedPoses

# Scales are published in units of 200 pixels, about the height of a person in MPII's images.
SCALE_UNIT = 200
# What a box is enlarged by: JointsDataset of github.com/microsoft/human-pose-estimation.pytorch.
PADDING = 1.25
# MPII's centers lie high: they are moved down by so many pixels per unit of scale, and counted
# from 1 (MPIIDataset of the same repository).
MPII_CENTER_DOWN = 15
MPII_FIRST_PIXEL = 1


@dataclass(frozen=True, slots=True)
class Crop:
    """An affine map between an image and a network's input.

    Attributes:
        matrix: (2, 3) float64, image pixels -> input pixels.
        size: (h, w) of the input.
    """

    matrix: Float64Array
    size: tuple[int, int]

    @staticmethod
    def around(
        center: AnyArray, scale: AnyArray, size: tuple[int, int], rotation_deg: float = 0.0
    ) -> Crop:
        """The crop of SimpleBaseline: a uniform zoom, given by the width of the box alone.

        Args:
            center: (2,) x, y in image pixels.
            scale: (2,) width and height of the box in units of 200 pixels; its height follows
                from the input's shape.
            size: (h, w) of the input.
            rotation_deg: turn of the box about its center, degrees.

        Source: `get_affine_transform` of github.com/microsoft/human-pose-estimation.pytorch.
        """
        x, y = np.asarray(center, np.float32)
        width = float(np.float32(scale[0]) * np.float32(SCALE_UNIT))
        return Crop(zoom_affine((float(x), float(y)), width, size, rotation_deg), size)

    @staticmethod
    def stretched(
        center: AnyArray, box_size: AnyArray, size: tuple[int, int], rotation_deg: float = 0.0
    ) -> Crop:
        """The crop of Integral: width and height are scaled each by its own factor.

        Args:
            center: (2,) x, y in image pixels.
            box_size: (2,) width and height in image pixels, enlarged as wanted.
            size: (h, w) of the input.
            rotation_deg: turn of the box about its center, degrees.

        Source: `gen_trans_from_patch_cv` of github.com/JimmySuen/integral-human-pose.
        """
        height, width = size
        turn = math.pi * rotation_deg / 180
        sin, cos = math.sin(turn), math.cos(turn)
        # float32, as in the source: the center, then half the height down, half the width right
        half_width, half_height = (float(np.float32(side * 0.5)) for side in box_size)
        down = np.array((-half_height * sin, half_height * cos), np.float32)
        right = np.array((half_width * cos, half_width * sin), np.float32)
        middle = np.asarray(center, np.float64)
        source = np.array((middle, middle + down, middle + right), np.float32)
        x, y = width * 0.5, height * 0.5
        target = np.array(((x, y), (x, y + height * 0.5), (x + width * 0.5, y)), np.float32)
        return Crop(affine_from_points(source, target), size)

    @property
    def inverse(self) -> Float64Array:
        """(2, 3) float64, input pixels -> image pixels."""
        linear = np.linalg.inv(self.matrix[:, :2])
        return np.concatenate((linear, -linear @ self.matrix[:, 2:]), axis=1)

    def cut(self, image: UInt8Array) -> UInt8Array:
        """(H, W, 3) uint8 image -> (h, w, 3) uint8 input, bilinear, black outside."""
        import cv2

        height, width = self.size
        warped = cv2.warpAffine(image, self.matrix, (width, height), flags=cv2.INTER_LINEAR)
        return np.asarray(warped, np.uint8)

    def to_image(self, points: AnyArray) -> Float32Array:
        """(..., 2) input pixels -> (..., 2) image pixels."""
        inverse = self.inverse
        return np.asarray(points @ inverse[:, :2].T + inverse[:, 2], np.float32)

    def to_input(self, points: AnyArray) -> Float32Array:
        """(..., 2) image pixels -> (..., 2) input pixels."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2], np.float32)


@dataclass(frozen=True, slots=True)
class People:
    """People that a detector found in one image, and their crops.

    Attributes:
        boxes: (N, 4) float32 x1, y1, x2, y2 in image pixels, as detected.
        scores: (N,) float32 of the boxes.
        areas: (N,) float32 px² of the padded boxes.
        crops: one for each.
    """

    boxes: Float32Array
    scores: Float32Array
    areas: Float32Array
    crops: tuple[Crop, ...]

    @staticmethod
    def around(
        boxes: AnyArray, scores: AnyArray, size: tuple[int, int], padding: float = PADDING
    ) -> People:
        """Crops of (h, w) input pixels around (N, 4) boxes with (N,) scores, zoomed uniformly.

        Args:
            boxes: x1, y1, x2, y2 in image pixels.
            scores: of the boxes.
            size: of the input.
            padding: factor by which a box is enlarged once it has the input's shape.

        Raises:
            ValueError: the boxes or scores have another shape, or a box has no area.
        """
        return People._cut_by(Crop.around, boxes, scores, size, padding)

    @staticmethod
    def stretched(boxes: AnyArray, scores: AnyArray, size: tuple[int, int]) -> People:
        """The same with `Crop.stretched`, as Integral cuts people.

        Raises:
            ValueError: the boxes or scores have another shape, or a box has no area.
        """

        def stretch(center: AnyArray, scale: AnyArray, size: tuple[int, int]) -> Crop:
            return Crop.stretched(center, scale * SCALE_UNIT, size)

        return People._cut_by(stretch, boxes, scores, size, PADDING)

    @staticmethod
    def _cut_by(
        crop: Callable[[AnyArray, AnyArray, tuple[int, int]], Crop],
        boxes: AnyArray,
        scores: AnyArray,
        size: tuple[int, int],
        padding: float,
    ) -> People:
        boxes, scores = np.asarray(boxes, np.float32), np.asarray(scores, np.float32)
        if boxes.size == 0:
            boxes = boxes.reshape(0, 4)
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(f"boxes must have shape (N, 4), got {boxes.shape}")
        sides = boxes[:, 2:] - boxes[:, :2]
        wrong = ~(np.isfinite(boxes).all(axis=1) & (sides > 0).all(axis=1))
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(
                "boxes must be finite with x1 < x2 and y1 < y2, "
                f"row {row} is {boxes[row].tolist()}: leave it out"
            )
        if scores.shape != boxes.shape[:1]:
            raise ValueError(f"scores must have shape {boxes.shape[:1]}, got {scores.shape}")
        if not np.isfinite(scores).all():
            raise ValueError("scores must be finite numbers, got NaN or infinity")
        centers, scales = box_center_scale(boxes, size[1] / size[0], padding)
        areas = (scales * np.float32(SCALE_UNIT)).prod(axis=1)
        crops = tuple(crop(*row, size) for row in zip(centers, scales, strict=True))
        return People(boxes, scores, areas, crops)

    def __len__(self) -> int:
        return len(self.crops)

    def cut(self, image: UInt8Array) -> UInt8Array:
        """(H, W, 3) uint8 image -> (N, h, w, 3) uint8 inputs; there must be someone."""
        return np.stack([crop.cut(image) for crop in self.crops])

    def to_image(self, points: Float32Array) -> Float32Array:
        """Input pixels of each person's crop -> image pixels, where the points lie.

        Args:
            points: (N, 1, K, 2) float32.

        Returns:
            (1, N, K, 2) float32.
        """
        matrices = like(points, np.reshape([crop.inverse for crop in self.crops], (-1, 2, 3)))
        moved: Float32Array = kernels.transform_points(points, matrices)[None, :, 0]
        return moved

    def poses(
        self, keypoints: Float32Array, values: Float32Array, found: float = -math.inf
    ) -> PaddedPoses:
        """Poses (1, N, ...) in image pixels, in the boxes of the people.

        A pose's score is its box's times the mean of its keypoints'.

        Args:
            keypoints: (N, 1, K, 2) float32 input pixels of each person's crop.
            values: (N, 1, K) float32.
            found: keypoints with a value above count in the pose's score.
        """
        values = values[None, :, 0]
        scores = kernels.pose_scores(values, like(values, self.scores[None]), found=found)
        boxes = like(values, self.boxes[None])
        return PaddedPoses(self.to_image(keypoints), values, scores, boxes, None)


def box_center_scale(
    boxes: AnyArray, aspect: float, padding: float = PADDING
) -> tuple[Float32Array, Float32Array]:
    """Center and scale of person boxes, padded to the shape of the input and enlarged.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in image pixels.
        aspect: width over height of the input, such as 192 / 256.
        padding: factor by which the padded box is enlarged.

    Returns:
        (N, 2) float32 centers x, y in image pixels; (N, 2) float32 width and height in units of
        200 pixels.

    Source: `_xywh2cs` of COCODataset, github.com/microsoft/human-pose-estimation.pytorch.
    """
    corners = np.asarray(boxes, np.float64)
    sides = corners[:, 2:] - corners[:, :2]
    centers = corners[:, :2] + sides * 0.5
    width = np.maximum(sides[:, 0], sides[:, 1] * aspect)
    height = np.maximum(sides[:, 1], sides[:, 0] / aspect)
    scales = np.stack((width, height), axis=1) / SCALE_UNIT
    # rounded before it is enlarged, as published
    return centers.astype(np.float32), scales.astype(np.float32) * np.float32(padding)


def mpii_center_scale(centers: AnyArray, scales: AnyArray) -> tuple[Float32Array, Float32Array]:
    """Center and scale of people annotated as in MPII, for `Crop.around`.

    Args:
        centers: (N, 2) x, y, counted from 1 as in MPII's files.
        scales: (N,) height of the person in units of 200 pixels.

    Returns:
        (N, 2) float32 centers counted from 0, moved down to the middle of the person; (N, 2)
        float32 width and height in units of 200 pixels, enlarged.

    Source: `MPIIDataset` of github.com/microsoft/human-pose-estimation.pytorch.
    """
    moved = np.array(centers, np.float64)
    moved[:, 1] += MPII_CENTER_DOWN * np.asarray(scales, np.float64)
    sides = np.repeat(np.asarray(scales, np.float64)[:, None] * PADDING, 2, axis=1)
    return (moved - MPII_FIRST_PIXEL).astype(np.float32), sides.astype(np.float32)
