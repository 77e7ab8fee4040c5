"""The bottom-up networks: narrow ones to run, released ones, and facts of the published ones."""

from collections.abc import Callable
from typing import Any, NamedTuple

import parity
from posetrack.models.layers.hrnet import HRNetConfig
from posetrack.models.networks.dekr import DekrConfig, build_dekr
from posetrack.models.networks.heatmap_guided import HeatmapGuidedConfig, build_heatmap_guided
from posetrack.models.networks.logocap import LogoCapConfig, build_logocap
from posetrack.structures import COCO_17, Skeleton

# Small enough to build and run in a moment; every part is there.
NARROW = HRNetConfig(((4, 8), (4, 8, 16), (4, 8, 16, 32)), (1, 1, 1), 1)

FACE = Skeleton("face-3", ("nose", "left_eye", "right_eye"), (), ((1, 2),), (0.026, 0.025, 0.025))


class Narrow(NamedTuple):
    """A bottom-up network narrow enough to build and run in a moment."""

    build: Callable[..., Any]  # name, config, size, skeleton -> network and spec
    config: Any
    arrays: str = ""  # parity file of a narrow network that the authors' code ran
    released: Callable[[dict[str, Any]], Any] | None = None  # widths in that file -> config


NETWORKS = {
    "logocap": Narrow(
        build_logocap,
        LogoCapConfig(NARROW, 4, 5, 3, (8, 6, 4), mixtures=2),
        "logocap_narrow",
        lambda c: LogoCapConfig(
            parity.backbone(c),
            *(c["heat_ch"], c["reg_ch"], c["emb"], tuple(c["conv"])),
            mixtures=c["an_affine"],
        ),
    ),
    "heatmap-guided": Narrow(
        build_heatmap_guided,
        HeatmapGuidedConfig(NARROW, 4, 6),
        "hrbu_narrow",
        lambda c: HeatmapGuidedConfig(parity.backbone(c), c["heat"][0], c["reg"][0]),
    ),
    "higher": Narrow(build_heatmap_guided, HeatmapGuidedConfig(NARROW, 4, 6, higher=True)),
    "logocap by its paper": Narrow(
        build_logocap, LogoCapConfig(NARROW, 4, 5, 3, (8, 6, 4), mixtures=2, rules="paper")
    ),
    "heatmap-guided by its paper": Narrow(
        build_heatmap_guided, HeatmapGuidedConfig(NARROW, 4, 6, rules="paper")
    ),
    "higher by its paper": Narrow(
        build_heatmap_guided, HeatmapGuidedConfig(NARROW, 4, 6, higher=True, rules="paper")
    ),
    "dekr": Narrow(
        build_dekr,
        DekrConfig(NARROW, 4, 3),
        "dekr_narrow",
        lambda c: DekrConfig(parity.backbone(c), c["heat"], c["perkpt"]),
    ),
}


class Published(NamedTuple):
    """What the authors say of a network, or their code does with it."""

    millions: float  # of parameters
    size: int  # short side of the input, pixels
    flip: tuple[int, str]  # pixels that the flipped image is moved by, what fills its last columns


PUBLISHED = {
    "logocap-hrnet-w32": Published(35.99, 512, (0, "zero")),
    "logocap-hrnet-w48": Published(72.11, 640, (0, "zero")),
    "heatmap-guided-hrnet-w32": Published(30.68, 512, (3, "zero")),
    "heatmap-guided-hrnet-w48": Published(66.80, 640, (3, "zero")),
    "heatmap-guided-higher-hrnet-w48": Published(66.90, 640, (3, "zero")),
    "dekr-hrnet-w32": Published(29.56, 512, (3, "keep")),
    "dekr-hrnet-w48": Published(65.68, 640, (3, "keep")),
}
_HEAT, _FIELD = "multi_level_layers_4x_heatmap", "multi_level_layers_4x_regression"
# Of networks for COCO: one tensor of every part. All of them: `test_published_keys.py`.
TENSORS = {
    "logocap-hrnet-w32": {
        "backbone.stage4.2.fuse_layers.3.0.2.1.running_var": (256,),
        "transition_cls.0.weight": (32, 480, 1, 1),
        "transition_cls.1.running_mean": (32,),
        "final_layer_cls.bias": (18,),
        "final_layer_reg.weight": (34, 256, 1, 1),
        "transition_embedding.0.weight": (64, 480, 1, 1),
        "joints_mlp.0.weight": (512, 1088, 3, 3),
        "joints_mlp.4.weight_": (20, 256),
        "joints_mlp.4.attn_weights.attention.0.weight": (20, 256, 1, 1),
        "joints_mlp.7.running_var": (128,),
        "joints_mlp.9.weight": (17, 128, 1, 1),
    },
    "heatmap-guided-higher-hrnet-w48": {
        "conv1.weight": (64, 3, 3, 3),
        "transition_cls.0.weight": (48, 720, 1, 1),
        "transition_reg.0.weight": (256, 737, 1, 1),
        f"{_HEAT}.2.0.transform_matrix_conv2.bias": (4,),
        f"{_HEAT}.1.0.stn_conv1.weight": (48, 48, 3, 3),
        f"{_HEAT}.0.0.regular_matrix": (2, 9),
        f"{_FIELD}.0.0.bn2.running_var": (256,),
        "deconv_layers.0.0.0.weight": (65, 48, 4, 4),
        "deconv_layers.0.0.1.running_mean": (48,),
        "deconv_layers.0.1.0.conv2.weight": (48, 48, 3, 3),
        "final_layers.0.weight": (17, 48, 1, 1),
        "final_layers.1.weight": (35, 256, 1, 1),
        "final_layers.2.bias": (17,),
    },
    "dekr-hrnet-w32": {
        "conv1.weight": (64, 3, 3, 3),
        "transition_heatmap.0.weight": (32, 480, 1, 1),
        "head_heatmap.0.0.conv1.weight": (32, 32, 3, 3),
        "head_heatmap.1.bias": (18,),
        "transition_offset.0.weight": (255, 480, 1, 1),
        "offset_feature_layers.16.1.transform_matrix_conv.weight": (4, 15, 3, 3),
        "offset_feature_layers.0.0.translation_conv.bias": (2,),
        "offset_feature_layers.3.1.adapt_conv.weight": (15, 15, 3, 3),
        "offset_feature_layers.3.1.regular_matrix": (2, 9),
        "offset_feature_layers.3.1.bn.running_var": (15,),
        "offset_final_layer.16.weight": (2, 15, 1, 1),
    },
}


def narrow(name, skeleton):
    """(network, spec) of `NETWORKS`, with fresh weights."""
    network = NETWORKS[name]
    return network.build("narrow", network.config, 512, skeleton)


def released(shared, name):
    """(arrays, network, spec): what the authors' code computed, the network with its weights."""
    network = NETWORKS[name]
    arrays = parity.load(shared, network.arrays)
    widths = parity.config(arrays)
    ours, spec = network.build("narrow", network.released(widths), widths["input_size"], COCO_17)
    ours.load_state_dict(parity.weights(arrays))
    return arrays, ours.eval(), spec
