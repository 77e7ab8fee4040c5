"""Native post-processing: one function per kernel.

Every function checks dtype, shape and memory order of its arrays and never converts them. A cell
of a map is one number, row * w + column; -1 means none. Letters: B batch, N poses, M other
poses, K keypoints, H x W image, h x w map.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..structures.arrays import AnyArray, BoolArray, Float32Array, Int32Array, UInt8Array
from .library import call, scratch_bytes

__all__ = [
    "center_nms_topk",
    "center_offset_decode",
    "gaussian_argmax",
    "oks_matrix",
    "oks_nms",
    "size_image",
]


def size_image(
    image: UInt8Array,
    size: tuple[int, int],
    scale: float,
    border: tuple[int, int, int] = (0, 0, 0),
    *,
    out: UInt8Array | None = None,
) -> UInt8Array:
    """Zoom an image uniformly into the top-left corner of the network's input.

    Output pixel i takes the image around (i + 0.5) / scale - 0.5 with a triangle filter of radius
    max(1, 0.5 / scale): bilinear down to half size, no pixel of the image lost below that.

    Args:
        image: (H, W, 3) uint8.
        size: (h, w) of the result.
        scale: result pixels per image pixel, 1 / 4096 to 16384.
        border: colour of result pixels whose centre lies outside the image.
        out: (h, w, 3) uint8 to write to.

    Returns:
        (h, w, 3) uint8, `out` if given.

    Raises:
        ValueError: a wrong shape or order, a border that is no colour, `scale` out of range.
        TypeError: a wrong dtype.
    """
    _check("image", image, np.uint8, (None, None, 3))
    if not 1 / 4096 <= scale <= 16384:
        raise ValueError(f"scale must be from 1 / 4096 to 16384, got {scale}")
    if len(border) != 3 or not all(0 <= value <= 255 for value in border):
        raise ValueError(f"border must be three values from 0 to 255, got {border}")
    if out is None:
        out = np.empty((*size, 3), np.uint8)
    _check("out", out, np.uint8, (*size, 3))
    if not out.flags.writeable:
        raise ValueError("out must be writeable")
    sizes = (*image.shape[:2], *size)
    scratch = np.empty(scratch_bytes("pt_size_image_scratch_bytes", *sizes, scale), np.uint8)
    colour = np.array(border, np.uint8)
    call("pt_size_image_cpu", *_pointers(out, scratch, image, colour), *sizes, scale)
    return out


def center_nms_topk(
    maps: Float32Array,
    count: int,
    *,
    radius: int = 2,
    tolerance: float = 0.0,
    threshold: float = 0.0,
) -> tuple[Int32Array, Float32Array, Int32Array]:
    """The highest local maxima of each map, highest first; equal ones by lower cell.

    Args:
        maps: (B, h, w) float32; may be one channel of a larger contiguous array.
        count: N, most peaks per map.
        radius: a peak is not exceeded within the square of side 2 * radius + 1 around it ...
        tolerance: ... by more than this.
        threshold: a peak is above this.

    Returns:
        (B, N) int32 cells, -1 behind the last peak; (B, N) float32 scores; (B,) int32 counts.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    stride = _check_batch("maps", maps, (None, None, None))
    batch, height, width = maps.shape
    cells = np.empty((batch, count), np.int32)
    scores = np.empty((batch, count), np.float32)
    found = np.empty(batch, np.int32)
    sizes = (height, width)
    scratch = np.empty(scratch_bytes("pt_center_nms_topk_scratch_bytes", *sizes), np.uint8)
    pointers = _pointers(cells, scores, found, scratch, maps)
    options = (radius, tolerance, threshold)
    call("pt_center_nms_topk_cpu", *pointers, stride, batch, count, *sizes, *options)
    return cells, scores, found


