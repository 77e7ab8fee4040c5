"""Flip test inside the graph: the heads of an image and of its flipped image, averaged.

Each family's published rule: which way the flipped image is moved, what is put in its last
columns, and, with heatmaps of two strides, that the coarse one is upsampled before it is flipped
back.

Source: `inference.py` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation and of
github.com/HRNet/DEKR; for LOGO-CAP the published behaviour.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..structures import HeadSpec, ModelSpec

# Heads of which the flipped image has a say; the rest is the straight image's alone.
_HEATMAPS = ("heatmap", "heatmap_2x")
_STRAIGHT = ("embedding",)


class FlipTest(nn.Module):
    """A network together with its flip test.

    A higher network's `heatmap` comes out at the stride of its `heatmap_2x`; `spec` says so.

    Args:
        network: normalised images (B, 3, H, W) -> named heads.
        spec: of the network without flip test; `mirror_shift` is for its heads at stride 4, a
            finer head's flipped image is moved by its own stride less one.

    Attributes:
        spec: of this network.

    Raises:
        ValueError: the spec says that the flip test is in the network already, or not how it goes,
            or a head is none that this knows how to flip.
    """

    signs: Tensor

    def __init__(self, network: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        _check(spec)
        self.network = network
        self.train(network.training)
        self.heads = spec.heads
        self.fill = spec.mirror_fill
        shift = spec.mirror_shift or 0
        self.shifts = {head.name: min(shift, head.stride - 1) for head in spec.heads}
        self.order = [int(k) for k in spec.skeleton.flip_order]
        signs = torch.tensor([-1.0, 1.0]).repeat(len(self.order))  # of x, y, x, ...
        self.register_buffer("signs", signs.reshape(-1, 1, 1), persistent=False)
        self.finest = min(head.stride for head in spec.heads if head.name in _HEATMAPS)
        heads = (
            replace(head, stride=self.finest) if head.name in _HEATMAPS else head
            for head in spec.heads
        )
        self.spec = replace(spec, heads=tuple(heads), flip_baked=True)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) normalised images -> the heads of `spec`, (B, C, h, w) each."""
        shifts = sorted({self.shifts[h.name] for h in self.heads if h.name not in _STRAIGHT})
        flipped = image.flip(3)
        images = [image, *(self._moved(flipped, shift) for shift in shifts)]
        outputs = self.network(torch.cat(images))
        averaged = {}
        for head in self.heads:
            straight, *others = outputs[head.name].chunk(len(images))
            if head.name in _STRAIGHT:
                averaged[head.name] = straight
                continue
            other = others[shifts.index(self.shifts[head.name])]
            if head.name == "heatmap":
                ratio = head.stride // self.finest
                straight, other = _upsample(straight, ratio), _upsample(other, ratio)
            averaged[head.name] = (straight + self._flipped_back(head, other)) / 2
        return averaged

    def _moved(self, image: Tensor, shift: int) -> Tensor:
        """An image moved to the left by some pixels; the last columns are filled by the rule."""
        if shift == 0:
            return image
        moved = image[..., shift:]
        if self.fill == "keep":
            return torch.cat((moved, image[..., -shift:]), 3)
        return F.pad(moved, (0, shift))

    def _flipped_back(self, head: HeadSpec, values: Tensor) -> Tensor:
        """The head of a flipped image as if it were that of the image: sides exchanged."""
        values = values.flip(3)
        if head.name in _HEATMAPS:
            center = range(len(self.order), head.channels)
            return values[:, [*self.order, *center]]
        # Positions less keypoints: flipped, every x is the other way round.
        return self.signs * values[:, [2 * k + axis for k in self.order for axis in (0, 1)]]


def _upsample(heatmap: Tensor, ratio: int) -> Tensor:
    """Cell i of (B, C, h, w) to cell `ratio * i`; the last ones are repeated to the border."""
    if ratio == 1:
        return heatmap
    extra = ratio - 1
    size = (heatmap.shape[2] * ratio - extra, heatmap.shape[3] * ratio - extra)
    larger = F.interpolate(heatmap, size=size, mode="bilinear", align_corners=True)
    return F.pad(larger, (0, extra, 0, extra), mode="replicate")


def _check(spec: ModelSpec) -> None:
    if spec.flip_baked or spec.mirror_shift is None:
        reason = "has a flip test already" if spec.flip_baked else "does not say how it is flipped"
        raise ValueError(f"{spec.name} {reason}: no flip test can be put around it")
    known = (*_HEATMAPS, *_STRAIGHT, "offset")
    unknown = [h.name for h in spec.heads if h.name not in known or h.activation != "none"]
    if unknown:
        raise ValueError(
            f"a flip test flips {', '.join(known)} without activation, got {', '.join(unknown)}"
        )
