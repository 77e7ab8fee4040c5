"""Maps enlarged to the network's input, and their peaks."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from ..structures.arrays import Float32Array, HeadArray, Int32Array
from .call import run
from .checks import check_at_least, choice
from .contract import CONSTANTS

__all__ = ["upsample_maps", "upsampled_peaks"]

# How the cells of a map lie on the pixels of a larger one; between them, both are bilinear.
# "half-pixel": cell i is centred on pixel (i + 0.5) * W / w - 0.5 and the border repeats, which is
#     torch's interpolate(mode="bilinear", align_corners=False), bit for bit (LOGO-CAP).
# "corner": cell i lies on pixel i * W / w and pixels behind the last cell repeat it
#     (`up_interpolate` of github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation).
Rule: TypeAlias = Literal["half-pixel", "corner"]

_RULES = {"half-pixel": CONSTANTS["PT_HALF_PIXEL"], "corner": CONSTANTS["PT_CORNER"]}


def upsample_maps(maps: HeadArray, size: tuple[int, int], *, rule: Rule) -> Float32Array:
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
    number = choice("rule", rule, _RULES)
    out: Float32Array = run("pt_upsample_maps", maps=maps, H=size[0], W=size[1], rule=number)
    return out


def upsampled_peaks(  # noqa: PLR0913 - what is searched, how, and which peaks count
    maps: HeadArray,
    size: tuple[int, int],
    count: int,
    *,
    window: int,
    rule: Rule,
    min_value: float = -np.inf,
    at_least: int = 0,
) -> tuple[Int32Array, Float32Array, Int32Array]:
    """The strongest pixels of enlarged maps after non-maximum suppression, without enlarging them.

    Suppression sets a pixel to 0 if another one in its window exceeds it, so all pixels of a
    plateau stay. Where fewer than `count` pixels are above 0 after that, pixels of 0 follow, then
    those below 0. Equal values are in the order of their cells. NaN counts as 0 and suppresses
    none.

    Args:
        maps: (B, C, h, w) head; may be some channels of a larger array.
        size: H, W of the enlarged maps; h, w to search the maps as they are.
        count: N, pixels per map.
        window: odd side of the window, pixels, up to 15; 0: by the size of `maps`, as DEKR was
            published: 7 where the mean of h and w is above 300, 5 where it is above 200, else 3.
        rule: "half-pixel" or "corner", how cells lie on pixels.
        min_value: pixels count whose value is above this,
        at_least: but no fewer than so many, if the map has them. The others are given, too.

    Returns:
        (B, C, N) int32 cells of the enlarged maps, row * W + column, -1 where a map has fewer
        pixels; (B, C, N) float32 values after suppression, highest first, 0 where there is no cell;
        (B, C) int32 how many of them count.

    Raises:
        ValueError, TypeError: as for every kernel here; maps without cells cannot be enlarged.
    """
    check_at_least("count", count, 0)
    sizes = {"H": size[0], "W": size[1], "N": count}
    options = {"window": window, "rule": choice("rule", rule, _RULES)}
    counting = {"min_value": min_value, "at_least": at_least}
    peaks: tuple[Int32Array, Float32Array, Int32Array] = run(
        "pt_upsampled_peaks", maps=maps, **sizes, **options, **counting
    )
    return peaks
