"""Published post-processing in NumPy, SciPy and OpenCV, without loops over pixels.

What `postprocess.py` measures the kernels against, next to PyTorch.
"""

from __future__ import annotations

import cv2
import numpy as np
from posetrack.structures.arrays import AnyArray, BoolArray, Float32Array, Int64Array
from scipy import ndimage
from scipy.optimize import leastsq

# ---- LOGO-CAP


def _neighbours(positions: AnyArray, length: int) -> tuple[AnyArray, ...]:
    last = np.float32(length - 1)
    low = np.clip(np.floor(positions), 0, last)
    high = np.minimum(low + np.float32(1), last)
    weights = np.clip(high - positions, 0, 1), np.clip(positions - low, 0, 1)
    return low.astype(np.int64), high.astype(np.int64), *weights


def _windows(heatmap: AnyArray, keypoints: AnyArray, side: int) -> Float32Array:
    """(K, H, W), (K, 2) -> (K, side, side)."""
    count, height, width = heatmap.shape
    steps = np.arange(side, dtype=np.float32) - side // 2
    x0, x1, left, right = _neighbours(keypoints[:, :1] + steps, width)
    y0, y1, upper, lower = _neighbours(keypoints[:, 1:] + steps, height)
    flat, start = heatmap.reshape(-1), (np.arange(count) * (height * width))[:, None, None]

    def part(y: AnyArray, x: AnyArray, down: AnyArray, across: AnyArray) -> AnyArray:
        index = start + y[:, :, None] * width + x[:, None]
        return np.asarray(np.take(flat, index) * (down[:, :, None] * across[:, None]))

    total = part(y0, x0, upper, left)
    total += part(y1, x0, lower, left)
    total += part(y0, x1, upper, right)
    total += part(y1, x1, lower, right)
    return np.asarray(total, np.float32)


