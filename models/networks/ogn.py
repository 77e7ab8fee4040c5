"""OGN (2019), single people: ResNet, one or two deconvolutions, heatmaps and offsets.

A heatmap says in which cell a keypoint lies, the offset at that cell where exactly. Code and
weights were never released: a comment marks each choice that the paper leaves open.

Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
Workshops 2019, section 3.1; backbone and deconvolutions are those of the simple baseline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ...structures import DecoderSpec, HeadSpec, ModelSpec, Skeleton
from ..layers.crop_sizing import crop_sizing
from ..layers.deconvolution import DECONVOLUTION_CHANNELS, deconvolution_layers, output_convolution
from ..layers.keypoint_disks import DISK_RADIUS_PX
from ..layers.resnet import IMAGENET_MEAN, IMAGENET_STD, ResNetLayers
from ..model import Model, Shapes

# Crops of the paper's table 1, (h, w) pixels.
CROPS = ((256, 192), (352, 256), (384, 288), (512, 384))


@dataclass(frozen=True, slots=True)
class OgnConfig:
    """Sizes of one network."""

    depth: int = 50  # of the ResNet
    stride: int = 8  # input pixels per cell: 8 by two deconvolutions, 16 by one
    crop: tuple[int, int] = (512, 384)  # (h, w) of the input, pixels; the paper's best
    channels: int = DECONVOLUTION_CHANNELS  # of each deconvolution

    @property
    def radius(self) -> float:
        """R: radius of the disks that are labelled 1, and the unit of the offsets, in cells."""
        return DISK_RADIUS_PX / self.stride


class Ogn(ResNetLayers):
    """The whole network.

    Args:
        config: sizes of the network.
        num_keypoints: K.

    Raises:
        ValueError: the stride is neither 8 nor 16.
    """

    def __init__(self, config: OgnConfig, num_keypoints: int) -> None:
        super().__init__(config.depth)
        if config.stride not in (8, 16):
            raise ValueError(f"stride of an OGN must be 8 or 16, got {config.stride}")
        count = {16: 1, 8: 2}[config.stride]
        layers = deconvolution_layers(self.channels[-1], (config.channels,) * count)
        self.deconv_layers = nn.Sequential(*layers)
        self.heatmap_layer = output_convolution(config.channels, num_keypoints)
        self.offset_layer = output_convolution(config.channels, 2 * num_keypoints)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Heads of normalised crops.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            `heatmap` (B, K, h, w), 1 within R of a keypoint and 0 elsewhere, not activated;
            `offset` (B, 2K, h, w) from a cell to the keypoint, in units of R: x0, y0, x1, ...
        """
        x = self.deconv_layers(self.maps(image)[-1])
        return {"heatmap": self.heatmap_layer(x), "offset": self.offset_layer(x)}


def ogn(config: OgnConfig) -> Callable[[Skeleton], tuple[nn.Module, ModelSpec]]:
    """How to build one network for a skeleton."""

    def build(skeleton: Skeleton) -> tuple[nn.Module, ModelSpec]:
        keypoints = len(skeleton)
        spec = ModelSpec(
            family="ogn",
            name=_name(config.depth, config.stride),
            skeleton=skeleton,
            sizing=crop_sizing(config.crop),
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            heads=(
                HeadSpec("heatmap", "heatmap", keypoints, config.stride),
                HeadSpec("offset", "vector", 2 * keypoints, config.stride),
            ),
            cell_origin="half-pixel",
            decoder=DecoderSpec("ogn", {"radius": config.radius}),
            pixel_range="unit",
            flip="around",
            rules="paper",
            trained="not yet; no weights were published",
        )
        return Ogn(config, keypoints), spec

    return build


def _name(depth: int, stride: int) -> str:
    """`ogn-resnet-50` at stride 8, `ogn-resnet-50-stride-16`."""
    return f"ogn-resnet-{depth}" + ("" if stride == 8 else f"-stride-{stride}")


def _keypoints(shapes: Shapes) -> int | None:
    """`offset_layer` is this family's alone."""
    if "offset_layer.weight" not in shapes or "heatmap_layer.weight" not in shapes:
        return None
    return shapes["heatmap_layer.weight"][0]


# Weights fit every crop of `CROPS` and do not say which one they were trained on; nor do names.
MODELS: dict[str, Model] = {
    _name(depth, stride): Model("ogn", {"paper": ogn(OgnConfig(depth, stride))}, _keypoints)
    for stride in (8, 16)
    for depth in (50, 101, 152)
}
