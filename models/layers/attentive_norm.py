"""Attentive Norm: batch norm whose gain and bias each instance mixes from several.

Source: Li, Sun, Wu: Attentive Normalization, arXiv:1908.01259, in the form that LOGO-CAP uses.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Added to the variance of an instance's channel before its root.
ATTENTION_EPSILON = 1e-3
# Standard deviation of fresh gains (about 1) and biases (about 0).
INITIAL_STD = 0.1


class InstanceAttention(nn.Module):
    """How much of each mixture an instance takes, from its channels' means and variances."""

    def __init__(self, channels: int, mixtures: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(
            nn.Conv2d(channels, mixtures, 1, bias=False), nn.Identity(), nn.Hardsigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, mixtures) in [0, 1]."""
        # `var` would export with the number of cells of the example as a constant
        cells = x.shape[2] * x.shape[3]
        mean = x.mean((2, 3), keepdim=True)
        variance = ((x - mean) ** 2).sum((2, 3), keepdim=True) / (cells - 1)
        shares: Tensor = self.attention(mean * torch.rsqrt(variance + ATTENTION_EPSILON))
        return shares.flatten(1)


class AttentiveBatchNorm(nn.BatchNorm2d):
    """Batch norm, then a gain and bias that each instance mixes from several.

    Args:
        channels: of the input.
        mixtures: how many gains and biases there are to mix.
    """

    def __init__(self, channels: int, mixtures: int) -> None:
        super().__init__(channels, affine=False)
        self.weight_ = nn.Parameter(torch.empty(mixtures, channels))
        self.bias_ = nn.Parameter(torch.empty(mixtures, channels))
        nn.init.normal_(self.weight_, 1, INITIAL_STD)
        nn.init.normal_(self.bias_, 0, INITIAL_STD)
        self.attn_weights = InstanceAttention(channels, mixtures)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, h, w); h * w at least 2."""
        shares = self.attn_weights(x)
        gain: Tensor = (shares @ self.weight_)[:, :, None, None]
        bias: Tensor = (shares @ self.bias_)[:, :, None, None]
        return super().forward(x) * gain + bias
