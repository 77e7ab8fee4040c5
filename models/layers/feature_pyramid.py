"""Feature pyramid: maps with as many channels at every stride, added up from coarse to fine.

Source: Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = 256
# Of P2 .. P6.
STRIDES = (4, 8, 16, 32, 64)


class FeaturePyramid(nn.Module):
    """C2..C5 of a backbone -> P2..P6.

    Args:
        backbone_channels: of C2..C5.
        channels: of every map of the pyramid.
    """

    def __init__(self, backbone_channels: Sequence[int], channels: int = CHANNELS) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(cin, channels, 1) for cin in backbone_channels)
        self.output = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in backbone_channels
        )
        for convolution in (*self.lateral, *self.output):
            assert isinstance(convolution, nn.Conv2d)
            # Uniform in +-sqrt(3 / fan in), as Detectron does.
            nn.init.kaiming_uniform_(convolution.weight, a=1)
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps at strides 4, 8, 16, 32, 64.

        Args:
            maps: C2..C5, (B, C, h, w) each, every one half the size of the one before (the
                input's sides are multiples of 32).

        Returns:
            P2..P6, (B, channels, h, w) each; P6 is every second cell of P5 and has half its
            size, rounded up.
        """
        x: Tensor = self.lateral[-1](maps[-1])
        pyramid: list[Tensor] = [self.output[-1](x)]
        for i in range(len(maps) - 2, -1, -1):
            x = self.lateral[i](maps[i]) + F.interpolate(x, scale_factor=2.0, mode="nearest")
            pyramid.insert(0, self.output[i](x))
        return [*pyramid, F.max_pool2d(pyramid[-1], 1, stride=2)]
