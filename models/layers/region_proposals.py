"""Region proposal network: boxes that may hold a person, from every level of a feature pyramid.

Sources: Ren et al., "Faster R-CNN", NeurIPS 2015; Lin et al., "Feature Pyramid Networks for
Object Detection", CVPR 2017, section 4.1; numbers of
configs/video/2d_best/01_R101_best_hungarian.yaml of github.com/facebookresearch/DetectAndTrack
and of the Detectron it builds on (Apache-2.0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .boxes import DeltaWeights, apply_deltas, best_rows, clip_boxes, greedy_nms, is_box
from .feature_pyramid import CHANNELS, STRIDES

# Anchors: one size a level, three ratios (height / width).
ANCHOR_SIDES = (32, 64, 128, 256, 512)
ANCHOR_RATIOS = (0.5, 1.0, 2.0)
# The deltas of anchors are used as they are.
ANCHOR_WEIGHTS: DeltaWeights = (1.0, 1.0, 1.0, 1.0)
INITIAL_STD = 0.01


@dataclass(frozen=True, slots=True)
class ProposalConfig:
    """How many boxes are kept when the network runs; training keeps 2000 of a level."""

    channels: int = CHANNELS
    candidates: int | None = 1000  # best anchors of a level, before suppression; None: all
    max_iou: float | None = 0.7  # of two proposals from one level; None: nothing is suppressed
    proposals: int | None = 1000  # of an image, all levels together; None: all


# What OGN's greedy box generation asks for (section 3.1.1): "no filtering strategies including NMS
# are used in both RPN and R-CNN phase". That is a box for every anchor.
ALL_BOXES = ProposalConfig(candidates=None, max_iou=None, proposals=None)


class LevelAnchors(NamedTuple):
    """Predictions for the A = 3 h w anchors of one level, in the order of `anchor_boxes`."""

    objectness: Tensor  # (B, A) logits
    deltas: Tensor  # (B, A, 4) from the anchor to the box
    anchors: Tensor  # (A, 4) input pixels


class RegionProposals(nn.Module):
    """Objectness and deltas of every anchor, and the best boxes among them."""

    def __init__(self, config: ProposalConfig) -> None:
        super().__init__()
        self.config = config
        count = len(ANCHOR_RATIOS)
        self.shared = nn.Conv2d(config.channels, config.channels, 3, padding=1)
        self.objectness = nn.Conv2d(config.channels, count, 1)
        self.deltas = nn.Conv2d(config.channels, count * 4, 1)
        for convolution in (self.shared, self.objectness, self.deltas):
            nn.init.normal_(convolution.weight, std=INITIAL_STD)
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)

    def forward(
        self, pyramid: Sequence[Tensor], image_size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Proposals of each image, best first.

        Args:
            pyramid: P2..P6, (B, channels, h, w) each.
            image_size: (H, W) of the network's input, at whose borders boxes are cut.

        Returns:
            (B, P, 4) boxes in input pixels without gradient, zero rows at the end, and
            (B, P) objectness in [0, 1], 0 where there is no box. P is the number of `proposals`,
            or that of all anchors.
        """
        return self.propose(self.predict(pyramid), image_size)

    def predict(self, pyramid: Sequence[Tensor]) -> list[LevelAnchors]:
        """Logits and deltas of all anchors, level by level: what training compares to the truth."""
        levels = []
        for features, stride, side in zip(pyramid, STRIDES, ANCHOR_SIDES, strict=True):
            hidden = F.relu(self.shared(features))
            anchors = anchor_boxes(features, stride, side)
            objectness = self.objectness(hidden).permute(0, 2, 3, 1).flatten(1)
            deltas = self.deltas(hidden).permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, 4))
            levels.append(LevelAnchors(objectness, deltas, anchors))
        return levels

    def propose(
        self, levels: Sequence[LevelAnchors], image_size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """The best boxes of all levels; suppression happens within each level. As `forward`."""
        found = [self._best_of_level(level, image_size) for level in levels]
        scores = torch.cat([scores for scores, _ in found], 1)
        boxes = torch.cat([boxes for _, boxes in found], 1)
        count = self.config.proposals or scores.shape[1]
        scores, boxes = best_rows(scores, count, boxes)
        # A row that was suppressed may fill up the end: it scores -inf.
        return boxes * (scores > -math.inf)[..., None], scores.sigmoid()

    def _best_of_level(
        self, level: LevelAnchors, image_size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """(B, candidates) logits, -inf where suppressed or empty, and (B, candidates, 4) boxes."""
        batch = level.objectness.shape[0]
        scores, deltas, anchors = best_rows(
            level.objectness.detach(),
            self.config.candidates or level.objectness.shape[1],
            level.deltas.detach(),
            level.anchors[None].expand(batch, -1, -1),
        )
        boxes = clip_boxes(apply_deltas(anchors, deltas, ANCHOR_WEIGHTS), image_size)
        kept = is_box(boxes)
        if self.config.max_iou is not None:
            kept = greedy_nms(boxes, kept, self.config.max_iou)
        return scores.masked_fill(~kept, -math.inf), boxes


def anchor_boxes(features: Tensor, stride: int, side: int) -> Tensor:
    """The anchors of one level: boxes of `side`² px² in three ratios about every cell.

    Args:
        features: (B, C, h, w), of which the size and device count.
        stride: input pixels per cell; cell j lies at (j + 0.5) * stride - 0.5.
        side: of the square anchor, input pixels.

    Returns:
        (h * w * 3, 4): rows, columns, ratios, the last fastest.
    """
    height, width = features.shape[2:]
    shapes = [(side / math.sqrt(r), side * math.sqrt(r)) for r in ANCHOR_RATIOS]
    corners = [(-w / 2, -h / 2, w / 2, h / 2) for w, h in shapes]
    around = features.new_tensor(corners)
    y = (torch.arange(height, device=features.device) + 0.5) * stride - 0.5
    x = (torch.arange(width, device=features.device) + 0.5) * stride - 0.5
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    centers = torch.stack((columns, rows, columns, rows), -1)
    return (centers[:, :, None] + around).reshape(-1, 4)
