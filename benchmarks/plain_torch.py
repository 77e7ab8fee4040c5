"""Published post-processing in plain PyTorch, step by step as the papers' code goes about it.

What `postprocess.py` measures the kernels against: whole maps are enlarged, windows gathered,
kernels applied as grouped convolutions, the highest values found by `topk`.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import curve_fit
from torch import Tensor

# ---- LOGO-CAP


def _between(maps: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """(..., h, w) maps whose leading axes broadcast against x and y (N, K, a, b), by four reads."""
    height, width = maps.shape[-2:]
    x0, y0 = x.floor().clamp(0, width - 1), y.floor().clamp(0, height - 1)
    x1, y1 = (x0 + 1).clamp(max=width - 1), (y0 + 1).clamp(max=height - 1)
    left, right = (x1 - x).clamp(0, 1), (x - x0).clamp(0, 1)
    upper, lower = (y1 - y).clamp(0, 1), (y - y0).clamp(0, 1)
    k = torch.arange(maps.shape[0])[None, :, None, None]
    x0, x1, y0, y1 = x0.long(), x1.long(), y0.long(), y1.long()
    return (
        maps[k, y0, x0] * (upper * left)
        + maps[k, y1, x0] * (lower * left)
        + maps[k, y0, x1] * (upper * right)
        + maps[k, y1, x1] * (lower * right)
    )


def enlarge(heatmap: Tensor, size: tuple[int, int]) -> Tensor:
    """(1, C, h, w) -> (1, C, H, W), with the half-pixel shift."""
    return F.interpolate(heatmap, size, mode="bilinear", align_corners=False)


def logocap_centers(center: Tensor, count: int = 30) -> tuple[Tensor, Tensor]:
    """(H, W) -> (N, 2) x, y and (N,) values of the highest pixels of their 3 x 3."""
    pooled = F.max_pool2d(center.clamp(min=0)[None, None], 3, 1, 1)[0, 0]
    values, index = (center * (pooled == center)).flatten().topk(count)
    return torch.stack((index % center.shape[1], index // center.shape[1]), 1), values


def logocap_poses(centers: Tensor, offset: Tensor, stride: int = 4) -> Tensor:
    """(N, 2) pixels, (1, 2K, h, w) -> (N, K, 2) input pixels."""
    cells = centers // stride
    steps = offset[0, :, cells[:, 1], cells[:, 0]].T.reshape(len(centers), -1, 2)
    return (centers[:, None] / stride - steps) * stride


def logocap_windows(poses: Tensor, steps: Tensor, embedding: Tensor, stride: int = 4) -> Tensor:
    """(N, K, 2), (K, s), (1, C, h, w) -> (N, K * C, s, s)."""
    people, side = len(poses), steps.shape[1]
    x = ((poses[..., :1] + steps) / stride)[:, :, None].expand(-1, -1, side, -1)
    y = ((poses[..., 1:] + steps) / stride)[..., None].expand(-1, -1, -1, side)
    height, width = embedding.shape[2:]
    x0, y0 = x.floor().clamp(0, width - 1), y.floor().clamp(0, height - 1)
    x1, y1 = (x0 + 1).clamp(max=width - 1), (y0 + 1).clamp(max=height - 1)
    left, right = (x1 - x).clamp(0, 1), (x - x0).clamp(0, 1)
    upper, lower = (y1 - y).clamp(0, 1), (y - y0).clamp(0, 1)
    x0, x1, y0, y1 = x0.long(), x1.long(), y0.long(), y1.long()
    maps = embedding[0]
    features = (
        maps[:, y0, x0] * (upper * left)
        + maps[:, y1, x0] * (lower * left)
        + maps[:, y0, x1] * (upper * right)
        + maps[:, y1, x1] * (lower * right)
    )  # (C, N, K, s, s)
    return features.permute(1, 2, 0, 3, 4).reshape(people, -1, side, side)


def logocap_adaptation(
    enlarged: Tensor, poses: Tensor, kernels: Tensor, gaussian: Tensor
) -> tuple[Tensor, Tensor]:
    """(K, H, W), (N, K, 2), (N, K, s, s), (g, g) -> (N, K, 2) and (N, K)."""
    people, count, side = *poses.shape[:2], kernels.shape[-1]
    outer = len(gaussian)
    steps = torch.arange(outer) - outer // 2
    x = (poses[..., :1] + steps)[:, :, None].expand(-1, -1, outer, -1)
    y = (poses[..., 1:] + steps)[..., None].expand(-1, -1, -1, outer)
    windows = (_between(enlarged, x, y) * gaussian).reshape(1, -1, outer, outer)
    weights = (kernels.clamp(0, 1) / side**2).flip(2, 3).reshape(-1, 1, side, side)
    refined = F.conv2d(windows, weights, padding=side // 2, groups=people * count)
    values, index = refined.reshape(people, count, -1).topk(2)
    share = torch.tensor([0.75, 0.25])
    places = torch.stack((index % outer, index // outer), -1).float()
    moved = (places * share[:, None]).sum(2) - outer // 2
    return poses + moved, (values * share).sum(2)


def logocap(
    heatmap: Tensor,
    offset: Tensor,
    embedding: Tensor,
    kernels: Tensor,
    gaussian: Tensor,
    steps: Tensor,
) -> tuple[Tensor, Tensor]:
    """Heads of one image -> keypoints and scores (N, K), input pixels, best first."""
    size = (heatmap.shape[2] * 4, heatmap.shape[3] * 4)
    enlarged = enlarge(heatmap, size)[0]
    centers, values = logocap_centers(enlarged[-1])
    centers, values = centers[values >= 0.01], values[values >= 0.01]
    poses = logocap_poses(centers, offset)
    logocap_windows(poses, steps, embedding)
    points, heat = logocap_adaptation(enlarged[:-1], poses, kernels[: len(poses)], gaussian)
    scores = heat * values[:, None]
    kept = nms_near_keypoints(points, scores.mean(1), 0.05, 8, relative=True)
    kept = sorted(kept, key=lambda row: -float(scores[row].mean()))
    return points[kept], scores[kept]


def nms_near_keypoints(
    poses: Tensor, scores: Tensor, distance: float, max_near: int, *, relative: bool
) -> list[int]:
    """The best of each group of poses with more than `max_near` keypoints near each other."""
    apart = (poses[:, None] - poses[None]).pow(2).sum(3).sqrt()
    extents = (poses.amax(1) - poses.amin(1)).pow(2).sum(1).sqrt()
    limits = extents * distance if relative else torch.full_like(extents, distance)
    alike = (apart < limits[:, None, None]).sum(2) > max_near
    kept: list[int] = []
    ignored: set[int] = set()
    for row in range(len(poses)):
        if row in ignored:
            continue
        group = alike[row].nonzero()[:, 0]
        best = int(group[scores[group].argmax()])
        if best not in ignored:
            kept.append(best)
        ignored.update(group.tolist())
    return kept


# ---- heatmap-guided


def heatmap_guided(heatmap: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """Heads of one image -> keypoints and scores (N, K), input pixels, best first."""
    cells, values = guided_centers(heatmap[0, -1])
    steps = offset[0, :, cells[:, 1], cells[:, 0]].T.reshape(len(cells), -1, 2)
    poses = (cells[:, None] - steps) * 4
    kept = nms_near_keypoints(poses, values, 10, 10, relative=False)
    poses, centers = poses[kept], values[kept]
    enlarged = enlarge_corners(heatmap[:, :-1])[0]
    points, scores = guided_refinement(enlarged, poses, centers)
    points, scores = guided_adjustment(enlarged, points, scores, centers)
    order = scores.mean(1).argsort(descending=True, stable=True)
    return points[order], scores[order]


def enlarge_corners(heatmap: Tensor, ratio: int = 4) -> Tensor:
    """(1, C, h, w) -> (1, C, ratio * h, ratio * w): cell i on pixel ratio * i, borders repeated."""
    extra = ratio - 1
    size = (heatmap.shape[2] * ratio - extra, heatmap.shape[3] * ratio - extra)
    larger = F.interpolate(heatmap, size, mode="bilinear", align_corners=True)
    return F.pad(larger, (0, extra, 0, extra), mode="replicate")


def guided_centers(center: Tensor, count: int = 30) -> tuple[Tensor, Tensor]:
    """(h, w) -> (N, 2) x, y and (N,) values of those above 0.01."""
    pooled = F.max_pool2d(center[None, None], 3, 1, 1)[0, 0]
    values, index = (center * (pooled == center)).flatten().topk(count)
    index, values = index[values > 0.01], values[values > 0.01]
    return torch.stack((index % center.shape[1], index // center.shape[1]), 1), values


def guided_refinement(
    enlarged: Tensor, poses: Tensor, centers: Tensor, count: int = 30
) -> tuple[Tensor, Tensor]:
    """(K, H, W), (N, K, 2), (N,) -> keypoints at their nearest peaks, and scores (N, K)."""
    keypoints, height, width = enlarged.shape
    pooled = F.max_pool2d(enlarged[None], 5, 1, 2)[0]
    values, index = (enlarged * (pooled == enlarged)).flatten(1).topk(count)
    places = torch.stack((index % width, index // width), 2).float()
    apart = (poses[:, :, None] - places[None]).pow(2).sum(3).sqrt()
    distance, nearest = apart.min(2)
    k = torch.arange(keypoints)
    moved = distance < 75
    x = poses[..., 0].long().clamp(0, height - 1)
    y = poses[..., 1].long().clamp(0, width - 1)
    values = torch.where(values > 0.01, values, torch.zeros(()))
    heat = torch.where(moved, values[k, nearest], enlarged[k, x, y])
    points = torch.where(moved[..., None], places[k, nearest], poses)
    return points, centers[:, None] * heat


def guided_adjustment(
    enlarged: Tensor, points: Tensor, scores: Tensor, centers: Tensor
) -> tuple[Tensor, Tensor]:
    """Keypoints and scores (N, K) after a Gaussian was fitted around each, one after the other."""
    heat, (height, width) = enlarged.numpy(), enlarged.shape[1:]
    points, scores = points.clone(), scores.clone()
    known: dict[tuple[int, int, int], object] = {}

    def gaussian(at, a, row, column, sigma):  # noqa: ANN001, ANN202
        return a * np.exp(-((at[0] - row) ** 2 + (at[1] - column) ** 2) / (2 * sigma**2))

    for n, k in (scores > 0.05).nonzero().tolist():
        x, y = (int(v + 0.5) for v in points[n, k])
        if not (0 < x < width - 1 and 0 < y < height - 1):
            continue
        top, left = max(y - 6, 0), max(x - 6, 0)
        window = heat[k, top : y + 7, left : x + 7].astype(np.float64)
        if (k, y, x) not in known:
            at = np.divmod(
                np.arange(window.size), len(window)
            )  # oblong ones as the released code reads them
            start = (heat[k, y, x], y - top, x - left, 2.0)
            try:
                known[k, y, x] = curve_fit(gaussian, at, window.ravel(), start, maxfev=300)[0]
            except RuntimeError:
                known[k, y, x] = None
        fit = known[k, y, x]
        if fit is not None:
            points[n, k] = torch.tensor((left + fit[2], top + fit[1]))
            scores[n, k] = float(fit[0]) * centers[n]
    return points, scores


# ---- OGN, Integral


def ogn_fusion(heatmaps: Tensor, offsets: Tensor, radius: float, weights: Tensor) -> Tensor:
    """(N, K, h, w), (N, 2K, h, w), (s, s) filter -> (N, K, 2) cells."""
    people, count, _, width = heatmaps.shape
    side = len(weights)
    padded = F.pad(heatmaps, (side // 2,) * 4, mode="replicate")
    smooth = F.conv2d(padded, weights.expand(count, 1, side, side), groups=count)
    cells = smooth.flatten(2).argmax(2)
    moves = offsets.reshape(people, count, 2, -1)
    moves = moves.gather(3, cells[:, :, None, None].expand(-1, -1, 2, 1))[..., 0]
    return torch.stack((cells % width, cells // width), 2) + moves * radius


def integral_volume(logits: Tensor) -> Tensor:
    """(N, K, d, h, w) -> (N, K, 3): softmax over all cells, then the mean along each axis."""
    people, count, depth, height, width = logits.shape
    weights = logits.reshape(people, count, -1).softmax(2).reshape(logits.shape)
    x = (weights.sum((2, 3)) * torch.arange(width)).sum(2) / width - 0.5
    y = (weights.sum((2, 4)) * torch.arange(height)).sum(2) / height - 0.5
    z = (weights.sum((3, 4)) * torch.arange(depth)).sum(2) / depth - 0.5
    return torch.stack((x, y, z), 2)
