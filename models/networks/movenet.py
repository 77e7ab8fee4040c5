"""MoveNet (Google, 2021): MobileNetV2, a feature pyramid down to stride 4, small heads.

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
from ..model import Model, Shapes, Weights
from ..weights.placing import load_weights

STRIDE = 4
NUM_KEYPOINTS = len(COCO_17)
# x * 0.00784302 - 1 in the published graph, for RGB 0..255.
PIXEL_STD = 1 / 0.00784302
PIXEL_MEAN = PIXEL_STD
# MobileNetV2, width 1.0: (blocks, stride of the first) of every group; expansion is 6.
GROUPS = ((1, 1), (2, 2), (3, 2), (4, 2), (3, 1), (3, 2), (1, 1))
EXPANSION = 6
PYRAMID_CHANNELS = {32: 64, 16: 32, 8: 24, 4: 24}
HIDDEN_CHANNELS = 96


@dataclass(frozen=True, slots=True)
class MoveNetConfig:
    """Widths of one published network."""

    name: str
    stem: int  # channels after the first convolution
    groups: tuple[int, ...]  # channels of the seven block groups
    boxes: bool  # has the two box heads (several people)


MULTIPOSE = MoveNetConfig("movenet-multipose", 48, (24, 40, 48, 96, 144, 240, 480), boxes=True)
THUNDER = MoveNetConfig("movenet-thunder", 56, (32, 40, 56, 112, 168, 280, 560), boxes=False)


class SamePadConv(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding: at stride 2 the extra row is bottom and right."""

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(cin, cout, kernel, stride, padding, groups=groups, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, cout, h / stride, w / stride)."""
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.stride[0] == 2 else x)


class InvertedResidual(nn.Module):
    """MobileNetV2's block: widen, filter each channel, narrow; added to its input if it fits."""

    def __init__(self, cin: int, cout: int, stride: int, expansion: int) -> None:
        super().__init__()
        mid = cin * expansion
        if expansion > 1:
            self.expand = SamePadConv(cin, mid, 1)
        self.depthwise = SamePadConv(mid, mid, 3, stride=stride, groups=mid)
        self.project = SamePadConv(mid, cout, 1)
        self.adds_input = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, cout, h / stride, w / stride)."""
        y = F.relu6(self.expand(x)) if hasattr(self, "expand") else x
        y = self.project(F.relu6(self.depthwise(y)))
        result: Tensor = x + y if self.adds_input else y
        return result


class Backbone(nn.Module):
    """MobileNetV2 with the four maps that the pyramid takes."""

    def __init__(self, config: MoveNetConfig) -> None:
        super().__init__()
        self.stem = SamePadConv(3, config.stem, 3, stride=2)
        channels, stride, index = config.stem, 2, 0
        self.taps: dict[int, int] = {}  # stride -> last block at that stride
        self.tap_channels: dict[int, int] = {}
        for width, (count, first_stride) in zip(config.groups, GROUPS, strict=True):
            for i in range(count):
                step = first_stride if i == 0 else 1
                block = InvertedResidual(channels, width, step, EXPANSION if index else 1)
                self.add_module(f"block{index}", block)
                channels, stride = width, stride * step
                # stride 16 is tapped before the channels grow from 96 to 144 (block 9)
                if stride != 16 or width == config.groups[3]:
                    self.taps[stride], self.tap_channels[stride] = index, width
                index += 1
        self.blocks = index
        self.last = SamePadConv(channels, 1280, 1)
        self.tap_channels[32] = 1280

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        """(B, 3, h, w) normalised -> {stride: map} for strides 4, 8, 16, 32."""
        x = F.relu6(self.stem(x))
        maps = {}
        for index in range(self.blocks):
            x = self.get_submodule(f"block{index}")(x)
            for stride in (4, 8, 16):
                if self.taps[stride] == index:
                    maps[stride] = x
        maps[32] = F.relu6(self.last(x))
        return maps


class Fuse(nn.Module):
    """Depthwise 3x3 and pointwise 1x1, then ReLU."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.depthwise = SamePadConv(cin, cin, 3, groups=cin, bias=False)
        self.pointwise = SamePadConv(cin, cout, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, cout, h, w)."""
        return F.relu(self.pointwise(self.depthwise(x)))


class Pyramid(nn.Module):
    """From stride 32 back to stride 4, adding the backbone's map at each step."""

    def __init__(self, tap_channels: dict[int, int]) -> None:
        super().__init__()
        self.lateral32 = SamePadConv(tap_channels[32], PYRAMID_CHANNELS[32], 1)
        above = PYRAMID_CHANNELS[32]
        for stride in (16, 8, 4):
            self.add_module(f"lateral{stride}", SamePadConv(tap_channels[stride], above, 1))
            self.add_module(f"fuse{stride}", Fuse(above, PYRAMID_CHANNELS[stride]))
            above = PYRAMID_CHANNELS[stride]

    def forward(self, maps: dict[int, Tensor]) -> Tensor:
        """{stride: map} -> (B, 24, h / 4, w / 4)."""
        x: Tensor = self.lateral32(maps[32])
        for stride in (16, 8, 4):
            up = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            lateral = self.get_submodule(f"lateral{stride}")(maps[stride])
            x = self.get_submodule(f"fuse{stride}")(up + lateral)
        return x


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


class MoveNet(nn.Module):
    """The whole network.

    Its parameters carry the published names and x-first pairs: whoever loads published weights,
    whose pairs are y first, goes through `load_movenet`.
    """

    def __init__(self, config: MoveNetConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config)
        self.fpn = Pyramid(self.backbone.tap_channels)
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
        x = self.fpn(self.backbone(image))
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


def load_movenet(config: MoveNetConfig, weights: Weights) -> MoveNet:
    """A network with published weights, every tensor of which must find its place.

    Args:
        config: `MULTIPOSE` or `THUNDER`.
        weights: published name -> tensor, pairs y first; turned x first here, once.

    Raises:
        ValueError: names or shapes differ from the network's; all differences are listed.
    """
    network = MoveNet(config)
    load_weights(network, x_first(weights), config.name)
    return network.eval()


def x_first(weights: Weights) -> Weights:
    """Published weights, whose pairs are y first, as the network takes them."""
    return {name: _x_first(name, tensor) for name, tensor in weights.items()}


def _x_first(name: str, tensor: Tensor) -> Tensor:
    parts = name.split(".")
    if parts[0] != "head" or len(parts) != 4 or parts[1] not in PAIR_HEADS or parts[2] != "out":
        return tensor
    if tensor.ndim == 0 or tensor.shape[0] % 2:
        return tensor  # of another network: refused when placed
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


MOVENET_MODELS: dict[str, Model] = {
    "movenet-multipose": Model("movenet", build_movenet_multipose, _keypoints, convert=x_first),
}
