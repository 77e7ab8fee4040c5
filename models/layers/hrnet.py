"""HRNet (Sun et al., CVPR 2019): four resolutions in parallel, fused after every module.

The backbone of LOGO-CAP, the heatmap-guided networks and DEKR. Parameters carry the published
names, so that published files and ImageNet weights load as they are.

Source: Deep High-Resolution Representation Learning, arXiv:1908.07919;
github.com/HRNet/DEKR (MIT).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...structures import InputSizing
from ...structures.geometry import HRNET_MULTIPLE
from .resnet import BasicBlock, Bottleneck

STEM_CHANNELS = 64
BOTTLENECKS = 4  # in layer1
# Standard deviation of fresh convolution weights in the released code.
INITIAL_STD = 0.001
STRIDE = 4
# Pixels that DEKR and the heatmap-guided networks move a flipped image to the left: the cells of
# its heads, flipped back, then lie on those of the image.
FLIP_SHIFT = STRIDE - 1


@dataclass(frozen=True, slots=True)
class HRNetConfig:
    """Widths and depths of one HRNet."""

    stages: tuple[tuple[int, ...], ...]  # channels of every branch, of stages 2, 3, 4
    modules: tuple[int, ...] = (1, 4, 3)  # in each of those stages
    blocks: int = 4  # in every branch of a module

    @staticmethod
    def of_width(width: int) -> HRNetConfig:
        """The published network of a width: the k-th branch has `width * 2**k` channels."""
        return HRNetConfig(tuple(tuple(width << k for k in range(n)) for n in (2, 3, 4)))

    @property
    def features(self) -> int:
        """Channels of the concatenated output; 15 times the width of a published network."""
        return sum(self.stages[-1])


HRNET_W32 = HRNetConfig.of_width(32)
HRNET_W48 = HRNetConfig.of_width(48)


def released_sizing(size: int) -> InputSizing:
    """How the released bottom-up networks on HRNet take images; `size` is the short side."""
    return InputSizing(size=size, multiple_of=HRNET_MULTIPLE, convention="hrnet-affine")


def conv_norm(
    cin: int, cout: int, kernel: int, *, stride: int = 1, relu: bool = True
) -> nn.Sequential:
    """Convolution (`0`, no bias), batch norm (`1`) and ReLU if wanted."""
    conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(cout), *([nn.ReLU()] if relu else []))


class ExchangeModule(nn.Module):
    """Blocks on every branch, then every branch becomes the sum of all, resized to it."""

    def __init__(self, channels: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(c, c) for _ in range(blocks))) for c in channels
        )
        self.fuse_layers = nn.ModuleList(
            nn.ModuleDict(
                {str(j): _resize_path(channels, j, i) for j in range(len(channels)) if j != i}
            )
            for i in range(len(channels))
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """One map per branch in, one per branch out, of the same shapes."""
        maps = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        return [F.relu(self._fused(maps, i)) for i in range(len(maps))]

    def _fused(self, maps: list[Tensor], i: int) -> Tensor:
        paths = self.fuse_layers[i]
        assert isinstance(paths, nn.ModuleDict)
        terms = [x if j == i else paths[str(j)](x) for j, x in enumerate(maps)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


def _resize_path(channels: Sequence[int], source: int, target: int) -> nn.Sequential:
    """From one branch's resolution and channels to another's."""
    if source > target:
        path = conv_norm(channels[source], channels[target], 1, relu=False)
        path.append(nn.Upsample(scale_factor=float(2 ** (source - target)), mode="nearest"))
        return path
    steps = target - source
    down = [conv_norm(channels[source], channels[source], 3, stride=2) for _ in range(steps - 1)]
    down.append(conv_norm(channels[source], channels[target], 3, stride=2, relu=False))
    return nn.Sequential(*down)


def _transition(old: Sequence[int], new: Sequence[int]) -> nn.ModuleDict:
    """Keyed by branch: what changes the channels of old branches and starts the new one."""
    paths: dict[str, nn.Module] = {
        str(i): conv_norm(a, b, 3) for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b
    }
    paths[str(len(old))] = nn.Sequential(conv_norm(old[-1], new[-1], 3, stride=2))
    return nn.ModuleDict(paths)


class HRNetTrunk(nn.Module):
    """Stem to stage 4; a base for networks whose published parameters have no prefix.

    Args:
        config: `HRNET_W32`, `HRNET_W48` or other widths.
    """

    def __init__(self, config: HRNetConfig) -> None:
        super().__init__()
        width = STEM_CHANNELS
        self.conv1 = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        wide = width * Bottleneck.expansion
        self.layer1 = nn.Sequential(
            *(Bottleneck(wide if i else width, width) for i in range(BOTTLENECKS))
        )
        old: Sequence[int] = (wide,)
        for stage, (channels, modules) in enumerate(
            zip(config.stages, config.modules, strict=True), start=2
        ):
            self.add_module(f"transition{stage - 1}", _transition(old, channels))
            exchanges = (ExchangeModule(channels, config.blocks) for _ in range(modules))
            self.add_module(f"stage{stage}", nn.ModuleList(exchanges))
            old = channels
        self.last_stage = len(config.stages) + 1

    def stage_outputs(self, image: Tensor) -> list[Tensor]:
        """What the last stage gives.

        Args:
            image: (B, 3, H, W) normalised RGB; H and W multiples of 32.

        Returns:
            The map of every branch, (B, C, H / 4, W / 4), (B, 2C, H / 8, W / 8), ...
        """
        x = F.relu(self.bn1(self.conv1(image)))
        x = F.relu(self.bn2(self.conv2(x)))
        maps = [self.layer1(x)]
        for stage in range(2, self.last_stage + 1):
            transition = self.get_submodule(f"transition{stage - 1}")
            exchanges = self.get_submodule(f"stage{stage}")
            assert isinstance(transition, nn.ModuleDict)
            assert isinstance(exchanges, nn.ModuleList)
            maps = self._advance(transition, maps)
            for exchange in exchanges:
                maps = exchange(maps)
        return maps

    def _advance(self, transition: nn.ModuleDict, maps: list[Tensor]) -> list[Tensor]:
        sources = [*maps, maps[-1]]  # a new branch starts from the lowest resolution
        return [transition[str(i)](x) if str(i) in transition else x for i, x in enumerate(sources)]

    def features(self, image: Tensor) -> Tensor:
        """All branches at the resolution of the first, concatenated.

        Args:
            image: (B, 3, H, W) normalised RGB; H and W multiples of 32.

        Returns:
            (B, C, H / 4, W / 4); C is `HRNetConfig.features`.
        """
        maps = self.stage_outputs(image)
        resized = [
            F.interpolate(x, scale_factor=float(2**i), mode="bilinear", align_corners=False)
            for i, x in enumerate(maps)
            if i
        ]
        return torch.cat([maps[0], *resized], 1)


class HRNet(HRNetTrunk):
    """The backbone as a network of its own."""

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> the concatenated features, see `features`."""
        return self.features(image)


def initialise(network: nn.Module) -> None:
    """Set fresh weights as the released code: convolutions N(0, 0.001), biases 0, norms 1 and 0."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, std=INITIAL_STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d) and module.affine:
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def initialise_from_imagenet(trunk: HRNetTrunk, weights: dict[str, Tensor]) -> None:
    """Copy what an ImageNet classifier and the trunk have in common; its head is left out.

    Args:
        trunk: an HRNet, or a network made from one.
        weights: of a published classifier: `conv1.weight`, `stage4...`, `classifier.weight`.

    Raises:
        ValueError: a tensor has another shape, or those of the stem are not there.
    """
    own = trunk.state_dict()
    common = {name: tensor for name, tensor in weights.items() if name in own}
    misshapen = [n for n, tensor in common.items() if tensor.shape != own[n].shape]
    if misshapen or not {"conv1.weight", "layer1.0.conv1.weight"} <= common.keys():
        raise ValueError(
            f"the weights must be those of an HRNet of the same width, got other shapes of "
            f"{misshapen or 'none'} and {len(common)} names in common"
        )
    trunk.load_state_dict(common, strict=False)
