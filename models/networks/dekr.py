"""DEKR (Geng et al., CVPR 2021): HRNet, and a branch of its own for the offset of each keypoint.

Source: Bottom-Up Human Pose Estimation Via Disentangled Keypoint Regression, arXiv:2104.02300;
names and numbers of github.com/HRNet/DEKR (MIT).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...structures import DecoderSpec, HeadSpec, ModelSpec, Skeleton
from ..layers.adaptive_convolution import (
    MATRIX_CHANNELS,
    TRANSLATION_CHANNELS,
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
from ..model import Model, Shapes, same_by_both_rules

ADAPTIVE_UNITS = 2  # per keypoint


@dataclass(frozen=True, slots=True)
class DekrConfig:
    """One network; the defaults are the published W32."""

    backbone: HRNetConfig = HRNET_W32
    heat_channels: int = 32
    keypoint_channels: int = 15  # of the branch of each keypoint


class AdaptiveUnit(nn.Module):
    """An adaptive convolution with translation, added to its input."""

    regular_matrix: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("regular_matrix", regular_grid())
        self.transform_matrix_conv = affine_conv(channels, MATRIX_CHANNELS)
        self.translation_conv = affine_conv(channels, TRANSLATION_CHANNELS)
        self.adapt_conv = DeformableConv(channels, channels)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        matrix, translation = self.transform_matrix_conv(x), self.translation_conv(x)
        y = self.adapt_conv.adapted(x, matrix, self.regular_matrix, translation)
        return F.relu(self.bn(y) + x)


class Dekr(HRNetTrunk):
    """The whole network; parameters carry the published names.

    Args:
        config: widths.
        keypoints: K of the skeleton, without the center.
    """

    def __init__(self, config: DekrConfig, keypoints: int) -> None:
        super().__init__(config.backbone)
        features, heat = config.backbone.features, config.heat_channels
        own = config.keypoint_channels
        self.transition_heatmap = conv_norm(features, heat, 1)
        self.transition_offset = conv_norm(features, keypoints * own, 1)
        self.head_heatmap = nn.ModuleList(
            [nn.Sequential(BasicBlock(heat, heat)), nn.Conv2d(heat, keypoints + 1, 1)]
        )
        self.offset_feature_layers = nn.ModuleList(
            nn.Sequential(*(AdaptiveUnit(own) for _ in range(ADAPTIVE_UNITS)))
            for _ in range(keypoints)
        )
        self.offset_final_layer = nn.ModuleList(nn.Conv2d(own, 2, 1) for _ in range(keypoints))
        initialise(self)
        for module in self.modules():
            if isinstance(module, AdaptiveUnit):
                zero_affine(module.transform_matrix_conv)
                zero_affine(module.translation_conv)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Heads of normalised images.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            At stride 4: `heatmap` (B, K + 1, h, w), the center last; `offset` (B, 2K, h, w),
            position - keypoint in cells, x0, y0, x1, ...
        """
        features = self.features(image)
        heatmap = self.transition_heatmap(features)
        for layer in self.head_heatmap:
            heatmap = layer(heatmap)
        shares = self.transition_offset(features).chunk(len(self.offset_final_layer), 1)
        offsets = [
            last(layers(share))
            for last, layers, share in zip(
                self.offset_final_layer, self.offset_feature_layers, shares, strict=True
            )
        ]
        return {"heatmap": heatmap, "offset": torch.cat(offsets, 1)}


def dekr_spec(name: str, size: int, skeleton: Skeleton) -> ModelSpec:
    """How to run a DEKR network; `size` is the short side of its input."""
    return ModelSpec(
        family="dekr",
        name=name,
        skeleton=skeleton,
        sizing=released_sizing(size),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        heads=(
            HeadSpec("heatmap", "heatmap", len(skeleton) + 1, STRIDE),
            HeadSpec("offset", "vector", 2 * len(skeleton), STRIDE, sign=-1),
        ),
        cell_origin="corner",
        decoder=DecoderSpec("dekr"),
        pixel_range="unit",
        flip="inside",
        flip_shift=FLIP_SHIFT,
        flip_fill="keep",
    )


def build_dekr(
    name: str, config: DekrConfig, size: int, skeleton: Skeleton
) -> tuple[Dekr, ModelSpec]:
    """A network with fresh weights, ready to run, and how to run it."""
    return Dekr(config, len(skeleton)).eval(), dekr_spec(name, size, skeleton)


def dekr_keypoints(shapes: Shapes) -> int | None:
    """K of a file of DEKR weights, None for other files."""
    shape = shapes.get("head_heatmap.1.weight")
    return None if shape is None else shape[0] - 1


DEKR_W32 = DekrConfig()
DEKR_W48 = DekrConfig(HRNET_W48, 48)


def _model(name: str, config: DekrConfig, size: int) -> Model:
    builders = same_by_both_rules(partial(build_dekr, name, config, size))
    return Model("dekr", builders, dekr_keypoints)


MODELS: dict[str, Model] = {
    "dekr-hrnet-w32": _model("dekr-hrnet-w32", DEKR_W32, 512),
    "dekr-hrnet-w48": _model("dekr-hrnet-w48", DEKR_W48, 640),
}
