"""Integral regression (Microsoft, 2018): keypoints as the expectation of their heatmaps.

ResNet and deconvolutions in four forms: one stage or several in two dimensions (the paper; its
weights were never released), one stage in three (the released code), and the direct regression
that the paper compares with. Operations are those of its tables; its parameters (12, 26 and 45
million) are those of the classification networks, the deconvolutions here add to them.

Source: Sun et al., "Integral Human Pose Regression", ECCV 2018,
https://github.com/JimmySuen/integral-human-pose, MIT.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from ...structures import DecoderSpec, HeadSpec, ModelSpec, Skeleton
from ...structures.model_spec import DecoderOption, Rules
from ..layers.crop_sizing import crop_sizing
from ..layers.deconvolution import (
    DECONVOLUTION_CHANNELS,
    INITIAL_STD,
    deconvolution_layers,
    heatmap_stride,
    output_convolution,
)
from ..layers.resnet import IMAGENET_MEAN, IMAGENET_STD, ResNet, group_channels, residual_group
from ..model import Model, Shapes

# The paper's names. h: heatmaps alone, trained by the squared error to Gaussians (1), by
# cross-entropy over all cells (2), by cross-entropy in each cell (3), read by their maximum. i: the
# same with the expectation as a second output that is trained too; i* trains nothing else.
# r1: direct regression. The losses matter for training only.
Method: TypeAlias = Literal["h1", "h2", "h3", "i1", "i2", "i3", "i*", "r1"]
METHODS: tuple[Method, ...] = ("h1", "h2", "h3", "i1", "i2", "i3", "i*", "r1")

# Of the paper and the main experiment of the released code: the input, (h, w) pixels; the cells of
# the volume from front to back; the millimetres that these cells span around the pelvis.
PATCH = (256, 256)
DEPTH_CELLS = 64
DEPTH_MM = 2000.0
# The same of the ResNet-152 for the ECCV 2018 challenge, the only one with published weights
# (configuration d-mch_384x288_deconv256x3_min-int-l1_adam_bs12-4gpus).
CHALLENGE_PATCH = (384, 288)
CHALLENGE_DEPTH_CELLS = 72
CHALLENGE_DEPTH_MM = 1485.0
# Groups of the ResNet that the stages share: up to conv3, at stride 8.
SHARED_GROUPS = 2


@dataclass(frozen=True, slots=True)
class IntegralConfig:
    """Form and sizes of one network."""

    depth: int = 50  # of the ResNet
    method: Method = "i1"
    # channels of each deconvolution: two in nearly all experiments of the paper, setting (d) of its
    # table 3; three in its setting (c) and in the released code
    deconvolutions: tuple[int, ...] = (DECONVOLUTION_CHANNELS,) * 3
    stages: int = 1  # more than one needs two deconvolutions
    depth_cells: int = 0  # D of the volume in three dimensions; 0: two dimensions
    depth_mm: float = DEPTH_MM  # that the volume spans
    crop: tuple[int, int] = PATCH  # (h, w) of the input, pixels

    @property
    def stride(self) -> int:
        """Input pixels per heatmap cell."""
        return heatmap_stride(self.deconvolutions)


def soft_argmax(logits: Tensor) -> Tensor:
    """Where keypoints lie on average if the softmax of a map is their distribution.

    Args:
        logits: (B, K, h, w), or (B, K, d, h, w) in three dimensions, over all cells of which the
            softmax is taken.

    Returns:
        (B, K, 2) float32 x, y, or (B, K, 3) x, y, z: cell j of n gives j / n - 0.5, so that -0.5
        is the input's first pixel and 0.5 is one behind its last.

    Source: section 5 of the paper; cells count from 0 as in the released code.
    """
    sizes = logits.shape[2:]
    # float32 whatever the network runs in: the sum goes over up to 262144 cells
    probabilities = logits.flatten(2).float().softmax(2).reshape(logits.shape)
    places = []
    for axis in reversed(range(2, logits.dim())):
        others = [other for other in range(2, logits.dim()) if other != axis]
        marginal = probabilities.sum(others)
        cells = torch.arange(sizes[axis - 2], device=logits.device, dtype=marginal.dtype)
        places.append((marginal * cells).sum(2) / sizes[axis - 2] - 0.5)
    return torch.stack(places, 2)


class HeatmapHead(nn.Module):
    """Deconvolutions and the 1x1 convolution that writes the maps, in one list as published."""

    def __init__(self, cin: int, config: IntegralConfig, cout: int) -> None:
        super().__init__()
        layers = deconvolution_layers(cin, config.deconvolutions)
        self.features = nn.Sequential(*layers, output_convolution(config.deconvolutions[-1], cout))

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, cout, h * 2^n, w * 2^n) with n deconvolutions."""
        maps: Tensor = self.features(x)
        return maps


