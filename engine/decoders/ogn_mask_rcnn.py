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
from ...structures import ModelSpec, Poses, Session
from ...structures.arrays import AnyArray, Float32Array
from ..decoder_constants import decoder_constants
from ..heads import View


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

    Nobody is suppressed: the network has suppressed its boxes.

    Args:
        spec: the model's; its decoder options are fields of `OgnMaskRcnnDecoding`.
        companions: none are needed.

    Raises:
        ValueError: an unknown or missing option.
    """

    def __init__(self, spec: ModelSpec, companions: Mapping[str, Session]) -> None:
        self.constants = decoder_constants(OgnMaskRcnnDecoding, spec)
        self._name, self._keypoints = spec.name, len(spec.skeleton)

    def __call__(self, views: Sequence[View]) -> Poses:
        """Poses of one image in its pixels, best score first.

        Args:
            views: one, with `boxes` and `rois` (1, N, 4), `box_scores` (1, N), `count` (1,),
                `heatmap` (1, N, K, h, w) and, if the network has it, `offset` (1, N, 2K, h, w).

        Raises:
            ValueError: the image was seen at several sizes.
        """
        if len(views) != 1:
            raise ValueError(f"{self._name} takes one size, got {len(views)}")
        names, transform = views[0].heads.keys(), views[0].transform
        # how many RoIs there are only the network knows, so the rest needs no GPU
        heads = dict(zip(names, to_host(*views[0].heads.values()), strict=True))
        count = int(heads["count"][0])
        if count == 0:
            return Poses.empty(self._keypoints)
        found = {
            name: np.ascontiguousarray(head[0, :count])
            for name, head in heads.items()
            if name != "count"
        }
        places, values = self.read(found["heatmap"], found.get("offset"), found["rois"])
        scores = np.asarray(values.mean(axis=1) * found["box_scores"], np.float32)
        boxes = transform.to_image(found["boxes"].reshape(count, 2, 2)).reshape(count, 4)
        poses = Poses(transform.to_image(places), values, scores, boxes)
        return poses[np.argsort(-scores, kind="stable")]

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
