"""Heads of networks that look at a crowd, made up from Gaussians, for benchmarks of decoding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from posetrack.structures import COCO_17
from posetrack.structures.arrays import AnyArray, Float32Array

STRIDE = 4
MAP_SIZE = (128, 176)  # of a 704 x 512 input
SIZE = (MAP_SIZE[0] * STRIDE, MAP_SIZE[1] * STRIDE)
KEYPOINTS = 17
LOCAL_SIDE = 11  # points of LOGO-CAP's attraction maps along each axis
GLOBAL_SIDE = 97  # pixels of its global window
_REACH = np.arange(LOCAL_SIDE, dtype=np.float32) - LOCAL_SIDE // 2
# LOGO-CAP's meshes: wider for keypoints that are annotated less exactly
STEPS = np.asarray(COCO_17.sigma_array[:, None] / np.float32(0.025) * _REACH, np.float32)
# OGN's maps of a 384 x 512 crop, and Integral's volumes of a 256 x 256 one
OGN_SIZE, OGN_RADIUS = (64, 48), 2.0
VOLUME_SIZE = (64, 64, 64)


@dataclass(frozen=True)
class Crowd:
    """What a bottom-up network says about some people.

    Attributes:
        heatmap: (1, 18, 128, 176), the center last.
        offset: (1, 34, 128, 176) cells, position minus keypoint.
        embedding: (1, 64, 128, 176).
        poses: (N, 17, 2) regressed keypoints, input pixels: a few pixels beside the peaks.
        kernels: (N, 17, 11, 11) attraction maps.
    """

    heatmap: Float32Array
    offset: Float32Array
    embedding: Float32Array
    poses: Float32Array
    kernels: Float32Array


def gaussian() -> Float32Array:
    """(97, 97) weights of LOGO-CAP's global window."""
    squared = (np.arange(GLOBAL_SIDE) - GLOBAL_SIDE // 2) ** 2
    return np.exp(-(squared[:, None] + squared) / (2 * 16.0**2)).astype(np.float32)


def _raise_gaussian(heat: AnyArray, place: AnyArray, height: float, sigma: float) -> None:
    rows, columns = np.ogrid[: heat.shape[0], : heat.shape[1]]
    squared = (columns - place[0]) ** 2 + (rows - place[1]) ** 2
    np.maximum(heat, height * np.exp(-squared / (2 * sigma**2)), out=heat)


def crowd(people: int, seed: int = 0) -> Crowd:
    """So many people of 30 to 90 cells height, centers apart from each other."""
    rng = np.random.default_rng(seed)
    height, width = MAP_SIZE
    heatmap = rng.random((KEYPOINTS + 1, height, width)) * 0.02
    heatmap[-1] *= 0.3  # below what counts as a center
    offset = np.zeros((KEYPOINTS, 2, height, width))
    spots = rng.permutation(5 * 8)[:people]
    poses = np.empty((people, KEYPOINTS, 2))
    for i, spot in enumerate(spots):
        center = (np.array((spot % 8, spot // 8)) + rng.uniform(0.3, 0.7, 2)) * (22, 25)
        body = center + rng.normal(0, 1, (KEYPOINTS, 2)) * rng.uniform(6, 14, (1, 2))
        body = np.clip(body, 1, (width - 2, height - 2))
        cell = np.round(center).astype(int)
        for k, place in enumerate(body):
            _raise_gaussian(heatmap[k], place, rng.uniform(0.5, 0.95), 2.0)
        _raise_gaussian(heatmap[-1], center, rng.uniform(0.5, 0.95), 2.0)
        guess = body + rng.normal(0, 1, body.shape)
        down, across = (slice(max(c - 4, 0), c + 4) for c in (cell[1], cell[0]))
        rows, columns = np.mgrid[down, across]
        offset[:, 0, down, across] = columns - guess[:, :1, None]
        offset[:, 1, down, across] = rows - guess[:, 1:, None]
        poses[i] = guess * STRIDE
    reach = np.arange(LOCAL_SIDE) - LOCAL_SIDE // 2
    bump = np.exp(-(reach[:, None] ** 2 + reach**2) / 18)
    kernels = bump * rng.uniform(0.5, 1, (people, KEYPOINTS, 1, 1))
    kernels = kernels + rng.normal(0, 0.03, kernels.shape[:2] + bump.shape)
    embedding = rng.normal(0, 1, (1, 64, height, width))
    arrays = (heatmap[None], offset.reshape(1, -1, height, width), embedding, poses, kernels)
    return Crowd(*(array.astype(np.float32) for array in arrays))


def ogn_heads(people: int, seed: int = 0) -> tuple[Float32Array, Float32Array]:
    """(N, 17, 64, 48) heatmaps with disks, and (N, 34, 64, 48) offsets."""
    rng = np.random.default_rng(seed)
    height, width = OGN_SIZE
    heatmaps = rng.random((people, KEYPOINTS, height, width)) * 0.05
    rows, columns = np.ogrid[:height, :width]
    for heat in heatmaps.reshape(-1, height, width):
        x, y = rng.uniform(2, (width - 2, height - 2))
        heat += 0.8 * ((columns - x) ** 2 + (rows - y) ** 2 < OGN_RADIUS**2)
    offsets = rng.uniform(-1, 1, (people, 2 * KEYPOINTS, height, width))
    return heatmaps.astype(np.float32), offsets.astype(np.float32)


def volumes(people: int, seed: int = 0) -> Float32Array:
    """(N, 17, 64, 64, 64) logits, high around one place each."""
    rng = np.random.default_rng(seed)
    one = rng.normal(0, 1, (KEYPOINTS, *VOLUME_SIZE)).astype(np.float32)
    places = [np.arange(size) for size in VOLUME_SIZE]
    for volume in one:
        z, y, x = (
            np.exp(-((axis - rng.uniform(8, size - 8)) ** 2) / 18)
            for axis, size in zip(places, VOLUME_SIZE, strict=True)
        )
        volume += 12 * (z[:, None, None] * y[:, None] * x).astype(np.float32)
    return np.stack([np.roll(one, 3 * n, axis=3) for n in range(people)])
