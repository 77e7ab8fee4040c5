"""LOGO-CAP (Xue et al., CVPR 2022): center-offset poses, refined by kernels for each person.

The dense heads give heatmaps, offsets and an embedding. Center and offsets give an initial pose.
Around each of its keypoints the embedding is sampled in a small window; message passing turns the
windows of a person into one kernel per keypoint, with which decoding convolves the heatmaps.

Source: Learning Local-Global Contextual Adaptation for Multi-Person Pose Estimation,
arXiv:2109.03622; names and numbers of the published weights (github.com/cherubicXN/logocap).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor, nn

from ...structures import DecoderSpec, HeadSpec, InputSizing, ModelSpec, Skeleton
from ...structures.model_spec import Adaptation, Prior, Rules
from ..layers.attentive_norm import AttentiveBatchNorm
from ..layers.hrnet import (
    HRNET_W32,
    HRNET_W48,
    STRIDE,
    HRNet,
    HRNetConfig,
    conv_norm,
    initialise,
    released_sizing,
)
from ..layers.mobilenet import (
    MULTIPOSE_BACKBONE,
    PIXEL_MEAN,
    PIXEL_STD,
    PYRAMID_CHANNELS,
    MobileNet,
)
from ..layers.resnet import IMAGENET_MEAN, IMAGENET_STD
from ..model import Builder, Model, Shapes

# Convolution layer of the message passing whose norm is attentive, from 0.
ATTENTIVE_LAYER = 1


@dataclass(frozen=True, slots=True)
class LogoCapConfig:
    """One network, and how it is decoded; the defaults are the published ones.

    The last five options change the decoding alone: the same weights fit all their values.
    """

    backbone: HRNetConfig | None = HRNET_W32  # None: the pyramid of MoveNet MultiPose
    heat_channels: int = 32
    regression_channels: int = 256
    embedding_channels: int = 64
    # 3x3 layers before the last 1x1: the paper's "3+1"; () is its "1"
    message_channels: tuple[int, ...] = (512, 256, 128)
    attentive: bool = True  # False: batch norm in the second layer too
    mixtures: int = 20  # of the attentive norm
    local_window: int = 11  # side of the kernels; 7, 11, 15, 19 in the paper
    global_window: int = 97  # side of the window of the heatmap that a kernel refines, pixels
    # none: the initial poses; partial: where the kernel is highest; full: refined heatmaps
    adaptation: Adaptation = "full"
    # table 7 of the paper: kem is the Gaussian around the initial keypoint alone, kam leaves it out
    prior: Prior = "both"
    rules: Rules = "released"  # whose rules hold where the paper and the released code differ

    @property
    def reweighs(self) -> bool:
        """Whether windows are multiplied by the Gaussian, in training too (table 5, Reweigh)."""
        return self.prior != "kam"


def message_passing(config: LogoCapConfig, keypoints: int) -> nn.Sequential:
    """The windows of all keypoints of a person -> one kernel per keypoint.

    Its input is (N, K * C, s, s): channel `keypoint * C + c` of the embedding, rows along y; its
    output (N, K, s, s), not limited to [0, 1]. Layers are numbered as published.
    """
    layers: list[nn.Module] = []
    channels = keypoints * config.embedding_channels
    for i, width in enumerate(config.message_channels):
        attentive = config.attentive and i == ATTENTIVE_LAYER
        norm = AttentiveBatchNorm(width, config.mixtures) if attentive else nn.BatchNorm2d(width)
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), norm, nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.Conv2d(channels, keypoints, 1))


class LogoCap(nn.Module):
    """The whole network; parameters carry the published names.

    Fresh weights: HRNet and the dense heads are initialised as in HRNet's code, the message
    passing, for which nothing is published, as by PyTorch.

    Args:
        config: widths and parts.
        keypoints: K of the skeleton, without the center.
    """

    def __init__(self, config: LogoCapConfig, keypoints: int) -> None:
        super().__init__()
        self.backbone: nn.Module
        if config.backbone is None:
            self.backbone = MobileNet(MULTIPOSE_BACKBONE)
            features = PYRAMID_CHANNELS[4]
        else:
            self.backbone = HRNet(config.backbone)
            initialise(self.backbone)
            features = config.backbone.features
        self.transition_cls = conv_norm(features, config.heat_channels, 1)
        self.final_layer_cls = nn.Conv2d(config.heat_channels, keypoints + 1, 1)
        self.transition_reg = conv_norm(features, config.regression_channels, 1)
        self.final_layer_reg = nn.Conv2d(config.regression_channels, 2 * keypoints, 1)
        self.transition_embedding = conv_norm(features, config.embedding_channels, 1)
        for head in list(self.children())[1:]:
            initialise(head)
        self.joints_mlp = message_passing(config, keypoints)
        self.follows_paper = config.rules == "paper"

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Dense heads of normalised images; the message passing comes later, see `joints_mlp`.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            At stride 4: `heatmap` (B, K + 1, h, w), the center last; `offset` (B, 2K, h, w),
            position - keypoint in cells, x0, y0, x1, ...; `embedding` (B, C, h, w). By the rules
            `paper` `adaptation_heatmap` (B, K, h, w) too, the heatmap without the center: a flip
            test averages the one and leaves the other (appendix A).
        """
        features = self.backbone(image)
        heatmap = self.final_layer_cls(self.transition_cls(features))
        heads = {
            "heatmap": heatmap,
            "offset": self.final_layer_reg(self.transition_reg(features)),
            "embedding": self.transition_embedding(features),
        }
        if self.follows_paper:
            heads["adaptation_heatmap"] = heatmap[:, :-1]
        return heads


