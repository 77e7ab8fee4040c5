"""The two heads of OGN's Mask R-CNN: a proposal's box, a person's keypoint maps.

Sources: He et al., "Mask R-CNN", ICCV 2017; Zhang et al., "Exploiting Offset-guided
Network for Pose Estimation and Tracking" (OGN), CVPR Workshops 2019, section 3.2; numbers of
configs/video/2d_best/01_R101_best_hungarian.yaml of github.com/facebookresearch/DetectAndTrack
(Apache-2.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import torch.nn.functional as F
from torch import Tensor, nn

# ---- Detect-and-Track
BOX_GRID = (7, 7)
BOX_HIDDEN = 1024
KEYPOINT_CONVOLUTIONS = 8
KEYPOINT_HIDDEN = 512
SQUARE_GRID = (14, 14)  # of RoIs that are not extended to one ratio

# ---- OGN
PERSON_SHAPE = (352, 256)  # height, width
# The paper gives the ratio, not the grid. This grid has that ratio exactly: it is PERSON_SHAPE, an
# input of its network for single people, at stride 16, as the square grid of Mask R-CNN is 224
# pixels at stride 16.
PERSON_GRID = (22, 16)

# Nearly all targets of Smooth-L1 are 0: fresh maps are close to it, as in the network for single
# people.
OUTPUT_STD = 0.001

ScoreLoss: TypeAlias = Literal["smooth-l1", "softmax"]


@dataclass(frozen=True, slots=True)
class KeypointHeadConfig:
    """The keypoint head; the defaults are row c of the paper's table 4, its best."""

    score_loss: ScoreLoss = "smooth-l1"  # softmax: over the cells of a map, as in Mask R-CNN
    offset: bool = True  # has offset maps
    ratio_consistent: bool = True  # RoIs are extended to PERSON_SHAPE
    convolutions: int = KEYPOINT_CONVOLUTIONS
    hidden: int = KEYPOINT_HIDDEN

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) that RoIAlign gives; the maps have four times as many."""
        return PERSON_GRID if self.ratio_consistent else SQUARE_GRID


# The rows of the paper's ablation, table 4; the first is Detect-and-Track.
TABLE_4: dict[str, KeypointHeadConfig] = {
    "fair": KeypointHeadConfig("softmax", offset=False, ratio_consistent=False),
    "a": KeypointHeadConfig("softmax", ratio_consistent=False),
    "b": KeypointHeadConfig("softmax"),
    "c": KeypointHeadConfig(),
}


class BoxHead(nn.Module):
    """Two fully connected layers over a proposal's features: is it a person, and where exactly."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels * BOX_GRID[0] * BOX_GRID[1], hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.classes = nn.Linear(hidden, 2)
        self.deltas = nn.Linear(hidden, 4)
        for layer in (self.fc1, self.fc2):
            nn.init.kaiming_uniform_(layer.weight, a=1)
        nn.init.normal_(self.classes.weight, std=0.01)
        nn.init.normal_(self.deltas.weight, std=0.001)
        for layer in (self.fc1, self.fc2, self.classes, self.deltas):
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, C, 7, 7) -> logits (B, N, 2) of background and person, deltas (B, N, 4)."""
        x = F.relu(self.fc1(x.flatten(2)))
        x = F.relu(self.fc2(x))
        return self.classes(x), self.deltas(x)


class KeypointHead(nn.Module):
    """Convolutions, then for each kind of map one deconvolution and a bilinear doubling."""

    def __init__(self, channels: int, num_keypoints: int, config: KeypointHeadConfig) -> None:
        super().__init__()
        widths = [channels, *(config.hidden,) * config.convolutions]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(cin, cout, 3, padding=1) for cin, cout in pairwise(widths)
        )
        self.heatmap = nn.ConvTranspose2d(widths[-1], num_keypoints, 4, 2, padding=1)
        if config.offset:
            self.offset = nn.ConvTranspose2d(widths[-1], 2 * num_keypoints, 4, 2, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, std=OUTPUT_STD)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(M, C, r, c) -> `heatmap` (M, K, 4r, 4c) and, if any, `offset` (M, 2K, 4r, 4c)."""
        for convolution in self.convolutions:
            x = F.relu(convolution(x))
        heads = {"heatmap": self.heatmap(x)}
        if hasattr(self, "offset"):
            heads["offset"] = self.offset(x)
        return {
            name: F.interpolate(head, scale_factor=2.0, mode="bilinear", align_corners=False)
            for name, head in heads.items()
        }
