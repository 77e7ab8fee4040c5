"""Deconvolutions that enlarge a backbone's last map: the simple baseline's head.

Source: Xiao et al., "Simple Baselines for Human Pose Estimation and Tracking", ECCV 2018,
https://github.com/microsoft/human-pose-estimation.pytorch, MIT.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from .resnet import BACKBONE_STRIDE

# channels of each deconvolution, in the papers of the simple baseline, OGN and Integral
DECONVOLUTION_CHANNELS = 256
# standard deviation of the fresh weights of deconvolutions and of the output convolution
INITIAL_STD = 0.001


def deconvolution_layers(cin: int, channels: Sequence[int]) -> list[nn.Module]:
    """Deconvolution 4x4, batch norm, ReLU, as many times as there are `channels`.

    Each doubles the map's height and width. In a Sequential the deconvolutions are layers
    0, 3, 6, ... and the batch norms 1, 4, 7, ..., as published.

    Raises:
        ValueError: there are no channels.
    """
    if not channels:
        raise ValueError("channels of the deconvolutions must be given, got none")
    layers: list[nn.Module] = []
    for cout in channels:
        deconvolution = nn.ConvTranspose2d(cin, cout, 4, 2, padding=1, bias=False)
        nn.init.normal_(deconvolution.weight, std=INITIAL_STD)
        layers += [deconvolution, nn.BatchNorm2d(cout), nn.ReLU(inplace=True)]
        cin = cout
    return layers


def heatmap_stride(channels: Sequence[int]) -> int:
    """Input pixels per heatmap cell behind a ResNet and deconvolutions with these channels."""
    return int(BACKBONE_STRIDE // 2 ** len(channels))


def output_convolution(cin: int, cout: int) -> nn.Conv2d:
    """The 1x1 convolution with bias that writes a head's maps."""
    convolution = nn.Conv2d(cin, cout, 1)
    nn.init.normal_(convolution.weight, std=INITIAL_STD)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution
