"""Heatmap-guided adaptive keypoint estimates (Ke Sun et al., 2020): bottom-up on HRNet.

Heatmaps come from three branches of adaptive convolutions; they are fed, with the features, to the
regression of offsets and centers. The higher variant adds heatmaps at stride 2. The branches of the
released code differ in dilation and share their weights. Those of the paper are all alike, so each
has weights of its own here: shared ones would make the three the same.

Source: Bottom-Up Human Pose Estimation by Ranking Heatmap-Guided Adaptive Keypoint Estimates,
arXiv:2006.15480; names and numbers of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation (MIT).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...structures import DecoderSpec, HeadSpec, ModelSpec, Skeleton
from ...structures.model_spec import Rules
from ..layers.adaptive_convolution import (
    MATRIX_CHANNELS,
    DeformableConv,
    affine_conv,
    regular_grid,
    zero_affine,
)
from ..layers.hrnet import (
    FLIP_SHIFT,
    HRNET_W32,
    HRNET_W48,
    STRIDE,
    HRNetConfig,
    HRNetTrunk,
    conv_norm,
    initialise,
    released_sizing,
)
from ..layers.resnet import IMAGENET_MEAN, IMAGENET_STD, BasicBlock
from ..model import Builder, Model, Shapes

DILATIONS = (1, 2, 3)  # of the heatmap branches
# Convolutions whose weights the branches share; each branch has its own biases and batch norms.
_SHARED = ("transform_matrix_conv1", "stn_conv1", "transform_matrix_conv2", "stn_conv2")
_BRANCHES = "multi_level_layers_4x_heatmap"


@dataclass(frozen=True, slots=True)
class HeatmapGuidedConfig:
    """One network; the defaults are the published W32."""

    backbone: HRNetConfig = HRNET_W32
    heat_channels: int = 32
    regression_channels: int = 256
    higher: bool = False  # with heatmaps at stride 2
    rules: Rules = "released"  # whose rules hold where the paper and the released code differ


class AdaptiveUnits(nn.Module):
    """Two adaptive representation transformation units of the paper, one after the other.

    The taps lie where the affine map places a grid of spacing 1; each map is estimated from the
    input of its own convolution.

    Args:
        cin: channels of the input.
        channels: of the output.
        dilation: of both convolutions; the paper has none.

    Source: section 3.1 and equation 3.
    """

    regular_matrix: Tensor

    def __init__(self, cin: int, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.register_buffer("regular_matrix", regular_grid())
        self.transform_matrix_conv1 = affine_conv(cin, MATRIX_CHANNELS)
        self.stn_conv1 = DeformableConv(cin, channels, dilation)
        self.bn1 = nn.BatchNorm2d(channels)
        self.transform_matrix_conv2 = affine_conv(channels, MATRIX_CHANNELS)
        self.stn_conv2 = DeformableConv(channels, channels, dilation)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, C, h, w)."""
        y = self.stn_conv1.adapted(x, self.transform_matrix_conv1(x), self.regular_matrix)
        y = F.relu(self.bn1(y))
        y = self.stn_conv2.adapted(y, self.transform_matrix_conv2(y), self.regular_matrix)
        return F.relu(self.bn2(y))


