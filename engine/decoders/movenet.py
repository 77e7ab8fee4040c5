"""MoveNet MultiPose: centers, regressed keypoints, the best heatmap cell around each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ... import kernels
from ...structures import ModelSpec, Poses
from ...structures.arrays import AnyArray, Float32Array, Int32Array
from ...structures.person_scores import MOVENET_MULTIPOSE
from ...structures.skeleton import AREA_SHARE
from ..decoder_constants import decoder_constants
from ..heads import Heads

# The 3x3 cells around a keypoint's own, as steps in x and y.
_NEIGHBOURS = np.array([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)])


@dataclass(frozen=True, slots=True)
class MoveNetDecoding:
    """Constants of MoveNet MultiPose's decoding.

    Source: the post-processing inside the published graph, MoveNet.MultiPose.Lightning v1, which
    the rule `released` repeats. The rule `adaptive` is ours: the window follows the person's
    size where the published one is fixed, and a keypoint is the mean of what the 3x3 cells around
    its best cell say, weighted by the heatmap, where the published one asks that cell alone.
    """

    rule: Literal["adaptive", "released"] = "adaptive"
    peak_radius: int = 2  # cells; a center is the highest of 5x5
    peak_tolerance: float = 1e-6  # by which a neighbour may exceed it
    adaptive_spread: float = 0.05  # of the person's box area: the Gaussian's denominator
    adaptive_min_area: float = 9.0  # cells^2
    released_spread: float = 0.3  # of the map's shorter side, cells
    # keypoints at or below do not count in the pose's score
    found_score: float = MOVENET_MULTIPOSE.keypoint
    # the same person seen twice: of two poses more alike (OKS) than this only the better stays
    nms_oks: float = 0.7
    nms_area: float = AREA_SHARE  # of a box that its person covers; sets the scale of OKS


class MoveNetDecoder:
    """Peaks of the center map, their regressed keypoints, the best heatmap cell around each.

    Args:
        spec: the model's; its decoder options override fields of `MoveNetDecoding`.

    Raises:
        ValueError: an unknown option or rule.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.constants = decoder_constants(MoveNetDecoding, spec)
        if self.constants.rule not in ("adaptive", "released"):
            raise ValueError(f"rule must be 'adaptive' or 'released', got {self.constants.rule!r}")
        if spec.cell_origin != "corner":
            raise ValueError(f"cell_origin of a MoveNet must be 'corner', got {spec.cell_origin!r}")
        self.max_people = spec.max_people
        self.stride = spec.head("heatmap").stride

    def __call__(self, heads: Heads) -> list[Poses]:
        """Poses of each image, best score first.

        Args:
            heads: activated; `heatmap` (B, K + 1, h, w), `offset` and `local_offset`
                (B, 2K, h, w), `box_size` and `box_offset` (B, 2, h, w), lengths in cells.
        """
        heatmap, center = heads["heatmap"][:, :-1], heads["heatmap"][:, -1]
        constants = self.constants
        peaks, peak_scores, counts = kernels.center_nms_topk(
            center,
            self.max_people,
            radius=constants.peak_radius,
            tolerance=constants.peak_tolerance,
        )
        regressed = kernels.center_offset_decode(peaks, heads["offset"])
        boxes = _boxes(peaks, heads["box_size"], heads["box_offset"])
        find = self._find_adaptive if constants.rule == "adaptive" else self._find_released
        cells, values = find(heatmap, regressed, boxes)
        weights = _neighbour_weights(cells, heatmap) if constants.rule == "adaptive" else None
        keypoints = _positions(cells, regressed, heads["local_offset"], weights)
        scores = peak_scores * _mean_found(values, constants.found_score)
        order = np.argsort(-scores, axis=1, kind="stable")
        best = [rows[rows < count] for rows, count in zip(order, counts, strict=True)]
        stride = np.float32(self.stride)
        return [
            Poses(
                keypoints[b, rows] * stride,
                values[b, rows],
                scores[b, rows],
                boxes[b, rows] * stride,
            )
            for b, rows in enumerate(best)
        ]

    def _find_adaptive(
        self, heatmap: AnyArray, regressed: Float32Array, boxes: Float32Array
    ) -> tuple[Int32Array, Float32Array]:
        """(B, N, K) best cells and values in a window that grows with the person's box."""
        area = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
        area = np.maximum(area, np.float32(self.constants.adaptive_min_area))
        return kernels.gaussian_argmax(
            heatmap, regressed, area * np.float32(self.constants.adaptive_spread)
        )

    def _find_released(
        self, heatmap: AnyArray, regressed: Float32Array, boxes: Float32Array
    ) -> tuple[Int32Array, Float32Array]:
        """(B, N, K) best cells within the box; values over the windows of all poses."""
        height, width = heatmap.shape[2:]
        side = np.float32(self.constants.released_spread * min(height, width))
        spread = np.full(boxes.shape[:2], side)
        limits = np.clip(boxes, 0, [width, height, width, height]).astype(np.float32)
        cells, _ = kernels.gaussian_argmax(heatmap, regressed, spread, limits)
        return cells, _shared_values(cells, heatmap, regressed, spread, limits)


