"""Affine maps as the published pose code builds them: from three pairs of points.

The points go through float32 and the matrix comes out of them in float64; warps that round to
fixed-point numbers show the difference, so nothing here is simplified.
"""

from __future__ import annotations

import math

import numpy as np

from .arrays import AnyArray, Float64Array


def affine_from_points(source: AnyArray, target: AnyArray) -> Float64Array:
    """The (2, 3) matrix that takes three points (3, 2) to three others.

    Raises:
        ValueError: the source points lie on a line.
    """
    points = np.concatenate((np.float64(source), np.ones((3, 1))), axis=1)
    try:
        return np.asarray(np.linalg.solve(points, np.float64(target)).T, np.float64)
    except np.linalg.LinAlgError:
        raise ValueError(f"three points that span a plane are needed, got {source}") from None


def zoom_affine(
    center: tuple[float, float],
    source_width: float,
    output_size: tuple[int, int],
    rotation_deg: float = 0.0,
) -> Float64Array:
    """The uniform zoom (and turn) that brings a centred box to the network's input.

    Args:
        center: x, y of the box in image pixels; comes to lie at (w / 2, h / 2) of the output.
        source_width: width of the box, image pixels; its height follows from the output's shape.
        output_size: (h, w) of the output, pixels.
        rotation_deg: turn of the box about its center, degrees.

    Returns:
        (2, 3) float64: image pixels -> output pixels.

    Source: `get_affine_transform` of github.com/microsoft/human-pose-estimation.pytorch, kept by
    HRNet, DEKR and LOGO-CAP.
    """
    height, width = output_size
    turn = math.pi * rotation_deg / 180
    up = source_width * -0.5
    source = np.zeros((3, 2), np.float32)
    source[0] = center
    source[1] = (center[0] - up * math.sin(turn), center[1] + up * math.cos(turn))
    target = np.zeros((3, 2), np.float32)
    target[0] = (width * 0.5, height * 0.5)
    target[1] = (width * 0.5, (height - width) * 0.5)
    for points in (source, target):
        x, y = points[0] - points[1]
        points[2] = points[1] + np.array((-y, x), np.float32)
    return affine_from_points(source, target)
