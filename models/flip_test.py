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

# What each kind of head is worth in a flip test. Of features the image's own alone count.
_AVERAGED = ("heatmap", "vector")
_STRAIGHT = ("feature",)


class FlipTest(nn.Module):
    """A network together with its flip test.

    A higher network's `heatmap` comes out at the stride of its `heatmap_2x`; `spec` says so.

    Args:
        network: normalised images (B, 3, H, W) -> named heads.
        spec: of the network without flip test; its `flip_shift` is for heads at stride 4, a finer
            head's flipped image is moved by its own stride less one.

    Attributes:
        spec: of this network.

    Raises:
        ValueError: the spec says that a flip test is in the network already or does not belong
            into it, or this rule does not know a head's kind or activation.
    """

    signs: Tensor

    def __init__(self, network: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        _check(spec)
        self.network = network
        self.train(network.training)
        self.heads = spec.heads
        self.fill = spec.flip_fill
        self.shifts = {head.name: min(spec.flip_shift, head.stride - 1) for head in spec.heads}
        self.orders = {head.name: head.flip_order(spec.skeleton).tolist() for head in spec.heads}
        signs = torch.tensor([-1.0, 1.0]).repeat(len(spec.skeleton))  # of x, y, x, ...
        self.register_buffer("signs", signs.reshape(-1, 1, 1), persistent=False)
        self.finest = min(head.stride for head in spec.heads if head.kind == "heatmap")
        heads = (
            replace(head, stride=self.finest) if head.kind == "heatmap" else head
            for head in spec.heads
        )
        self.spec = replace(spec, heads=tuple(heads), flip="done")

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) normalised images -> the heads of `spec`, (B, C, h, w) each."""
        shifts = sorted({self.shifts[h.name] for h in self.heads if h.kind in _AVERAGED})
        flipped = image.flip(3)
        images = [image, *(self._moved(flipped, shift) for shift in shifts)]
        outputs = self.network(torch.cat(images))
        averaged = {}
        for head in self.heads:
            straight, *others = outputs[head.name].chunk(len(images))
            if head.kind in _STRAIGHT:
                averaged[head.name] = straight
                continue
            other = others[shifts.index(self.shifts[head.name])]
            if head.kind == "heatmap":
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
        turned = values.flip(3)[:, self.orders[head.name]]
        # A vector's x points the other way in the flipped image.
        return self.signs * turned if head.kind == "vector" else turned


def _upsample(heatmap: Tensor, ratio: int) -> Tensor:
    """Cell i of (B, C, h, w) to cell `ratio * i`; the last ones are repeated to the border."""
    if ratio == 1:
        return heatmap
    extra = ratio - 1
    size = (heatmap.shape[2] * ratio - extra, heatmap.shape[3] * ratio - extra)
    larger = F.interpolate(heatmap, size=size, mode="bilinear", align_corners=True)
    return F.pad(larger, (0, extra, 0, extra), mode="replicate")


def _check(spec: ModelSpec) -> None:
    if spec.flip != "inside":
        reasons = {"done": "has a flip test already", "around": "has its flip test around it"}
        reason = reasons.get(spec.flip, "has no flip test")
        raise ValueError(f"{spec.name} {reason}: none can be put into it")
    unknown = [
        f"{head.name} ({head.kind}, activation {head.activation})"
        for head in spec.heads
        if head.kind not in (*_AVERAGED, *_STRAIGHT) or head.activation != "none"
    ]
    if unknown:
        raise ValueError(
            f"a flip test in the network knows {', '.join((*_AVERAGED, *_STRAIGHT))} heads without "
            f"activation, {spec.name} has {', '.join(unknown)}"
        )
