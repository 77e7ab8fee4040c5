"""Adaptive convolution: a 3x3 convolution whose taps an affine map moves at every cell.

Written as grid sampling and a 1x1 convolution, so that it runs and exports everywhere; equal to
deformable convolution (version 1), which the released networks were trained with.

Source: Deformable Convolutional Networks, arXiv:1703.06211; the adaptive representation
transformation of arXiv:2006.15480; the adaptive convolution of DEKR, arXiv:2104.02300.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...kernels.graph_ops import DOMAIN, VERSION, op_of

KERNEL = 3
TAPS = KERNEL * KERNEL
# Entries of the 2x2 matrix of a cell, row by row: yy, yx, xy, xx.
MATRIX_CHANNELS = 4
TRANSLATION_CHANNELS = 2

_ONE_NODE_EACH: ContextVar[bool] = ContextVar("one_node_each", default=False)


def regular_grid() -> Tensor:
    """(2, 9): where the taps of a 3x3 convolution lie, y in the first row, x in the second."""
    return torch.tensor([[-1, -1, -1, 0, 0, 0, 1, 1, 1], [-1, 0, 1] * 3], dtype=torch.float32)


def affine_offsets(
    matrix: Tensor, grid: Tensor, base: Tensor, translation: Tensor | None = None
) -> Tensor:
    """How far an affine map of the taps moves each of them.

    Args:
        matrix: (B, 4, h, w), yy, yx, xy, xx of each cell: acts on the columns (y, x) of `grid`.
        grid: (2, 9) taps before the map.
        base: (2, 9) taps that the offsets count from.
        translation: (B, 2, h, w) y, x that all taps of a cell are moved by; None: not at all.

    Returns:
        (B, 18, h, w) in cells: y, x of the first tap, of the second, ...
    """
    yy, yx, xy, xx = matrix.chunk(MATRIX_CHANNELS, dim=1)
    grid, base = grid.reshape(2, TAPS, 1, 1), base.reshape(2, TAPS, 1, 1)
    y = yy * grid[0] + yx * grid[1] - base[0]
    x = xy * grid[0] + xx * grid[1] - base[1]
    if translation is not None:
        y, x = y + translation[:, :1], x + translation[:, 1:]
    return torch.stack((y, x), 2).flatten(1, 2)


def deformable_convolution(x: Tensor, weight: Tensor, offset: Tensor, grid: Tensor) -> Tensor:
    """3x3 convolution, stride 1, whose taps lie at cell + grid + offset.

    Between cells the map is bilinear; outside it is zero, cell by cell.

    Args:
        x: (B, cin, h, w).
        weight: (cout, cin, 3, 3).
        offset: (B, 18, h, w) in cells: y, x of the first tap, of the second, ...
        grid: (2, 9) taps before they are moved, y and x: the regular grid times the dilation.

    Returns:
        (B, cout, h, w).
    """
    batch, channels, height, width = x.shape
    grid = grid.reshape(2, TAPS, 1, 1)
    rows = torch.arange(height, device=x.device, dtype=x.dtype).reshape(1, 1, -1, 1)
    columns = torch.arange(width, device=x.device, dtype=x.dtype)
    y = offset[:, 0::2] + grid[0] + rows
    # `align_corners=False` in grid_sample's units: -1 and 1 are the map's outer edges, which is
    # also defined for a map of one cell.
    positions = torch.stack(
        ((2 * (offset[:, 1::2] + grid[1] + columns) + 1) / width - 1, (2 * y + 1) / height - 1), -1
    )
    taps = F.grid_sample(
        x,
        positions.reshape(batch, TAPS * height, width, 2),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    )
    taps = taps.reshape(batch, channels * TAPS, height, width)
    return F.conv2d(taps, weight.reshape(weight.shape[0], -1, 1, 1))


class DeformableConv(nn.Module):
    """`deformable_convolution` with weights of its own, drawn uniformly as in the released code."""

    grid: Tensor

    def __init__(self, cin: int, cout: int, dilation: int = 1) -> None:
        super().__init__()
        self.dilation = dilation
        self.register_buffer("grid", dilation * regular_grid(), persistent=False)
        self.weight = nn.Parameter(torch.empty(cout, cin, KERNEL, KERNEL))
        bound = 1 / math.sqrt(cin * TAPS)
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Tensor, offset: Tensor) -> Tensor:
        """(B, cin, h, w) and (B, 18, h, w) -> (B, cout, h, w)."""
        return deformable_convolution(x, self.weight, offset, self.grid)

    def adapted(
        self, x: Tensor, matrix: Tensor, taps: Tensor, translation: Tensor | None = None
    ) -> Tensor:
        """Its taps moved as an affine map of each cell moves others.

        Args:
            x: (B, cin, h, w).
            matrix: (B, 4, h, w), see `affine_offsets`.
            taps: (2, 9) what the affine map is applied to, and the offsets count from.
            translation: (B, 2, h, w) y, x; None: none.

        Returns:
            (B, cout, h, w).
        """
        if _ONE_NODE_EACH.get() and torch.onnx.is_in_onnx_export() and self._is_regular(taps):
            spacing = float(self.dilation - 1)
            return _as_node(x, matrix, translation, self.weight, taps, spacing)
        out: Tensor = self(x, affine_offsets(matrix, taps, taps, translation))
        return out

    def _is_regular(self, taps: Tensor) -> bool:
        """Whether these are the taps of a 3x3 convolution, as the operator has them."""
        return torch.equal(self.dilation * taps, self.grid)


@contextmanager
def one_node_each() -> Iterator[None]:
    """While a network is traced for ONNX in this block, an adaptive convolution becomes one node.

    It is the operator of domain `posetrack` that `kernels.graph_ops` describes, which runs only
    where that is known or the file defines it. A convolution whose affine map is not applied to the
    regular grid is traced in standard operators.
    """
    token = _ONE_NODE_EACH.set(True)
    try:
        yield
    finally:
        _ONE_NODE_EACH.reset(token)


class _AsNode(torch.autograd.Function):
    """The kernel's operator: with G the regular grid, taps at cell + spacing * G + matrix G."""

    @staticmethod
    def forward(  # noqa: PLR0913 - as the kernel
        ctx: Any,
        x: Tensor,
        matrix: Tensor,
        translation: Tensor | None,
        weight: Tensor,
        taps: Tensor,
        spacing: float,
    ) -> Tensor:
        offset = affine_offsets(matrix, taps, torch.zeros_like(taps), translation)
        return deformable_convolution(x, weight, offset, spacing * taps)

    @staticmethod
    def symbolic(
        g: Any, x: Any, matrix: Any, translation: Any, weight: Any, _taps: Any, spacing: float
    ) -> Any:
        op = op_of("pt_adaptive_convolution", "translation" if translation is None else "")
        given = {"x": x, "matrix": matrix, "translation": translation, "weight": weight}
        node = g.op(
            f"{DOMAIN}::{op.name}",
            *(given[array.name] for array in op.inputs),
            spacing_f=spacing,
            plugin_namespace_s=DOMAIN,
            plugin_version_s=str(VERSION),
        )
        batch, _, height, width = x.type().varyingSizes()
        node.setType(x.type().with_sizes([batch, weight.type().sizes()[0], height, width]))
        return node


_as_node: Callable[..., Tensor] = _AsNode.apply


def affine_conv(cin: int, channels: int) -> nn.Conv2d:
    """The 3x3 convolution that estimates the matrix or the translation of every cell.

    Its weights start at 0 as in the released code: with dilation 1 all nine taps then lie at the
    cell itself.
    """
    conv = nn.Conv2d(cin, channels, KERNEL, padding=1)
    zero_affine(conv)
    return conv


def zero_affine(conv: nn.Conv2d) -> None:
    """Set weights and bias of an `affine_conv` to 0."""
    nn.init.zeros_(conv.weight)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