class AdaptiveBlock(AdaptiveUnits):
    """The same in the released code: a residual block.

    The taps lie on a grid spaced by the dilation, moved as the affine map moves one of spacing 1.
    Both maps are estimated from the block's input, which is added in the end.

    Args:
        channels: of the map.
        dilation: of both convolutions.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__(channels, channels, dilation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        y = self.stn_conv1.adapted(x, self.transform_matrix_conv1(x), self.regular_matrix)
        y = F.relu(self.bn1(y))
        y = self.stn_conv2.adapted(y, self.transform_matrix_conv2(x), self.regular_matrix)
        return F.relu(self.bn2(y) + x)


class HeatmapGuided(HRNetTrunk):
    """The whole network; parameters carry the published names, a shared one those of all branches.

    Args:
        config: widths and parts.
        keypoints: K of the skeleton, without the center.
    """

    def __init__(self, config: HeatmapGuidedConfig, keypoints: int) -> None:
        super().__init__(config.backbone)
        features, heat = config.backbone.features, config.heat_channels
        regression = config.regression_channels
        self.higher, self.released = config.higher, config.rules == "released"
        if self.released:
            self.transition_cls = conv_norm(features, heat, 1)
            self.transition_reg = conv_norm(features + keypoints, regression, 1)
        branches, shared = _adaptive_layers(config, keypoints)
        self.multi_level_layers_4x_heatmap = nn.ModuleList(map(nn.Sequential, branches))
        self.multi_level_layers_4x_regression = nn.ModuleList([nn.Sequential(shared)])
        self.final_layers = nn.ModuleList(
            [nn.Conv2d(heat, keypoints, 1), nn.Conv2d(regression, 2 * keypoints + 1, 1)]
        )
        if config.higher:
            cin = heat if self.released else features
            self.deconv_layers = nn.ModuleList([_doubling(cin + keypoints, heat)])
            self.final_layers.append(nn.Conv2d(heat, keypoints, 1))
        initialise(self)
        for module in self.modules():
            if isinstance(module, AdaptiveUnits):
                zero_affine(module.transform_matrix_conv1)
                zero_affine(module.transform_matrix_conv2)
        self._share_weights()

    def _share_weights(self) -> None:
        if not self.released:
            return
        first, *others = (branch[0] for branch in self._branches())
        for block in others:
            for name in _SHARED:
                block.get_submodule(name).weight = first.get_submodule(name).weight

    def _branches(self) -> list[nn.Sequential]:
        branches = list(self.multi_level_layers_4x_heatmap)
        return [branch for branch in branches if isinstance(branch, nn.Sequential)]

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load weights as any module does, if the copies of each shared weight are equal.

        Raises:
            ValueError: a shared weight has unequal copies: the network could keep only one.
            RuntimeError: tensors are missing, left over or misshapen.
        """
        if self.released:
            _refuse_unequal_copies(state_dict)
        result = super().load_state_dict(state_dict, strict, assign)
        self._share_weights()  # `assign` puts a tensor of its own into every branch
        return result

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Heads of normalised images.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            At stride 4: `heatmap` (B, K + 1, h, w), the center last; `offset` (B, 2K, h, w),
            position - keypoint in cells, x0, y0, x1, ... The heatmap is the mean of the branches;
            in the release their maximum where a higher network is evaluated. A higher network has
            `heatmap_2x` (B, K, 2h, 2w) too and, while the released one is trained,
            `heatmap_branches` (B, 3, K + 1, h, w), each of which that code trains by itself.
        """
        features = self.features(image)
        shared = self.transition_cls(features) if self.released else features
        heat, regression = self.final_layers[0], self.final_layers[1]
        branches = torch.stack([heat(branch(shared)) for branch in self._branches()], 1)
        mean = branches.mean(1)
        fused = torch.cat((features, mean), 1)
        fused = self.transition_reg(fused) if self.released else fused
        fields = regression(self.multi_level_layers_4x_regression[0](fused))
        offset, center = fields[:, :-1], fields[:, -1:]
        if not self.higher:
            return {"heatmap": torch.cat((mean, center), 1), "offset": offset}
        finer = self.final_layers[2](self.deconv_layers[0](torch.cat((shared, mean), 1)))
        keypoints = branches.amax(1) if self.released and not self.training else mean
        heads = {
            "heatmap": torch.cat((keypoints, center), 1),
            "offset": offset,
            "heatmap_2x": finer,
        }
        if self.released and self.training:
            centers = center[:, None].expand(-1, len(DILATIONS), -1, -1, -1)
            heads["heatmap_branches"] = torch.cat((branches, centers), 2)
        return heads


def _adaptive_layers(
    config: HeatmapGuidedConfig, keypoints: int
) -> tuple[list[AdaptiveUnits], AdaptiveUnits]:
    """Those of the three heatmap branches, and those of the regression."""
    heat, regression = config.heat_channels, config.regression_channels
    if config.rules == "released":
        return [AdaptiveBlock(heat, d) for d in DILATIONS], AdaptiveBlock(regression, 1)
    features = config.backbone.features
    branches = [AdaptiveUnits(features, heat) for _ in DILATIONS]
    return branches, AdaptiveUnits(features + keypoints, regression)


def _doubling(cin: int, channels: int) -> nn.Sequential:
    """Twice the resolution: transposed convolution, then one block."""
    up = nn.ConvTranspose2d(cin, channels, 4, 2, 1, bias=False)
    return nn.Sequential(
        nn.Sequential(up, nn.BatchNorm2d(channels), nn.ReLU()),
        nn.Sequential(BasicBlock(channels, channels)),
    )


def _refuse_unequal_copies(state_dict: Mapping[str, Any]) -> None:
    for name in _SHARED:
        keys = [f"{_BRANCHES}.{branch}.0.{name}.weight" for branch in range(len(DILATIONS))]
        copies = [state_dict[key] for key in keys if key in state_dict]
        if any(not copy.is_meta and not torch.equal(copy, copies[0]) for copy in copies[1:]):
            raise ValueError(
                f"the branches share one weight, {', '.join(keys)} must be equal but differ: "
                "the file is not that of a heatmap-guided network"
            )


def heatmap_guided_spec(
    name: str, config: HeatmapGuidedConfig, size: int, skeleton: Skeleton
) -> ModelSpec:
    """How to run a network of `config`; `size` is the short side of its input."""
    heads = (
        HeadSpec("heatmap", "heatmap", len(skeleton) + 1, STRIDE),
        HeadSpec("offset", "vector", 2 * len(skeleton), STRIDE, sign=-1),
    )
    finer = HeadSpec("heatmap_2x", "heatmap", len(skeleton), STRIDE // 2)
    return ModelSpec(
        family="heatmap-guided",
        name=name,
        skeleton=skeleton,
        sizing=released_sizing(size),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        heads=(*heads, finer) if config.higher else heads,
        cell_origin="corner",
        decoder=DecoderSpec("heatmap-guided"),
        rules=config.rules,
        pixel_range="unit",
        flip="inside",
        flip_shift=FLIP_SHIFT,
        flip_fill="zero",
    )


def build_heatmap_guided(
    name: str, config: HeatmapGuidedConfig, size: int, skeleton: Skeleton
) -> tuple[HeatmapGuided, ModelSpec]:
    """A network with fresh weights, ready to run, and how to run it."""
    network = HeatmapGuided(config, len(skeleton))
    return network.eval(), heatmap_guided_spec(name, config, size, skeleton)


def heatmap_guided_keypoints(shapes: Shapes) -> int | None:
    """K of a file of heatmap-guided weights, None for other files."""
    if f"{_BRANCHES}.0.0.stn_conv1.weight" not in shapes or "final_layers.0.weight" not in shapes:
        return None
    return shapes["final_layers.0.weight"][0]


HEATMAP_GUIDED_W32 = HeatmapGuidedConfig()
HEATMAP_GUIDED_W48 = HeatmapGuidedConfig(HRNET_W48, 48)
HIGHER_W48 = replace(HEATMAP_GUIDED_W48, higher=True)


def _model(name: str, config: HeatmapGuidedConfig, size: int) -> Model:
    builders: dict[Rules, Builder] = {
        "released": partial(build_heatmap_guided, name, config, size),
        "paper": partial(build_heatmap_guided, name, replace(config, rules="paper"), size),
    }
    return Model("heatmap-guided", builders, heatmap_guided_keypoints)


MODELS: dict[str, Model] = {
    "heatmap-guided-hrnet-w32": _model("heatmap-guided-hrnet-w32", HEATMAP_GUIDED_W32, 512),
    "heatmap-guided-hrnet-w48": _model("heatmap-guided-hrnet-w48", HEATMAP_GUIDED_W48, 640),
    "heatmap-guided-higher-hrnet-w48": _model("heatmap-guided-higher-hrnet-w48", HIGHER_W48, 640),
}
