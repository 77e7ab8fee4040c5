"""Maps enlarged to the network's input, and their peaks."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from ..structures.arrays import Float32Array, Int32Array
from .checks import check_at_least, check_head_batch
from .devices import device_of, head_dtype, scratch

# How the cells of a map lie on the pixels of a larger one; between them, both are bilinear.
# "half-pixel": cell i is centred on pixel (i + 0.5) * W / w - 0.5 and the border repeats, which is
#     torch's interpolate(mode="bilinear", align_corners=False), bit for bit (LOGO-CAP).
# "corner": cell i lies on pixel i * W / w and pixels behind the last cell repeat it
#     (`up_interpolate` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation).
Rule: TypeAlias = Literal["half-pixel", "corner"]

_RULES = {"half-pixel": 0, "corner": 1}
_MAX_WINDOW = 15
_MAX_SIDE = 2**24  # of maps: up to here float32 counts pixels


def upsample_maps(maps: Float32Array, size: tuple[int, int], *, rule: Rule) -> Float32Array:
    """Maps interpolated to another size; maps that have it already are copied.

    Args:
        maps: (B, C, h, w) head; may be some channels of a larger array.
        size: H, W of the result.
        rule: "half-pixel" or "corner", how cells lie on pixels.

    Returns:
        (B, C, H, W) float32.

    Raises:
        ValueError, TypeError: as for every kernel here; maps without cells cannot be enlarged.
    """
    device = device_of(maps)
    stride = check_head_batch("maps", maps, (None, None, None, None), device)
    chosen = _rule_number(rule)
    check_size("maps", (maps.shape[2], maps.shape[3]), size)
    out = device.empty((*maps.shape[:2], *size), np.float32)
    sizes = (stride, *maps.shape, *size, chosen)
    device.call("pt_upsample_maps", out, maps, head_dtype(maps), *sizes)
    return out


def upsampled_peaks(
    maps: Float32Array, size: tuple[int, int], count: int, *, window: int, rule: Rule
) -> tuple[Int32Array, Float32Array]:
    """The strongest pixels of enlarged maps after non-maximum suppression, without enlarging them.

    Suppression sets a pixel to 0 if another one in its window exceeds it, so all pixels of a
    plateau stay. Where fewer than `count` pixels are above 0 after that, pixels of 0 follow, then
    those below 0. Equal values are in the order of their cells. NaN counts as 0 and suppresses
    none.

    Args:
        maps: (B, C, h, w) head; may be some channels of a larger array.
        size: H, W of the enlarged maps; h, w to search the maps as they are.
        count: N, pixels per map.
        window: odd side of the window, pixels, up to 15.
        rule: "half-pixel" or "corner", how cells lie on pixels.

    Returns:
        (B, C, N) int32 cells of the enlarged maps, row * W + column, -1 where a map has fewer
        pixels; (B, C, N) float32 values after suppression, highest first, 0 where there is no cell.

    Raises:
        ValueError, TypeError: as for every kernel here; maps without cells cannot be enlarged.
    """
    device = device_of(maps)
    stride = check_head_batch("maps", maps, (None, None, None, None), device)
    chosen = _rule_number(rule)
    check_size("maps", (maps.shape[2], maps.shape[3]), size)
    if window not in range(1, _MAX_WINDOW + 1, 2):
        raise ValueError(f"window must be odd, from 1 to {_MAX_WINDOW}, got {window}")
    check_at_least("count", count, 0)
    batch, channels, height, width = maps.shape
    cells = device.empty((batch, channels, count), np.int32)
    values = device.empty((batch, channels, count), np.float32)
    sizes = (batch, channels, count, height, width, *size)
    working = scratch(device, "pt_upsampled_peaks", *sizes, device.cuda)
    outputs = (cells, values, working)
    options = (window // 2, chosen)
    device.call("pt_upsampled_peaks", *outputs, maps, head_dtype(maps), stride, *sizes, *options)
    return cells, values


def _rule_number(rule: str) -> int:
    """A rule's number in the C interface.

    Raises:
        ValueError: there is no such rule.
    """
    if rule not in _RULES:
        raise ValueError(f"rule must be 'half-pixel' or 'corner', got {rule!r}")
    return _RULES[rule]


def check_size(name: str, cells: tuple[int, int], size: tuple[int, int]) -> None:
    """Check the cells of a map and the size it is enlarged to.

    Raises:
        ValueError: a side is negative or above 2^24, or there are no cells to enlarge.
    """
    check_at_least("size", size, 0)
    if max(*size, *cells) > _MAX_SIDE:
        raise ValueError(
            f"{name} and size must not exceed {_MAX_SIDE} either way, got {cells} and {size}"
        )
    if min(size) > 0 and min(cells) == 0:
        raise ValueError(f"{name} of {cells[0]} x {cells[1]} cells cannot be enlarged to {size}")
