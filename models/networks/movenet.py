"""MoveNet (Google, 2021): MobileNetV2, a feature pyramid back to stride 4, small heads.

MultiPose finds several people bottom-up; SinglePose Thunder finds one person in a crop. Batch
norm is folded into weights and biases, so a convolution here has either a bias or nothing.

Source: the published graphs MoveNet.MultiPose.Lightning v1 and MoveNet.SinglePose.Thunder v4,
https://www.kaggle.com/models/google/movenet, Apache-2.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...structures import COCO_17, DecoderSpec, HeadSpec, InputSizing, ModelSpec, Skeleton
from ...structures.person_scores import MOVENET_MULTIPOSE
from ..layers.mobilenet import (
    MULTIPOSE_BACKBONE,
    PIXEL_MEAN,
    PIXEL_STD,
    PYRAMID_CHANNELS,
    THUNDER_BACKBONE,
    MobileNetConfig,
    MobileNetTrunk,
    SamePadConv,
)
from ..model import Model, Shapes, Weights

STRIDE = 4
NUM_KEYPOINTS = len(COCO_17)
HIDDEN_CHANNELS = 96


@dataclass(frozen=True, slots=True)
class MoveNetConfig:
    """One published network."""

    name: str
    backbone: MobileNetConfig
    boxes: bool  # has the two box heads (several people)


MULTIPOSE = MoveNetConfig("movenet-multipose", MULTIPOSE_BACKBONE, boxes=True)
THUNDER = MoveNetConfig("movenet-thunder", THUNDER_BACKBONE, boxes=False)


class Head(nn.Module):
    """One output map: depthwise 3x3, hidden 1x1 with ReLU, output 1x1."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.depthwise = SamePadConv(cin, cin, 3, groups=cin, bias=False)
        self.hidden = SamePadConv(cin, HIDDEN_CHANNELS, 1)
        self.out = SamePadConv(HIDDEN_CHANNELS, cout, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, cout, h, w)."""
        y: Tensor = self.out(F.relu(self.hidden(self.depthwise(x))))
        return y


class MoveNet(MobileNetTrunk):
    """The whole network.

    Its parameters carry the published names; in pairs x comes first. Published weights have y
    first: `x_first` turns them.
    """

    def __init__(self, config: MoveNetConfig) -> None:
        super().__init__(config.backbone)
        self.config = config
        channels = {
            "center": 1,
            "heatmap": NUM_KEYPOINTS,
            "regress": 2 * NUM_KEYPOINTS,
            "local": 2 * NUM_KEYPOINTS,
        }
        if config.boxes:
            channels |= {"box_scale": 2, "box_offset": 2}
        self.head = nn.ModuleDict({n: Head(PYRAMID_CHANNELS[4], c) for n, c in channels.items()})

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Heads of normalised images.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            At stride 4, lengths in cells: `heatmap` (B, 18, h, w) logits, the center last;
            `offset` (B, 34, h, w) from a center to its keypoints, x0, y0, x1, ...;
            `local_offset` (B, 34, h, w) within the neighbourhood of a keypoint's cell; and of
            several people `box_size` (B, 2, h, w) and `box_offset` (B, 2, h, w).
        """
        x = self.features(image)
        raw = {name: head(x) for name, head in self.head.items()}
        heads = {
            "heatmap": torch.cat((raw["heatmap"], raw["center"]), 1),
            "offset": raw["regress"],
            "local_offset": raw["local"],
        }
        if self.config.boxes:
            heads |= {"box_size": raw["box_scale"], "box_offset": raw["box_offset"]}
        return heads


PAIR_HEADS = ("regress", "local", "box_scale", "box_offset")


def x_first(weights: Weights) -> Weights:
    """Published weights, whose pairs are y first, as the network takes them."""
    return {name: _x_first(name, tensor) for name, tensor in weights.items()}


def _x_first(name: str, tensor: Tensor) -> Tensor:
    parts = name.split(".")
    if parts[0] != "head" or len(parts) != 4 or parts[1] not in PAIR_HEADS or parts[2] != "out":
        return tensor
    if tensor.ndim == 0 or tensor.shape[0] % 2:
        return tensor  # of another network: refused when it is loaded
    pairs = tensor.reshape(-1, 2, *tensor.shape[1:])
    return pairs.flip(1).reshape(tensor.shape)


def build_movenet_multipose(skeleton: Skeleton) -> tuple[MoveNet, ModelSpec]:
    """The several-people network with fresh weights, and how to run it.

    Raises:
        ValueError: the skeleton is not COCO's.
    """
    if skeleton != COCO_17:
        raise ValueError(f"MoveNet knows the keypoints of coco-17 only, got {skeleton.name}")
    spec = ModelSpec(
        family="movenet",
        name=MULTIPOSE.name,
        skeleton=COCO_17,
        sizing=InputSizing(size=256, multiple_of=32),
        mean=(PIXEL_MEAN,) * 3,
        std=(PIXEL_STD,) * 3,
        heads=(
            HeadSpec("heatmap", "heatmap", NUM_KEYPOINTS + 1, STRIDE, "sigmoid"),
            HeadSpec("offset", "vector", 2 * NUM_KEYPOINTS, STRIDE),
            HeadSpec("local_offset", "vector", 2 * NUM_KEYPOINTS, STRIDE),
            HeadSpec("box_size", "size", 2, STRIDE),
            HeadSpec("box_offset", "vector", 2, STRIDE),
        ),
        cell_origin="corner",
        decoder=DecoderSpec("movenet", {"rule": "adaptive"}),
        max_people=30,
        min_score=0.06,
        flip="around",
        person=MOVENET_MULTIPOSE,
        weights_licence="Apache-2.0",
        trained="by Google on COCO keypoints and an in-house set of active poses (2021)",
    )
    return MoveNet(MULTIPOSE).eval(), spec


def _keypoints(shapes: Shapes) -> int | None:
    """The hidden layer of the center's head is this family's alone."""
    if "head.center.hidden.weight" not in shapes:
        return None
    return shapes.get("head.heatmap.out.weight", (None,))[0]


MODELS: dict[str, Model] = {
    "movenet-multipose": Model(
        "movenet", {"released": build_movenet_multipose}, _keypoints, convert=x_first
    ),
}
