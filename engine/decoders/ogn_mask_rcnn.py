"""OGN's Mask R-CNN: the maps of each person's RoI -> poses, by the loss that trained them.

Sources: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
Workshops 2019, section 3.2 and table 4; for maps without offsets He et al., "Mask R-CNN", ICCV
2017, and `heatmaps_to_keypoints` of github.com/facebookresearch/DetectAndTrack (Apache-2.0), the
network of the table's first row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ... import kernels
from ...kernels.transfer import to_host
from ...structures import ModelSpec, Session
from ...structures.arrays import AnyArray, BoolArray, Float32Array
from ..decoder_constants import decoder_constants
from ..heads import View
from ..padded_poses import PaddedPoses


@dataclass(frozen=True, slots=True)
class OgnMaskRcnnDecoding:
    """Constants of the decoding; the first three are the network's own, the spec says them.

    Attributes:
        radius: R, the unit of the offsets, in cells.
        score_loss: what the score maps were trained by. `smooth-l1`: disks of height 1, read as the
            maps of single people are. `softmax`: one cell, so they are probabilities over cells and
            nothing is to be smoothed.
        offset: whether there are offset maps. Without, softmax maps are enlarged to the RoI first.
        smoothing: standard deviation of the filter for disks, cells; see `OgnDecoding`.
    """

    radius: float
    score_loss: Literal["smooth-l1", "softmax"]
    offset: bool
    smoothing: float = 1.0

    def __post_init__(self) -> None:
        if self.score_loss not in ("smooth-l1", "softmax"):
            raise ValueError(
                f"score_loss must be 'smooth-l1' or 'softmax', got {self.score_loss!r}"
            )


class OgnMaskRcnnDecoder:
    """Keypoints of every RoI; a pose's score is its box's times its keypoints' mean.

    Nobody is suppressed: the network has suppressed its boxes. How many RoIs there are only the
    network knows, so they are read on the host and the poses stay there.

    Args:
        spec: the model's; its decoder options are fields of `OgnMaskRcnnDecoding`.
        companions: none are needed.

    Raises:
        ValueError: an unknown or missing option.
    """

    def __init__(self, spec: ModelSpec, companions: Mapping[str, Session]) -> None:
        self.constants = decoder_constants(OgnMaskRcnnDecoding, spec)
        self._name, self._keypoints = spec.name, len(spec.skeleton)

    def __call__(self, views: Sequence[View]) -> PaddedPoses:
        """Poses in image pixels, best score first, on the host.

        Args:
            views: one, with `boxes` and `rois` (B, N, 4), `box_scores` (B, N), `count` (B,),
                `heatmap` (B, N, K, h, w) and, if the network has it, `offset` (B, N, 2K, h, w).

        Raises:
            ValueError: the images were seen at several sizes.
        """
        if len(views) != 1:
            raise ValueError(f"{self._name} takes one size, got {len(views)}")
        names, transform = views[0].heads.keys(), views[0].transform
        heads = dict(zip(names, to_host(*views[0].heads.values()), strict=True))
        counts = heads.pop("count")
        there = np.arange(heads["rois"].shape[1]) < counts[:, None]
        found = {name: head[there] for name, head in heads.items()}
        places = np.zeros((len(found["rois"]), self._keypoints, 2), np.float32)
        values = places[..., 0]
        if len(places):
            places, values = self.read(found["heatmap"], found.get("offset"), found["rois"])
        scores = values.mean(axis=1) * found["box_scores"]
        corners = found["boxes"].reshape(-1, 2, 2)
        poses = PaddedPoses(
            _put_back(transform.to_image(places), there),
            _put_back(values, there),
            _put_back(scores, there),
            _put_back(transform.to_image(corners).reshape(-1, 4), there),
            counts,
        )
        return poses.selected(ranked=True)

    def read(
        self, heatmaps: Float32Array, offsets: Float32Array | None, rois: AnyArray
    ) -> tuple[Float32Array, Float32Array]:
        """Keypoints of people and how sure the maps are of them.

        Args:
            heatmaps: (N, K, h, w) as the network gives them.
            offsets: (N, 2K, h, w) in units of R, or None.
            rois: (N, 4) input pixels that the maps cover from edge to edge.

        Returns:
            (N, K, 2) input pixels and (N, K): the value of a map trained by smooth-l1, the
            probability of one trained by softmax.
        """
        constants = self.constants
        if constants.score_loss == "softmax":
            if offsets is None:
                return highest_of_enlarged(heatmaps, rois)
            heatmaps = kernels.cell_probabilities(heatmaps)
        smoothing = constants.smoothing if constants.score_loss == "smooth-l1" else 0.0
        cells, values = kernels.fuse_offsets(heatmaps, offsets, constants.radius, smoothing)
        return cells_to_boxes(cells, rois, heatmaps.shape[2:]), values


def _put_back(rows: AnyArray, there: BoolArray) -> Float32Array:
    """(B, N, ...) float32 with the rows where they are `there` (B, N), and 0 elsewhere."""
    padded = np.zeros((*there.shape, *rows.shape[1:]), np.float32)
    padded[there] = rows
    return padded


def highest_of_enlarged(logits: AnyArray, rois: AnyArray) -> tuple[Float32Array, Float32Array]:
    """The highest cell of each map at the size of its RoI, by bicubic interpolation.

    Args:
        logits: (N, K, h, w).
        rois: (N, 4) input pixels; maps get as many cells as the RoI has pixels, rounded up.

    Returns:
        (N, K, 2) input pixels and (N, K) probabilities by a softmax over the enlarged map.
    """
    import cv2

    places, values = [], []
    for maps, roi in zip(logits, rois, strict=True):
        width, height = (max(1, math.ceil(side)) for side in roi[2:] - roi[:2])
        resize = (cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in maps)
        enlarged = np.stack(list(resize))
        best = enlarged.reshape(len(maps), -1).argmax(axis=1)
        y, x = np.divmod(best, width)
        cells = np.stack((x, y), axis=1)[None]
        places.append(cells_to_boxes(cells, roi[None], (height, width))[0])
        values.append(kernels.cell_probabilities(enlarged).max(axis=(1, 2)))
    return np.stack(places), np.stack(values)


def cells_to_boxes(cells: AnyArray, boxes: AnyArray, map_size: tuple[int, int]) -> Float32Array:
    """Places on maps that were pooled from boxes -> places in the boxes' own coordinates.

    Args:
        cells: (N, K, 2) x, y; the middle of cell 0 is 0.
        boxes: (N, 4) x1, y1, x2, y2 that the maps cover from edge to edge.
        map_size: (h, w).

    Returns:
        (N, K, 2) float32.
    """
    size = np.array(map_size[::-1], np.float64)
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    return np.asarray(low + (cells + 0.5) / size * (high - low), np.float32)
