"""The cases of `postprocess.py`: ours, plain PyTorch and plain NumPy on the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import plain_numpy
import plain_torch
import torch
from crowd import (
    KEYPOINTS,
    OGN_RADIUS,
    SIZE,
    STEPS,
    STRIDE,
    Crowd,
    crowd,
    gaussian,
    ogn_heads,
    volumes,
)
from posetrack import kernels
from posetrack.engine.decoders.heatmap_guided import HeatmapGuidedDecoder
from posetrack.engine.decoders.logocap import LogoCapDecoder
from posetrack.engine.heads import View
from posetrack.structures import (
    COCO_17,
    DecoderSpec,
    HeadSpec,
    ImageTransform,
    InputSizing,
    ModelSpec,
)
from posetrack.structures.arrays import AnyArray
from posetrack.structures.model_spec import DecoderOption

SMOOTHING = 1.0  # cells, of OGN's heatmaps

Run = Callable[[], Any]


@dataclass(frozen=True)
class Contestants:
    """Three ways to one result: keypoints first, if it has several parts.

    Attributes:
        ours, torch, numpy: run once.
        tolerance: how far keypoints may lie apart.
        share: of the coordinates that must lie within it; the rest are near ties.
    """

    ours: Run
    torch: Run
    numpy: Run
    tolerance: float = 0.01
    share: float = 0.99

    def check(self) -> None:
        """Raise if the contestants do not find the same."""
        wanted = _keypoints(self.ours())
        for name in ("torch", "numpy"):
            got = _keypoints(getattr(self, name)())
            if got.shape != wanted.shape:
                raise RuntimeError(f"{name} found {got.shape}, the kernels {wanted.shape}")
            agree = float((np.abs(got - wanted) <= self.tolerance).mean())
            if agree < self.share:
                raise RuntimeError(f"{name} agrees with the kernels on {agree:.1%} alone")


def _keypoints(result: Any) -> AnyArray:
    first = result[0] if isinstance(result, tuple) else result
    first = getattr(first, "keypoints", first)
    return np.asarray(first, np.float64).reshape(-1)


def _tensors(*arrays: AnyArray) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


_OPTIONS: dict[str, dict[str, DecoderOption]] = {
    "logocap": {"adaptation": "full", "prior": "both", "local_window": 11, "global_window": 97}
}


def _spec(family: str) -> ModelSpec:
    return ModelSpec(
        family=family,
        name=family,
        skeleton=COCO_17,
        sizing=InputSizing(size=512, multiple_of=64, convention="hrnet-affine"),
        mean=(123.675, 116.28, 103.53),
        std=(58.395, 57.12, 57.375),
        heads=(
            HeadSpec("heatmap", "heatmap", KEYPOINTS + 1),
            HeadSpec("offset", "vector", 2 * KEYPOINTS, sign=-1),
        ),
        cell_origin="corner",
        decoder=DecoderSpec(family, _OPTIONS.get(family, {})),
        rules="released",
    )


def _view(people: Crowd) -> View:
    heads = {"heatmap": people.heatmap, "offset": people.offset, "embedding": people.embedding}
    return View(heads, ImageTransform.hrnet_affine(SIZE, SIZE[0]))


def logocap_adaptation(people: int) -> Contestants:
    """The global adaptation alone."""
    seen, bell = crowd(people), gaussian()
    enlarged = plain_torch.enlarge(torch.from_numpy(seen.heatmap), SIZE)[0, :-1].contiguous()
    poses, attraction, weights = _tensors(seen.poses, seen.kernels, bell)
    ours = (seen.poses[None], seen.heatmap[:, :-1], SIZE, seen.kernels[None])
    window = kernels.GlobalWindow(bell)
    plain = (enlarged.numpy(), seen.poses, seen.kernels, bell)
    return Contestants(
        lambda: kernels.global_adaptation(*ours, window),
        lambda: plain_torch.logocap_adaptation(enlarged, poses, attraction, weights),
        lambda: plain_numpy.logocap_adaptation(*plain),
    )


def logocap_windows(people: int) -> Contestants:
    """The local windows alone."""
    seen = crowd(people)
    poses, steps, embedding = _tensors(seen.poses, STEPS, seen.embedding)
    return Contestants(
        lambda: kernels.local_windows(seen.poses[None], STEPS, seen.embedding, float(STRIDE)),
        lambda: plain_torch.logocap_windows(poses, steps, embedding),
        lambda: plain_numpy.logocap_windows(seen.poses, STEPS, seen.embedding),
    )


class _GivenKernels:
    """Stands for the message passing network."""

    inputs, outputs, spec_json = ("features",), ("kernels",), None

    def __init__(self, answer: AnyArray) -> None:
        self.answer = answer

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        return {"kernels": self.answer[: len(arrays["features"])]}

    def close(self) -> None:
        """Nothing to free."""


def logocap(people: int) -> Contestants:
    """All but the networks."""
    seen = crowd(people)
    view, bell = _view(seen), gaussian()
    decode = LogoCapDecoder(_spec("logocap"), {"refine": _GivenKernels(seen.kernels)})
    tensors = _tensors(seen.heatmap, seen.offset, seen.embedding, seen.kernels, bell, STEPS)
    arrays = (seen.heatmap, seen.offset, seen.embedding, seen.kernels, bell, STEPS)
    return Contestants(
        lambda: decode([view]).to_host()[0],
        lambda: plain_torch.logocap(*tensors),
        lambda: plain_numpy.logocap(*arrays),
    )


def heatmap_guided_refinement(people: int) -> Contestants:
    """Peaks, absorption, scores."""
    seen = crowd(people)
    heatmap, centers = seen.heatmap[:, :-1], np.linspace(0.9, 0.5, people, dtype=np.float32)
    poses, scores = seen.poses[None], torch.from_numpy(centers)
    coarse, start = torch.from_numpy(seen.heatmap)[:, :-1], torch.from_numpy(seen.poses)

    def ours() -> tuple[AnyArray, AnyArray]:
        cells, values, _ = kernels.upsampled_peaks(heatmap, SIZE, 30, window=5, rule="corner")
        points, nearest, moved = kernels.snap_to_peaks(
            poses, cells, values, SIZE[1], max_distance=75.0
        )
        elsewhere = kernels.sample_heat(heatmap, SIZE, poses, at="transposed")
        heat = np.where(moved, np.where(nearest > 0.01, nearest, 0), elsewhere)
        return points[0], centers[:, None] * heat[0]

    return Contestants(
        ours,
        lambda: plain_torch.guided_refinement(
            plain_torch.enlarge_corners(coarse)[0], start, scores
        ),
        lambda: plain_numpy.guided_refinement(
            plain_numpy.enlarge_corners(heatmap[0]), seen.poses, centers
        ),
    )


def heatmap_guided(people: int) -> Contestants:
    """All but the networks, Gaussian fits included."""
    seen = crowd(people)
    decode, view = HeatmapGuidedDecoder(_spec("heatmap-guided"), {}), _view(seen)
    tensors = _tensors(seen.heatmap, seen.offset)
    return Contestants(
        lambda: decode([view]).to_host()[0],
        lambda: plain_torch.heatmap_guided(*tensors),
        lambda: plain_numpy.heatmap_guided(seen.heatmap, seen.offset),
        share=0.95,  # fits of peaks that two people share end where they began
    )


def ogn(people: int) -> Contestants:
    """Smoothing, argmax, offsets."""
    heatmaps, offsets = ogn_heads(people)
    maps, moves = _tensors(heatmaps, offsets)
    reach = np.arange(-4, 5)
    line = np.exp(-(reach**2) / (2 * SMOOTHING**2))
    weights = torch.from_numpy(np.outer(line, line) / line.sum() ** 2).float()
    return Contestants(
        lambda: kernels.fuse_offsets(heatmaps, offsets, OGN_RADIUS, SMOOTHING),
        lambda: plain_torch.ogn_fusion(maps, moves, OGN_RADIUS, weights),
        lambda: plain_numpy.ogn_fusion(heatmaps, offsets, OGN_RADIUS, SMOOTHING),
    )


def integral(people: int) -> Contestants:
    """The expectation over volumes."""
    logits = volumes(people)
    tensor = torch.from_numpy(logits)
    return Contestants(
        lambda: kernels.soft_argmax(logits),
        lambda: plain_torch.integral_volume(tensor),
        lambda: plain_numpy.integral_volume(logits),
        tolerance=1e-4,
    )


CASES: dict[str, Callable[[int], Contestants]] = {
    "logocap-adaptation": logocap_adaptation,
    "logocap-windows": logocap_windows,
    "logocap": logocap,
    "heatmap-guided-refinement": heatmap_guided_refinement,
    "heatmap-guided": heatmap_guided,
    "ogn": ogn,
    "integral": integral,
}