def _at(field: AnyArray, cells: Int32Array) -> AnyArray:
    """(B, C, h, w) at (B, N) cells -> (B, N, C); whatever cell -1 reads is not used."""
    flat = field.reshape(*field.shape[:2], -1)
    values = np.take_along_axis(flat, np.maximum(cells, 0)[:, None, :], axis=2)
    return np.asarray(values.transpose(0, 2, 1))


def _boxes(peaks: Int32Array, size: AnyArray, offset: AnyArray) -> Float32Array:
    """(B, N, 4) x1, y1, x2, y2 in cells; zeros where the peak is none."""
    position = np.stack(np.divmod(np.maximum(peaks, 0), size.shape[3])[::-1], axis=2)
    middle = position + _at(offset, peaks)
    half = np.maximum(_at(size, peaks), 0) / 2
    boxes = np.concatenate((middle - half, middle + half), axis=2).astype(np.float32)
    boxes[peaks < 0] = 0
    return boxes


def _neighbour_weights(cells: Int32Array, heatmap: AnyArray) -> Float32Array:
    """(B, N, K, 9) heatmap at the 3x3 cells around each cell; 0 outside the map."""
    height, width = heatmap.shape[2:]
    x = (cells % width)[..., None] + _NEIGHBOURS[:, 0]
    y = (cells // width)[..., None] + _NEIGHBOURS[:, 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    flat = heatmap.reshape(*heatmap.shape[:2], -1)
    image, keypoint = _image_and_keypoint(cells)
    values = flat[image, keypoint, np.where(inside, y * width + x, 0)]
    return np.where(inside, values, 0).astype(np.float32)


def _positions(
    cells: Int32Array,
    regressed: Float32Array,
    local: AnyArray,
    weights: Float32Array | None,
) -> Float32Array:
    """(B, N, K, 2) in cells: where a keypoint's cell, or its neighbours' mean, says that it is.

    A keypoint without a cell stays where it was regressed.
    """
    batch, _, count = cells.shape
    height, width = local.shape[2:]
    steps = np.zeros((1, 2), np.int64) if weights is None else _NEIGHBOURS
    x = np.clip((cells % width)[..., None] + steps[:, 0], 0, width - 1)
    y = np.clip((cells // width)[..., None] + steps[:, 1], 0, height - 1)
    flat = local.reshape(batch, count, 2, height * width)
    image, keypoint = _image_and_keypoint(cells)
    index = y * width + x
    offsets = np.stack([flat[:, :, axis][image, keypoint, index] for axis in (0, 1)], axis=-1)
    places = np.stack((x, y), axis=-1) + offsets
    if weights is None:
        place = places[..., 0, :]
    else:
        total = np.maximum(weights.sum(axis=-1), np.finfo(np.float32).tiny)
        place = np.einsum("bnkc,bnkcx->bnkx", weights, places) / total[..., None]
    return np.where((cells >= 0)[..., None], place, regressed).astype(np.float32)


def _image_and_keypoint(cells: Int32Array) -> tuple[AnyArray, AnyArray]:
    """Index arrays that broadcast against (B, N, K, neighbours)."""
    batch, _, count = cells.shape
    return np.arange(batch)[:, None, None, None], np.arange(count)[None, None, :, None]


def _mean_found(values: Float32Array, found_score: float) -> Float32Array:
    """(B, N): mean of the keypoint scores above `found_score`, 0 where there is none."""
    found = values > found_score
    total = np.where(found, values, 0).sum(axis=2)
    return np.asarray(total / np.maximum(found.sum(axis=2), 1), np.float32)


def _shared_values(
    cells: Int32Array,
    heatmap: AnyArray,
    regressed: Float32Array,
    spread: Float32Array,
    limits: Float32Array,
) -> Float32Array:
    """The published score: the largest window value at a keypoint's cell over *all* poses.

    A neighbour's window can lend its value; kept for parity with the published graph.
    """
    width = heatmap.shape[3]
    index = np.maximum(cells, 0)
    x, y = (index % width).astype(np.float32), (index // width).astype(np.float32)
    heat = np.take_along_axis(
        heatmap.reshape(*heatmap.shape[:2], -1), index.transpose(0, 2, 1), axis=2
    ).transpose(0, 2, 1)
    # axes: image, pose whose keypoint it is, pose whose window it is, keypoint
    windows = regressed[:, None]
    squared = (x[:, :, None] - windows[..., 0]) ** 2 + (y[:, :, None] - windows[..., 1]) ** 2
    x1, y1, x2, y2 = (limits[:, None, :, None, i] for i in range(4))
    inside = (x[:, :, None] >= x1) & (x[:, :, None] < x2)
    inside &= (y[:, :, None] >= y1) & (y[:, :, None] < y2)
    weight = np.where(inside, np.exp(-squared / spread[:, None, :, None]), 0).max(axis=2)
    return np.where(cells >= 0, heat * weight, 0).astype(np.float32)
