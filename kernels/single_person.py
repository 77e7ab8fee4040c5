"""Keypoints from the maps of one person's crop: the highest cell or the expected place."""

from __future__ import annotations

from ..structures.arrays import Float32Array, HeadArray, Int32Array
from .call import run

__all__ = [
    "fuse_offsets",
    "heatmap_argmax",
    "quarter_offset_argmax",
    "smooth_heatmaps",
    "soft_argmax",
]


def smooth_heatmaps(maps: HeadArray, deviation: float) -> Float32Array:
    """Maps smoothed by a Gaussian filter; beyond the border the outermost cell repeats.

    Args:
        maps: (B, K, h, w) head; may be channels of a larger array.
        deviation: standard deviation in cells, 0 to 64; 0 copies. Cells up to
            floor(4 * deviation + 0.5) away count.

    Returns:
        (B, K, h, w) float32; NaN spreads to every cell in whose sum it is.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    smoothed: Float32Array = run("pt_smooth_heatmaps", maps=maps, deviation=deviation)
    return smoothed


def heatmap_argmax(maps: HeadArray) -> tuple[Int32Array, Float32Array]:
    """The highest cell of each map, the first of equal ones; NaN does not count.

    Args:
        maps: (B, K, h, w) head; may be channels of a larger array.

    Returns:
        (B, K) int32 cells and (B, K) float32 values there; -1 and 0 where all is NaN.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    cells, values = run("pt_heatmap_argmax", maps=maps)
    return cells, values


def quarter_offset_argmax(
    maps: HeadArray, *, quarter: float = 0.25
) -> tuple[Float32Array, Float32Array]:
    """The highest cell of each map, moved a little towards its higher neighbours.

    As in the released code, cells of the first two and of the last row and column stay.

    Args:
        maps: (B, K, h, w) head; may be channels of a larger array.
        quarter: how far it moves in x and in y, cells.

    Returns:
        (B, K, 2) float32 x, y in cells, (0, 0) where nothing is above 0; (B, K) float32 values at
        the highest cells as of `heatmap_argmax`.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: github.com/microsoft/human-pose-estimation.pytorch, MIT.
    """
    keypoints, values = run("pt_quarter_offset_argmax", maps=maps, quarter=quarter)
    return keypoints, values


def fuse_offsets(
    heatmaps: HeadArray,
    offsets: HeadArray | None,
    radius: float,
    smoothing: float = 1.0,
) -> tuple[Float32Array, Float32Array]:
    """OGN's keypoints: the highest cell of the smoothed heatmap plus R times the offset there.

    Args:
        heatmaps: (B, K, h, w) head; may be channels of a larger array.
        offsets: (B, 2K, h, w) head of the same dtype, x0, y0, x1, ... in units of R; may be
            channels of a larger array; None: none is added.
        radius: R in cells.
        smoothing: standard deviation of the filter, cells, 0 to 64; see `smooth_heatmaps`.

    Returns:
        (B, K, 2) float32 x, y in cells; (B, K) float32 values there of the heatmap before it was
        smoothed, because smoothing lowers a small disk and would make scores depend on the stride.
        Zeros where the smoothed map is all NaN.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
    Workshops 2019, equations 3 and 4.
    """
    heads = {"heatmaps": heatmaps, "offsets": offsets}
    keypoints, values = run("pt_fuse_offsets", **heads, radius=radius, smoothing=smoothing)
    return keypoints, values


def soft_argmax(logits: HeadArray) -> tuple[Float32Array, Float32Array]:
    """The expected place of each keypoint if its distribution is the softmax of its map.

    Args:
        logits: (B, K, h, w) head, or (B, K, d, h, w) in three dimensions; may be channels of a
            larger array. One volume without the batch axis would pass for several maps: keep the
            axis. -infinity and NaN have no weight; cells of +infinity share all of it.

    Returns:
        (B, K, 2) float32 x, y, or (B, K, 3) x, y, z: cell j of n gives j / n - 0.5; (B, K) float32
        probability of the highest cell. Zeros where no cell has weight.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: Sun et al., "Integral Human Pose Regression", ECCV 2018, equation 2.
    """
    dimensions = 3 if len(logits.shape) == 5 else 2
    volumes = logits if dimensions == 3 else logits[..., None, :, :]
    places, scores = run("pt_soft_argmax", logits=volumes, dimensions=dimensions)
    return places, scores
