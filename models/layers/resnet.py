"""ResNet (2015): the backbone of the networks for single people and of Mask R-CNN.

Parameters carry torchvision's names, so files of ImageNet weights and published pose networks
load as they are.

Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch.nn.functional as F
from torch import Tensor, nn

# Where a bottleneck that halves the map does so: its 3x3 convolution, as in torchvision, or its
# first 1x1, as in the paper and the networks trained with Caffe.
Style: TypeAlias = Literal["pytorch", "caffe"]

# depth -> residual blocks in each of the four groups (table 1 of the paper)
BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
STEM_CHANNELS = 64
# Input pixels per cell of the last group's map.
BACKBONE_STRIDE = 32
# Of ImageNet's RGB 0..255, on which all backbones here were trained first.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
# channels inside the blocks of each group
WIDTHS = (64, 128, 256, 512)
# from this depth on the blocks are bottlenecks
FIRST_BOTTLENECK_DEPTH = 50


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, added to their input."""

    expansion = 1

    def __init__(self, cin: int, width: int, stride: int = 1, style: Style = "pytorch") -> None:
        super().__init__()
        if style == "caffe":
            raise ValueError("style must be 'pytorch' below depth 50: there are no bottlenecks")
        self.conv1 = nn.Conv2d(cin, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(cin, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, width, h / stride, w / stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.downsample(x))


class Bottleneck(nn.Module):
    """Narrow by 1x1, filter by 3x3, widen by 1x1; added to their input."""

    expansion = 4

    def __init__(self, cin: int, width: int, stride: int = 1, style: Style = "pytorch") -> None:
        super().__init__()
        cout = width * self.expansion
        first, second = (stride, 1) if style == "caffe" else (1, stride)
        self.conv1 = nn.Conv2d(cin, width, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, second, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, cout, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(cout)
        self.downsample = _shortcut(cin, cout, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, 4 * width, h / stride, w / stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + self.downsample(x))


class ResNetLayers(nn.Module):
    """Stem and groups of residual blocks, for networks that add their own heads.

    Args:
        depth: 18, 34, 50, 101 or 152.
        style: where a bottleneck halves the map.
        groups: how many of the four groups to build.

    Attributes:
        channels: of the map after each group.

    Raises:
        ValueError: another depth, or the caffe style where there are no bottlenecks.
    """

    def __init__(self, depth: int, *, style: Style = "pytorch", groups: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, STEM_CHANNELS, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM_CHANNELS)
        self.channels = group_channels(depth)[:groups]
        cin = STEM_CHANNELS
        for index, cout in enumerate(self.channels):
            self.add_module(f"layer{index + 1}", residual_group(depth, index, cin, style=style))
            cin = cout
        _initialise(self)

    def maps(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised -> C2, C3, ...: (B, C, h, w) at strides 4, 8, 16, 32."""
        x = F.relu(self.bn1(self.conv1(image)))
        x = F.max_pool2d(x, 3, 2, padding=1)
        maps = []
        for index in range(len(self.channels)):
            x = self.get_submodule(f"layer{index + 1}")(x)
            maps.append(x)
        return maps


class ResNet(ResNetLayers):
    """The backbone alone: image -> the maps of its groups; arguments as of `ResNetLayers`."""

    def forward(self, image: Tensor) -> list[Tensor]:
        """See `maps`."""
        return self.maps(image)


def group_channels(depth: int) -> tuple[int, ...]:
    """Channels of the map after each of the four groups.

    Raises:
        ValueError: no ResNet has this depth.
    """
    if depth not in BLOCKS:
        raise ValueError(f"depth must be one of {', '.join(map(str, BLOCKS))}, got {depth}")
    return tuple(width * _block(depth).expansion for width in WIDTHS)


def residual_group(depth: int, index: int, cin: int, *, style: Style = "pytorch") -> nn.Sequential:
    """The residual blocks of one group: `layer1` has index 0 and keeps the size, others halve it.

    Args:
        depth: of the whole network.
        index: 0 to 3.
        cin: channels of its input.
        style: where a bottleneck halves the map.
    """
    block, width = _block(depth), WIDTHS[index]
    blocks = []
    for i in range(BLOCKS[depth][index]):
        stride = 2 if i == 0 and index > 0 else 1
        blocks.append(block(cin, width, stride, style))
        cin = width * block.expansion
    return nn.Sequential(*blocks)


def _block(depth: int) -> type[BasicBlock] | type[Bottleneck]:
    return Bottleneck if depth >= FIRST_BOTTLENECK_DEPTH else BasicBlock


def _shortcut(cin: int, cout: int, stride: int) -> nn.Module:
    """The input itself, or projected by 1x1 where size or channels change."""
    if stride == 1 and cin == cout:
        return nn.Identity()
    convolution = nn.Conv2d(cin, cout, 1, stride, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(cout))


def _initialise(network: nn.Module) -> None:
    """Convolutions as in He et al. 2015; a batch norm starts as 1 and 0 by itself."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