class RegressionHead(nn.Module):
    """The mean over the map, then one fully connected layer: R1 of the paper (section 4)."""

    def __init__(self, cin: int, num_keypoints: int) -> None:
        super().__init__()
        self.fc = nn.Linear(cin, 2 * num_keypoints)
        nn.init.normal_(self.fc.weight, std=INITIAL_STD)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, K, 2)."""
        places: Tensor = self.fc(x.mean((2, 3)))
        return places.reshape(x.shape[0], -1, 2)


class Integral(nn.Module):
    """One stage; its parameters carry the released names.

    Args:
        config: form and sizes, with one stage.
        num_keypoints: K.
    """

    def __init__(self, config: IntegralConfig, num_keypoints: int) -> None:
        super().__init__()
        self.config = config
        self.num_keypoints = num_keypoints
        self.backbone = ResNet(config.depth)
        cin = self.backbone.channels[-1]
        self.head: nn.Module
        if config.method == "r1":
            self.head = RegressionHead(cin, num_keypoints)
        else:
            self.head = HeatmapHead(cin, config, num_keypoints * max(config.depth_cells, 1))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Heads of normalised crops.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            By the method: `heatmap` (B, K, h, w), not activated, or in three dimensions `volume`
            (B, K, D, h, w) logits; `coordinates` (B, K, 2 or 3), see `soft_argmax`.
        """
        maps = self.head(self.backbone(image)[-1])
        if self.config.method == "r1":
            return {"coordinates": maps}
        if self.config.depth_cells:
            batch, _, height, width = maps.shape
            depth = self.config.depth_cells
            volume = maps.reshape(batch, self.num_keypoints, depth, height, width)
            return {"volume": volume, "coordinates": soft_argmax(volume)}
        return _heatmap_outputs(maps, self.config.method)


class Stage(nn.Module):
    """conv4 and conv5 of the ResNet, then a heatmap head: one stage of several."""

    def __init__(self, cin: int, config: IntegralConfig, num_keypoints: int) -> None:
        super().__init__()
        channels = group_channels(config.depth)
        self.layer3 = residual_group(config.depth, 2, cin)
        self.layer4 = residual_group(config.depth, 3, channels[2])
        self.head = HeatmapHead(channels[3], config, num_keypoints)

    def forward(self, x: Tensor) -> Tensor:
        """(B, cin, h, w) -> (B, K, h, w)."""
        maps: Tensor = self.head(self.layer4(self.layer3(x)))
        return maps