def initialise_from_movenet(network: LogoCap, movenet_weights: dict[str, Tensor]) -> None:
    """Give a lite network MoveNet's backbone and pyramid; MoveNet's own heads are left out.

    Args:
        network: built with `backbone=None`.
        movenet_weights: of MoveNet MultiPose, by `read_weights`.

    Raises:
        ValueError: the network has another backbone, or tensors of it are missing, left over or
            misshapen.
    """
    if not isinstance(network.backbone, MobileNet):
        raise ValueError("only a LOGO-CAP network with the lite backbone takes MoveNet's weights")
    shared = {n: t for n, t in movenet_weights.items() if n.startswith(("backbone.", "fpn."))}
    try:
        network.backbone.load_state_dict(shared)
    except RuntimeError as error:
        raise ValueError(f"the weights must be those of MoveNet MultiPose: {error}") from error


def logocap_spec(name: str, config: LogoCapConfig, size: int, skeleton: Skeleton) -> ModelSpec:
    """How to run a network of `config`; `size` is the short side of its input."""
    lite = config.backbone is None
    sizing = InputSizing(size=size, multiple_of=32) if lite else released_sizing(size)
    heads = (
        HeadSpec("heatmap", "heatmap", len(skeleton) + 1, STRIDE),
        HeadSpec("offset", "vector", 2 * len(skeleton), STRIDE, sign=-1),
        HeadSpec("embedding", "feature", config.embedding_channels, STRIDE),
    )
    unflipped = HeadSpec("adaptation_heatmap", "feature", len(skeleton), STRIDE)
    return ModelSpec(
        family="logocap",
        name=name,
        skeleton=skeleton,
        sizing=sizing,
        mean=(PIXEL_MEAN,) * 3 if lite else IMAGENET_MEAN,
        std=(PIXEL_STD,) * 3 if lite else IMAGENET_STD,
        heads=(*heads, unflipped) if config.rules == "paper" else heads,
        cell_origin="corner",
        decoder=DecoderSpec(
            "logocap",
            {
                "adaptation": config.adaptation,
                "local_window": config.local_window,
                "global_window": config.global_window,
                "prior": config.prior,
            },
        ),
        rules=config.rules,
        pixel_range="byte" if lite else "unit",
        flip="inside",
    )


def build_logocap(
    name: str, config: LogoCapConfig, size: int, skeleton: Skeleton
) -> tuple[LogoCap, ModelSpec]:
    """A network with fresh weights, ready to run, and how to run it."""
    network = LogoCap(config, len(skeleton))
    return network.eval(), logocap_spec(name, config, size, skeleton)


def logocap_keypoints(shapes: Shapes) -> int | None:
    """K of a file of LOGO-CAP weights, None for other files."""
    shape = shapes.get("final_layer_cls.weight")
    return None if shape is None else shape[0] - 1


LOGOCAP_W32 = LogoCapConfig()
LOGOCAP_W48 = replace(LOGOCAP_W32, backbone=HRNET_W48, heat_channels=48)
# Not published: our narrow network for CPUs, on the features of MoveNet.
LOGOCAP_LITE = LogoCapConfig(
    backbone=None,
    regression_channels=64,
    embedding_channels=16,
    message_channels=(128, 64, 32),
)


def _model(name: str, config: LogoCapConfig, size: int) -> Model:
    builders: dict[Rules, Builder] = {
        "released": partial(build_logocap, name, config, size),
        "paper": partial(build_logocap, name, replace(config, rules="paper"), size),
    }
    return Model("logocap", builders, logocap_keypoints)


MODELS: dict[str, Model] = {
    "logocap-hrnet-w32": _model("logocap-hrnet-w32", LOGOCAP_W32, 512),
    "logocap-hrnet-w48": _model("logocap-hrnet-w48", LOGOCAP_W48, 640),
    "logocap-lite": _model("logocap-lite", LOGOCAP_LITE, 256),
}
