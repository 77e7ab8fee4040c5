"""SimpleBaseline (Microsoft, 2018): ResNet, three deconvolutions, one heatmap per keypoint.

Finds the keypoints of one person in a crop. OGN and Integral build on it.

Source: Xiao et al., "Simple Baselines for Human Pose Estimation and Tracking", ECCV 2018,
https://github.com/microsoft/human-pose-estimation.pytorch, MIT.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ...structures import MPII_16, DecoderSpec, HeadSpec, ModelSpec, Skeleton
from ..layers.crop_sizing import crop_sizing
from ..layers.deconvolution import (
    DECONVOLUTION_CHANNELS,
    deconvolution_layers,
    heatmap_stride,
    output_convolution,
)
from ..layers.resnet import IMAGENET_MEAN, IMAGENET_STD, ResNetLayers, Style
from ..model import Model, Shapes, same_by_both_rules

COCO_CROP = (256, 192)
MPII_CROP = (256, 256)


@dataclass(frozen=True, slots=True)
class SimpleBaselineConfig:
    """Sizes of one network."""

    depth: int = 50  # of the ResNet
    deconvolutions: tuple[int, ...] = (DECONVOLUTION_CHANNELS,) * 3  # channels of each
    style: Style = "pytorch"  # where a bottleneck halves the map
    # (h, w) of the input, pixels; None: what was published for the skeleton's data set
    crop: tuple[int, int] | None = None

    @property
    def stride(self) -> int:
        """Input pixels per heatmap cell."""
        return heatmap_stride(self.deconvolutions)


class SimpleBaseline(ResNetLayers):
    """The whole network; its parameters carry the published names.

    Args:
        config: sizes of the network.
        num_keypoints: K.
    """

    def __init__(self, config: SimpleBaselineConfig, num_keypoints: int) -> None:
        super().__init__(config.depth, style=config.style)
        layers = deconvolution_layers(self.channels[-1], config.deconvolutions)
        self.deconv_layers = nn.Sequential(*layers)
        self.final_layer = output_convolution(config.deconvolutions[-1], num_keypoints)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Heads of normalised crops.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            `heatmap` (B, K, H / 4, W / 4), trained as Gaussians of height 1, not activated.
        """
        return {"heatmap": self.final_layer(self.deconv_layers(self.maps(image)[-1]))}


def simple_baseline(
    config: SimpleBaselineConfig,
) -> Callable[[Skeleton], tuple[nn.Module, ModelSpec]]:
    """How to build one network for a skeleton."""

    def build(skeleton: Skeleton) -> tuple[nn.Module, ModelSpec]:
        published = MPII_CROP if skeleton.name == MPII_16.name else COCO_CROP
        crop = config.crop or published
        spec = ModelSpec(
            family="simple-baseline",
            name=f"simple-baseline-resnet-{config.depth}",
            skeleton=skeleton,
            sizing=crop_sizing(crop),
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            heads=(HeadSpec("heatmap", "heatmap", len(skeleton), config.stride),),
            cell_origin="corner",
            decoder=DecoderSpec("simple-baseline"),
            pixel_range="unit",
            flip="around",
            flip_shift=config.stride,  # the flipped maps lie about one cell too far left
            flip_fill="keep",
            trained="not yet; published weights are for COCO keypoints or MPII Human Pose",
        )
        return SimpleBaseline(config, len(skeleton)), spec

    return build


def _keypoints(shapes: Shapes) -> int | None:
    """`final_layer` right behind `deconv_layers` is this family's alone."""
    if "deconv_layers.0.weight" not in shapes or "final_layer.weight" not in shapes:
        return None
    return shapes["final_layer.weight"][0]


MODELS: dict[str, Model] = {
    f"simple-baseline-resnet-{depth}": Model(
        "simple-baseline",
        same_by_both_rules(simple_baseline(SimpleBaselineConfig(depth))),
        _keypoints,
    )
    for depth in (50, 101, 152)
}