class MultiStageIntegral(nn.Module):
    """Several stages on one map: each sees the heatmaps of the one before it.

    The paper (end of section 3, figure 1) says that the conv3 map is the input of all stages, that
    each joins it to the heatmaps of the stage before and passes both through conv4 and conv5 to
    its own head. Implemented so: every stage has its own weights; heatmaps are concatenated behind
    the map as the 1x1 convolution gives them; the first stage takes the map alone. Four stages
    then need the 18 GFLOPs of the paper's table 7.

    Args:
        config: form and sizes; two deconvolutions, so that heatmaps have the size of conv3.
        num_keypoints: K.

    Raises:
        ValueError: another number of deconvolutions, three dimensions, or direct regression.
    """

    def __init__(self, config: IntegralConfig, num_keypoints: int) -> None:
        super().__init__()
        if len(config.deconvolutions) != 2:
            raise ValueError(
                "several stages need 2 deconvolutions, for heatmaps of conv3's size, got "
                f"{len(config.deconvolutions)}"
            )
        if config.depth_cells or config.method == "r1":
            raise ValueError("several stages need heatmaps in two dimensions: set stages to 1")
        self.config = config
        self.backbone = ResNet(config.depth, groups=SHARED_GROUPS)
        shared = self.backbone.channels[-1]
        inputs = [shared] + [shared + num_keypoints] * (config.stages - 1)
        self.stages = nn.ModuleList([Stage(cin, config, num_keypoints) for cin in inputs])

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Heads of normalised crops.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            `heatmap` (B, K, H / 8, W / 8), not activated, and by the method `coordinates`
            (B, K, 2) of the last stage; in training those of earlier stages too, as
            `heatmap_stage_1`, `coordinates_stage_1` and so on.
        """
        outputs: dict[str, Tensor] = {}
        x = shared = self.backbone(image)[-1]
        for number, stage in enumerate(self.stages, 1):
            heatmap = stage(x)
            x = torch.cat((shared, heatmap), 1)
            last = number == len(self.stages)
            if last or self.training:
                suffix = "" if last else f"_stage_{number}"
                named = _heatmap_outputs(heatmap, self.config.method)
                outputs |= {name + suffix: tensor for name, tensor in named.items()}
        return outputs


def _heatmap_outputs(heatmap: Tensor, method: Method) -> dict[str, Tensor]:
    if method.startswith("h"):
        return {"heatmap": heatmap}
    return {"heatmap": heatmap, "coordinates": soft_argmax(heatmap)}


def integral(config: IntegralConfig) -> Callable[[Skeleton], tuple[nn.Module, ModelSpec]]:
    """How to build one network for a skeleton.

    Raises:
        ValueError: an unknown method, no stage, or a volume read by anything but its expectation.
    """
    if config.method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {config.method!r}")
    if config.stages < 1:
        raise ValueError(f"stages must be 1 or more, got {config.stages}")
    if config.depth_cells and not config.method.startswith("i"):
        raise ValueError(f"method in three dimensions must be 'i*', got {config.method!r}")

    def build(skeleton: Skeleton) -> tuple[nn.Module, ModelSpec]:
        network = Integral if config.stages == 1 else MultiStageIntegral
        spec = ModelSpec(
            family="integral",
            name=_name(config),
            skeleton=skeleton,
            sizing=crop_sizing(config.crop),
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            heads=_head_specs(config, len(skeleton)),
            cell_origin="corner",
            decoder=_decoder_spec(config),
            pixel_range="unit",
            flip="around",
            # a map that is flipped back lies about one cell too far left
            flip_shift=0 if config.depth_cells else config.stride,
            flip_fill="keep",
            rules=_rules(config),
            trained="not yet; published weights have three dimensions, for Human3.6M and MPII",
        )
        return network(config, len(skeleton)), spec

    return build


def _rules(config: IntegralConfig) -> Rules:
    """The released code works in three dimensions alone, the paper's networks in two."""
    return "released" if config.depth_cells else "paper"


def _decoder_spec(config: IntegralConfig) -> DecoderSpec:
    options: dict[str, DecoderOption] = {"method": config.method}
    if config.depth_cells:
        options["depth_mm"] = config.depth_mm
    return DecoderSpec("integral", options)


def _head_specs(config: IntegralConfig, keypoints: int) -> tuple[HeadSpec, ...]:
    """What `forward` returns; `coordinates` have one value per keypoint and axis, and no cells."""
    heads = []
    if config.depth_cells:
        heads.append(HeadSpec("volume", "volume", keypoints * config.depth_cells, config.stride))
    elif config.method != "r1":
        heads.append(HeadSpec("heatmap", "heatmap", keypoints, config.stride))
    if not config.method.startswith("h"):
        axes = 3 if config.depth_cells else 2
        heads.append(HeadSpec("coordinates", "coordinates", keypoints * axes, 1))
    return tuple(heads)


def _name(config: IntegralConfig) -> str:
    dimensions = "-3d" if config.depth_cells else ""
    stages = f"-stage-{config.stages}" if config.stages > 1 else ""
    coarse = config.stages == 1 and config.method != "r1" and len(config.deconvolutions) == 2
    stride = f"-stride-{config.stride}" if coarse else ""
    usual = "i*" if config.depth_cells else "i1"
    method = "" if config.method == usual else f"-{config.method.replace('*', '-star')}"
    return f"integral{dimensions}-resnet-{config.depth}{stages}{stride}{method}"


