"""MoveNet's backbone: MobileNetV2, and a feature pyramid back to stride 4.

Batch norm is folded into weights and biases, so a convolution here has either a bias or nothing.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018; widths
and pyramid of the published graphs MoveNet.MultiPose.Lightning v1 and MoveNet.SinglePose.Thunder
v4, https://www.kaggle.com/models/google/movenet, Apache-2.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

# x * 0.00784302 - 1 in the published graph, for RGB 0..255.
PIXEL_STD = 1 / 0.00784302
PIXEL_MEAN = PIXEL_STD
# MobileNetV2, width 1.0: (blocks, stride of the first) of every group; expansion is 6.
GROUPS = ((1, 1), (2, 2), (3, 2), (4, 2), (3, 1), (3, 2), (1, 1))
EXPANSION = 6
PYRAMID_CHANNELS = {32: 64, 16: 32, 8: 24, 4: 24}


@dataclass(frozen=True, slots=True)
class MobileNetConfig:
    """Widths of one published backbone."""

    stem: int  # channels after the first convolution
    groups: tuple[int, ...]  # channels of the seven block groups


MULTIPOSE_BACKBONE = MobileNetConfig(48, (24, 40, 48, 96, 144, 240, 480))
THUNDER_BACKBONE = MobileNetConfig(56, (32, 40, 56, 112, 168, 280, 560))


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


class MobileNetV2(nn.Module):
    """The backbone, with the four maps that the pyramid takes."""

    def __init__(self, config: MobileNetConfig) -> None:
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


class MobileNetTrunk(nn.Module):
    """Backbone and pyramid; a base for networks whose published parameters have no prefix.

    Args:
        config: `MULTIPOSE_BACKBONE` or `THUNDER_BACKBONE`.
    """

    def __init__(self, config: MobileNetConfig) -> None:
        super().__init__()
        self.backbone = MobileNetV2(config)
        self.fpn = Pyramid(self.backbone.tap_channels)

    def features(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) normalised, H and W multiples of 32 -> (B, 24, H / 4, W / 4)."""
        features: Tensor = self.fpn(self.backbone(image))
        return features


class MobileNet(MobileNetTrunk):
    """The backbone and its pyramid as a network of its own."""

    def forward(self, image: Tensor) -> Tensor:
        """See `features`."""
        return self.features(image)