def center_offset_decode(
    cells: Int32Array, offset: Float32Array, *, sign: float = 1.0
) -> Float32Array:
    """Keypoints from the offset field at each center.

    Args:
        cells: (B, N) int32 centers; -1 gives zeros.
        offset: (B, 2K, h, w) float32, x0, y0, x1, ... in cells.
        sign: 1 where the field points from center to keypoint, -1 where it points back.

    Returns:
        (B, N, K, 2) float32 x, y in cells: position of the center's cell + sign * offset.

    Raises:
        ValueError, TypeError: as for every kernel here; a cell outside the map.
    """
    _check("cells", cells, np.int32, (None, None))
    _check("offset", offset, np.float32, (cells.shape[0], None, None, None))
    batch, people = cells.shape
    channels, height, width = offset.shape[1:]
    if channels % 2:
        raise ValueError(f"offset must have two channels per keypoint, got {channels}")
    keypoints = np.empty((batch, people, channels // 2, 2), np.float32)
    sizes = (batch, people, channels // 2, height, width)
    call("pt_center_offset_decode_cpu", *_pointers(keypoints, cells, offset), *sizes, sign)
    return keypoints


def gaussian_argmax(
    heatmap: Float32Array,
    centers: Float32Array,
    spread: Float32Array,
    boxes: Float32Array | None = None,
) -> tuple[Int32Array, Float32Array]:
    """For every keypoint of every pose, the cell where heatmap x Gaussian is highest.

    The weight of a cell is exp(-d^2 / spread) with d its distance to the Gaussian's centre.

    Args:
        heatmap: (B, K, h, w) float32, not negative; may be the first channels of a larger array.
        centers: (B, N, K, 2) float32 x, y of the Gaussians in cells.
        spread: (B, N) float32 in cells^2; a pose whose spread is not positive is left out.
        boxes: (B, N, 4) float32 x1, y1, x2, y2 in cells: only x1 <= column < x2 and
            y1 <= row < y2 count.

    Returns:
        (B, N, K) int32 cells and (B, N, K) float32 heatmap x weight there; equal values go to the
        lower cell; -1 and 0 where nothing is above 0.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    _check("centers", centers, np.float32, (None, None, None, 2))
    batch, people, keypoints = centers.shape[:3]
    stride = _check_batch("heatmap", heatmap, (batch, keypoints, None, None))
    _check("spread", spread, np.float32, (batch, people))
    if boxes is not None:
        _check("boxes", boxes, np.float32, (batch, people, 4))
    cells = np.empty((batch, people, keypoints), np.int32)
    values = np.empty((batch, people, keypoints), np.float32)
    map_sizes = (keypoints, *heatmap.shape[2:])
    scratch = np.empty(scratch_bytes("pt_gaussian_argmax_scratch_bytes", *map_sizes), np.uint8)
    pointers = _pointers(cells, values, scratch, heatmap, centers, spread, boxes)
    call("pt_gaussian_argmax_cpu", *pointers, stride, batch, people, *map_sizes)
    return cells, values


def oks_matrix(
    a: Float32Array,
    b: Float32Array,
    b_scores: Float32Array,
    b_area: Float32Array,
    sigmas: Float32Array,
) -> Float32Array:
    """Object keypoint similarity between every pose of `a` and every pose of `b`.

    Args:
        a: (N, K, 2) float32 keypoints, image pixels.
        b: (M, K, 2) float32 keypoints, image pixels.
        b_scores: (M, K) float32; a keypoint not above 0 is left out of the mean.
        b_area: (M,) float32 px², sets the scale of each pose of `b`.
        sigmas: (K,) float32, unit-less, from the skeleton.

    Returns:
        (N, M) float32 in [0, 1]. A pose of `b` without keypoints or area gives 0.

    Raises:
        ValueError, TypeError: as for every kernel here.

    Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval
    """
    _check("a", a, np.float32, (None, None, 2))
    _check("b", b, np.float32, (None, a.shape[1], 2))
    _check("b_scores", b_scores, np.float32, b.shape[:2])
    _check("b_area", b_area, np.float32, b.shape[:1])
    _check("sigmas", sigmas, np.float32, b.shape[1:2])
    oks = np.empty((len(a), len(b)), np.float32)
    sizes = (len(a), len(b), a.shape[1])
    call("pt_oks_matrix_cpu", *_pointers(oks, a, b, b_scores, b_area, sigmas), *sizes)
    return oks


def oks_nms(
    keypoints: Float32Array,
    scores: Float32Array,
    area: Float32Array,
    sigmas: Float32Array,
    *,
    threshold: float,
) -> BoolArray:
    """Greedy suppression of poses that are alike: the earlier row wins, so sort best first.

    Args:
        keypoints: (N, K, 2) float32, image pixels.
        scores: (N, K) float32; a keypoint not above 0 is left out.
        area: (N,) float32 px².
        sigmas: (K,) float32, unit-less, from the skeleton.
        threshold: a pose is dropped if its OKS to an earlier kept one is above this.

    Returns:
        (N,) bool, True = kept.

    Raises:
        ValueError, TypeError: as for every kernel here.
    """
    _check("keypoints", keypoints, np.float32, (None, None, 2))
    _check("scores", scores, np.float32, keypoints.shape[:2])
    _check("area", area, np.float32, keypoints.shape[:1])
    _check("sigmas", sigmas, np.float32, keypoints.shape[1:2])
    keep = np.empty(len(keypoints), np.bool_)
    pointers = _pointers(keep, keypoints, scores, area, sigmas)
    call("pt_oks_nms_cpu", *pointers, *keypoints.shape[:2], threshold)
    return keep


def _check(name: str, array: AnyArray, dtype: npt.DTypeLike, shape: tuple[int | None, ...]) -> None:
    """A C-contiguous array of this dtype and shape, None standing for any size."""
    _check_shape(name, array, dtype, shape)
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be C-contiguous: pass np.ascontiguousarray({name})")


def _check_batch(name: str, array: Float32Array, shape: tuple[int | None, ...]) -> int:
    """Like `_check`, but images may lie apart; the elements from one image to the next."""
    _check_shape(name, array, np.float32, shape)
    if array.size and not array[0].flags.c_contiguous:
        raise ValueError(f"each {name}[b] must be C-contiguous")
    stride = array.strides[0]
    if stride < 0 or stride % array.itemsize:
        raise ValueError(f"{name} must run forward in whole elements from image to image")
    return stride // array.itemsize


def _check_shape(
    name: str, array: AnyArray, dtype: npt.DTypeLike, shape: tuple[int | None, ...]
) -> None:
    if array.dtype != dtype:
        raise TypeError(f"{name} must be {np.dtype(dtype)}, got {array.dtype}")
    fits = array.ndim == len(shape) and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {array.shape}")


def _pointers(*arrays: AnyArray | None) -> tuple[int | None, ...]:
    return tuple(None if array is None else array.ctypes.data for array in arrays)