def _keypoints_2d(deconvolutions: int) -> Callable[[Shapes], int | None]:
    """K of one stage: its 1x1 convolution, behind so many others, is too narrow for a volume."""
    layer = f"head.features.{3 * deconvolutions}.weight"

    def keypoints(shapes: Shapes) -> int | None:
        shape = shapes.get(layer, ())
        return shape[0] if shape[2:] == (1, 1) and 0 < shape[0] < DEPTH_CELLS else None

    return keypoints


def _keypoints_3d(depth_cells: int) -> Callable[[Shapes], int | None]:
    """K of the released form, which has as many channels per keypoint as there are depth cells."""

    def keypoints(shapes: Shapes) -> int | None:
        channels = shapes.get("head.features.9.weight", (0,))[0]
        return channels // depth_cells if channels and channels % depth_cells == 0 else None

    return keypoints


def _keypoints_stages(shapes: Shapes) -> int | None:
    """K of several stages, from the output convolution of the first."""
    return shapes.get("stages.0.head.features.6.weight", (None,))[0]


def _keypoints_r1(shapes: Shapes) -> int | None:
    """K of direct regression, which has two outputs per keypoint."""
    outputs = shapes.get("head.fc.weight", (0,))[0]
    return outputs // 2 if outputs else None


_CHALLENGE = IntegralConfig(
    152,
    "i*",
    depth_cells=CHALLENGE_DEPTH_CELLS,
    depth_mm=CHALLENGE_DEPTH_MM,
    crop=CHALLENGE_PATCH,
)
_TWO_DECONVOLUTIONS = (DECONVOLUTION_CHANNELS,) * 2
# Their weights have the shapes of I1's: a name says which they are.
_OTHER_METHODS: tuple[Method, ...] = ("h1", "h2", "h3", "i2", "i3", "i*")
_VARIANTS: tuple[tuple[IntegralConfig, Callable[[Shapes], int | None]], ...] = (
    *((IntegralConfig(depth), _keypoints_2d(3)) for depth in (18, 50, 101)),
    *(
        (IntegralConfig(depth, deconvolutions=_TWO_DECONVOLUTIONS), _keypoints_2d(2))
        for depth in (18, 50, 101)
    ),
    *(
        (IntegralConfig(50, method, _TWO_DECONVOLUTIONS), _keypoints_2d(2))
        for method in _OTHER_METHODS
    ),
    *(
        (IntegralConfig(50, deconvolutions=_TWO_DECONVOLUTIONS, stages=stages), _keypoints_stages)
        for stages in (2, 3, 4)
    ),
    *((IntegralConfig(depth, "r1"), _keypoints_r1) for depth in (18, 50, 101)),
    *(
        (IntegralConfig(depth, "i*", depth_cells=DEPTH_CELLS), _keypoints_3d(DEPTH_CELLS))
        for depth in (18, 50, 101)
    ),
    (_CHALLENGE, _keypoints_3d(CHALLENGE_DEPTH_CELLS)),
)
# integral-resnet-50, integral-resnet-50-stride-8-h1, integral-resnet-50-stage-2, ...
MODELS: dict[str, Model] = {
    _name(config): Model("integral", {_rules(config): integral(config)}, keypoints)
    for config, keypoints in _VARIANTS
}
# The paper's comparison of methods: ResNet-50, heatmaps of 32 x 32 where there are some, one stage.
TABLE_2: dict[str, str] = {
    "H1": "integral-resnet-50-stride-8-h1",
    "H2": "integral-resnet-50-stride-8-h2",
    "H3": "integral-resnet-50-stride-8-h3",
    "R1": "integral-resnet-50-r1",
    "I1": "integral-resnet-50-stride-8",
    "I2": "integral-resnet-50-stride-8-i2",
    "I3": "integral-resnet-50-stride-8-i3",
    "I*": "integral-resnet-50-stride-8-i-star",
}