def logocap_adaptation(
    enlarged: AnyArray, poses: AnyArray, kernels: AnyArray, gaussian: AnyArray
) -> tuple[Float32Array, Float32Array]:
    """(K, H, W), (N, K, 2), (N, K, s, s), (g, g) -> (N, K, 2) and (N, K)."""
    outer, side = len(gaussian), kernels.shape[-1]
    weights = np.clip(kernels, 0, 1) / np.float32(side**2)
    moved, values = np.empty_like(poses), np.empty(poses.shape[:2], np.float32)
    for n, pose in enumerate(poses):
        padded = np.pad(
            _windows(enlarged, pose, outer) * gaussian, ((0, 0), *((side // 2,) * 2,) * 2)
        )
        refined = np.zeros((len(pose), outer, outer), np.float32)
        for row, column in np.ndindex(side, side):
            top, left = side - 1 - row, side - 1 - column
            part = padded[:, top : top + outer, left : left + outer]
            refined += part * weights[n, :, row, column, None, None]
        flat = refined.reshape(len(pose), -1)
        best = np.argpartition(-flat, 1, axis=1)[:, :2]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(flat, best, 1), 1), 1)
        share = np.float32([0.75, 0.25])
        values[n] = np.take_along_axis(flat, best, 1) @ share
        moved[n] = pose + np.stack((best % outer, best // outer), 2).transpose(0, 2, 1) @ share
        moved[n] -= outer // 2
    return moved, values


def logocap_windows(
    poses: AnyArray, steps: AnyArray, embedding: AnyArray, stride: int = 4
) -> Float32Array:
    """(N, K, 2), (K, s), (1, C, h, w) -> (N, K * C, s, s)."""
    cells = np.ascontiguousarray(embedding[0].transpose(1, 2, 0))
    height, width, channels = cells.shape
    flat, side = cells.reshape(-1, channels), steps.shape[1]
    features = np.empty((len(poses), len(steps) * channels, side, side), np.float32)
    for pose, out in zip(poses, features, strict=True):
        x0, x1, left, right = _neighbours((pose[:, :1] + steps) / stride, width)
        y0, y1, upper, lower = _neighbours((pose[:, 1:] + steps) / stride, height)
        total = np.zeros((len(steps), side, side, channels), np.float32)
        for y, down in ((y0, upper), (y1, lower)):
            for x, across in ((x0, left), (x1, right)):
                index = y[:, :, None] * width + x[:, None]
                weight = down[:, :, None] * across[:, None]
                total += np.take(flat, index, axis=0) * weight[..., None]
        out[:] = total.transpose(0, 3, 1, 2).reshape(-1, side, side)
    return features


def _enlarge(heatmap: AnyArray, size: tuple[int, int]) -> Float32Array:
    """(C, h, w) -> (C, H, W), with the half-pixel shift."""
    return np.stack(
        [cv2.resize(m, size[::-1], interpolation=cv2.INTER_LINEAR) for m in heatmap]
    ).astype(np.float32)


def logocap(
    heatmap: AnyArray,
    offset: AnyArray,
    embedding: AnyArray,
    kernels: AnyArray,
    gaussian: AnyArray,
    steps: AnyArray,
) -> tuple[Float32Array, Float32Array]:
    """Heads of one image -> keypoints and scores (N, K), input pixels, best first."""
    size = (heatmap.shape[2] * 4, heatmap.shape[3] * 4)
    enlarged = _enlarge(heatmap[0], size)
    values, index = (part[0] for part in strongest(enlarged[-1:], 3))
    index, values = index[values >= 0.01], values[values >= 0.01]
    centers = np.stack((index % size[1], index // size[1]), 1)
    x, y = (centers // 4).T
    moves = offset[0][:, y, x].T.reshape(len(centers), -1, 2)
    poses = ((centers[:, None] / np.float32(4) - moves) * 4).astype(np.float32)
    logocap_windows(poses, steps, embedding)
    points, heat = logocap_adaptation(enlarged[:-1], poses, kernels[: len(poses)], gaussian)
    scores = heat * values[:, None]
    kept = np.array(nms_near_keypoints(points, scores.mean(1), 0.05, 8, relative=True))
    kept = kept[np.argsort(-scores[kept].mean(1), kind="stable")]
    return points[kept], scores[kept]


def nms_near_keypoints(
    poses: AnyArray, scores: AnyArray, distance: float, max_near: int, *, relative: bool
) -> list[int]:
    """The best of each group of poses with more than `max_near` keypoints near each other."""
    apart = np.sqrt(((poses[:, None] - poses[None]) ** 2).sum(3))
    extents = np.sqrt(((poses.max(1) - poses.min(1)) ** 2).sum(1))
    limits = extents * distance if relative else np.full_like(extents, distance)
    alike = (apart < limits[:, None, None]).sum(2) > max_near
    kept: list[int] = []
    grouped = np.zeros(len(poses), bool)
    for row in range(len(poses)):
        if grouped[row]:
            continue
        group = np.flatnonzero(alike[row])
        best = int(group[scores[group].argmax()])
        if not grouped[best]:
            kept.append(best)
        grouped[group] = True
    return kept


# ---- heatmap-guided


def heatmap_guided(heatmap: AnyArray, offset: AnyArray) -> tuple[Float32Array, Float32Array]:
    """Heads of one image -> keypoints and scores (N, K), input pixels, best first."""
    values, index = (part[0] for part in strongest(heatmap[0, -1:], 3))
    index, values = index[values > 0.01], values[values > 0.01]
    y, x = np.divmod(index, heatmap.shape[3])
    steps = offset[0][:, y, x].T.reshape(len(index), -1, 2)
    poses = ((np.stack((x, y), 1)[:, None] - steps) * 4).astype(np.float32)
    kept = nms_near_keypoints(poses, values, 10, 10, relative=False)
    poses, centers = poses[kept], values[kept]
    enlarged = enlarge_corners(heatmap[0, :-1])
    points, scores = guided_refinement(enlarged, poses, centers)
    points, scores = guided_adjustment(enlarged, points, scores, centers)
    order = np.argsort(-scores.mean(1), kind="stable")
    return points[order], scores[order]


def enlarge_corners(maps: AnyArray, ratio: int = 4) -> Float32Array:
    """(C, h, w) -> (C, ratio * h, ratio * w): cell i on pixel ratio * i, borders repeated."""

    def places(cells: int) -> tuple[Int64Array, Int64Array, Float32Array]:
        at = np.minimum(np.arange(cells * ratio), (cells - 1) * ratio) / np.float32(ratio)
        low = at.astype(np.int64)
        return low, np.minimum(low + 1, cells - 1), (at - low).astype(np.float32)

    low, high, weight = places(maps.shape[2])
    wide = maps[..., low] * (1 - weight) + maps[..., high] * weight
    low, high, weight = places(maps.shape[1])
    weight = weight[:, None]
    return np.asarray(wide[:, low] * (1 - weight) + wide[:, high] * weight, np.float32)


def strongest(maps: AnyArray, window: int, count: int = 30) -> tuple[Float32Array, Int64Array]:
    """(C, h, w) -> (C, count) highest of those that lead their window, and where."""
    square = np.ones((window, window), np.uint8)
    highest = np.stack([cv2.dilate(m, square) for m in maps])
    flat = np.where(highest == maps, maps, 0).reshape(len(maps), -1)
    best = np.argpartition(-flat, count, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(flat, best, 1), axis=1, kind="stable")
    best = np.take_along_axis(best, order, 1)
    return np.take_along_axis(flat, best, 1), best


def guided_refinement(
    enlarged: AnyArray, poses: AnyArray, centers: AnyArray
) -> tuple[Float32Array, Float32Array]:
    """(K, H, W), (N, K, 2), (N,) -> keypoints at their nearest peaks, and scores (N, K)."""
    count, height, width = enlarged.shape
    values, index = strongest(enlarged, 5)
    places = np.stack((index % width, index // width), 2).astype(np.float32)
    apart = np.sqrt(((poses[:, :, None] - places) ** 2).sum(3))
    nearest = apart.argmin(2)
    k = np.arange(count)
    moved: BoolArray = np.take_along_axis(apart, nearest[..., None], 2)[..., 0] < 75
    x = np.clip(poses[..., 0].astype(int), 0, height - 1)
    y = np.clip(poses[..., 1].astype(int), 0, width - 1)
    values = np.where(values > 0.01, values, 0)
    heat = np.where(moved, values[k, nearest], enlarged[k, x, y])
    points = np.where(moved[..., None], places[k, nearest], poses)
    return points.astype(np.float32), np.asarray(centers[:, None] * heat, np.float32)


def guided_adjustment(
    enlarged: AnyArray, points: AnyArray, scores: AnyArray, centers: AnyArray
) -> tuple[Float32Array, Float32Array]:
    """Keypoints and scores (N, K) after a Gaussian was fitted around each."""
    height, width = enlarged.shape[1:]
    points, scores = points.copy(), scores.copy()
    known: dict[tuple[int, int, int], AnyArray | None] = {}
    for n, k in np.argwhere(scores > 0.05):
        x, y = (int(v + 0.5) for v in points[n, k])
        if not (0 < x < width - 1 and 0 < y < height - 1):
            continue
        top, left = max(y - 6, 0), max(x - 6, 0)
        if (k, y, x) not in known:
            window = enlarged[k, top : y + 7, left : x + 7].astype(np.float64)
            # oblong windows are read as the released code does
            rows, columns = np.divmod(np.arange(window.size), len(window))

            def misses(fit: AnyArray) -> AnyArray:
                squared = (rows - fit[1]) ** 2 + (columns - fit[2]) ** 2  # noqa: B023
                return fit[0] * np.exp(-squared / (2 * fit[3] ** 2)) - window.ravel()  # noqa: B023

            start = (enlarged[k, y, x], y - top, x - left, 2.0)
            fit, *_, reason = leastsq(misses, start, full_output=True, maxfev=300)
            known[k, y, x] = fit if reason in (1, 2, 3, 4) else None
        fit = known[k, y, x]
        if fit is not None:
            points[n, k] = left + fit[2], top + fit[1]
            scores[n, k] = fit[0] * centers[n]
    return points, scores


# ---- OGN, Integral


def ogn_fusion(
    heatmaps: AnyArray, offsets: AnyArray, radius: float, smoothing: float
) -> Float32Array:
    """(N, K, h, w), (N, 2K, h, w) -> (N, K, 2) cells."""
    people, count, height, width = heatmaps.shape
    smooth = ndimage.gaussian_filter(heatmaps, (0, 0, smoothing, smoothing), mode="nearest")
    cells = smooth.reshape(people, count, -1).argmax(2)
    fields = offsets.reshape(people, count, 2, height * width)
    moves = np.take_along_axis(fields, cells[:, :, None, None], 3)[..., 0]
    return np.asarray(np.stack((cells % width, cells // width), 2) + moves * radius, np.float32)


def integral_volume(logits: AnyArray) -> Float32Array:
    """(N, K, d, h, w) -> (N, K, 3)."""
    weights = np.exp(logits - logits.max((2, 3, 4), keepdims=True))
    means = []
    for others, size in (
        ((2, 3), logits.shape[4]),
        ((2, 4), logits.shape[3]),
        ((3, 4), logits.shape[2]),
    ):
        marginal = weights.sum(others)
        means.append(marginal @ np.arange(size, dtype=np.float32) / marginal.sum(2) / size - 0.5)
    return np.asarray(np.stack(means, 2), np.float32)
