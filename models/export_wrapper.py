"""Image in, heads out: what a file or a session runs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..structures import ModelSpec
from .flip_test import FlipTest

PIXEL_MAX = 255.0


class ExportWrapper(nn.Module):
    """Casts, transposes and normalises in front of a network, and orders its heads.

    Args:
        network: normalised images (B, 3, H, W) -> named heads.
        spec: mean, std and the heads' order.
        flipped: whether the heads of the flipped images follow those of the images.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, spec: ModelSpec, *, flipped: bool = False) -> None:
        super().__init__()
        self.network, self.flipped = network, flipped
        self.names = [head.name for head in spec.heads]
        self.unit = PIXEL_MAX if spec.pixel_range == "unit" else 1.0
        for name, values in (("mean", spec.mean), ("std", spec.std)):
            scaled = torch.tensor([value / self.unit for value in values])
            self.register_buffer(name, scaled.reshape(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(B, H, W, 3) uint8 RGB -> the heads in the order of the spec."""
        # cast first: TensorRT does nothing else with bytes; contiguous, or torch takes its kernels
        # for channels last, with other last bits
        pixels = image.to(torch.float32).permute(0, 3, 1, 2).contiguous()
        if self.unit != 1:
            pixels = pixels / self.unit
        normalised = (pixels - self.mean) / self.std
        if not self.flipped:
            heads = self.network(normalised)
            return tuple(heads[name] for name in self.names)
        heads = self.network(torch.cat((normalised, normalised.flip(3))))
        straight, flipped = zip(*(heads[name].chunk(2) for name in self.names), strict=True)
        return (*straight, *flipped)


def with_flip_test(network: nn.Module, spec: ModelSpec) -> tuple[FlipTest, ModelSpec]:
    """The network that averages with the flipped image itself, and its spec.

    Raises:
        ValueError: the spec does not say how its flipped image is averaged.
    """
    flip_test = FlipTest(network, spec)
    return flip_test, flip_test.spec
