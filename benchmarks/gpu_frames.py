"""The kernels of a frame with so many people, to count what they execute and to time them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from crowd import SIZE, STEPS, STRIDE, Crowd, crowd, gaussian
from posetrack import kernels
from posetrack.kernels.boxes import BoxGeneration
from posetrack.structures import COCO_17
from posetrack.structures.arrays import AnyArray


@dataclass(frozen=True)
class Step:
    """One call of a kernel.

    Attributes:
        of: the frame or group that it belongs to.
        kernel: its name in posetrack.kernels.
        arrays: its first arguments, arrays and others.
        options: its arguments by name.
    """

    of: str
    kernel: str
    arrays: tuple[Any, ...]
    options: dict[str, Any]

    def run(self) -> tuple[AnyArray, ...]:
        """All that the kernel returns."""
        result = getattr(kernels, self.kernel)(*self.arrays, **self.options)
        return result if isinstance(result, tuple) else (result,)

    def bytes(self) -> int:
        """What must be read and written once."""
        given = [*self.arrays, *self.options.values(), *self.run()]
        weights = [a.weights for a in given if isinstance(a, kernels.GlobalWindow)]
        return sum(getattr(array, "nbytes", 0) for array in [*given, *weights])


def logocap(seen: Crowd, people: int) -> list[Step]:
    """LOGO-CAP's decoding; the networks' parts are made up."""
    center, maps = seen.heatmap[:, -1:], seen.heatmap[:, :-1]
    peaks = Step(
        "logocap",
        "upsampled_peaks",
        (center, SIZE, people),
        {"window": 3, "rule": "half-pixel"},
    )
    regress = Step(
        "logocap",
        "center_offset_decode",
        (peaks.run()[0][:, 0], seen.offset),
        {"sign": -1.0, "ratio": STRIDE},
    )
    starts = regress.run()[0] * STRIDE
    windows = Step("logocap", "local_windows", (starts, STEPS, seen.embedding, float(STRIDE)), {})
    window = kernels.GlobalWindow(gaussian())
    adapt = Step(
        "logocap", "global_adaptation", (starts, maps, SIZE, seen.kernels[None], window), {}
    )
    places, values = adapt.run()
    suppress = Step(
        "logocap",
        "nms_near_keypoints",
        (places, values.mean(2)),
        {"distance": 0.05, "min_keypoints": 8, "relative": True},
    )
    return [peaks, regress, windows, adapt, suppress]


def heatmap_guided(seen: Crowd) -> list[Step]:
    """The costly steps of heatmap-guided decoding."""
    maps, poses = seen.heatmap[:, :-1], seen.poses[None]
    peaks = Step(
        "heatmap-guided", "upsampled_peaks", (maps, SIZE, 30), {"window": 5, "rule": "corner"}
    )
    scores = np.ones(poses.shape[:3], np.float32)
    fits = Step("heatmap-guided", "fit_gaussians", (maps, SIZE, poses, scores), {"min_score": 0.0})
    return [peaks, fits]


def suppression(seen: Crowd) -> list[Step]:
    """What walks through people, boxes and tracks: a third of the people are found twice."""
    rng = np.random.default_rng(1)
    people = len(seen.poses)
    poses = seen.poses.copy()
    twins = np.arange(people) % 3 == 0
    poses[twins] = np.roll(poses, 1, axis=0)[twins] + rng.normal(0, 2, poses[twins].shape)
    poses = poses[None].astype(np.float32)
    low, high = poses.min(axis=2), poses.max(axis=2)
    boxes = np.concatenate((low, high), axis=2)
    areas = np.prod(high - low, axis=2)
    scores = rng.random((1, people), np.float32)
    visible = rng.random((1, people, poses.shape[2]), np.float32)
    sigmas = COCO_17.sigma_array
    costs = kernels.box_overlap(boxes, boxes[:, rng.permutation(people)])
    limits = BoxGeneration()
    return [
        Step("walkers", "nms_oks_visible", (poses, visible, areas, sigmas), {"threshold": 0.3}),
        Step(
            "walkers",
            "nms_oks_iou",
            (poses, areas, sigmas, scores, boxes),
            {"oks_threshold": 0.3, "iou_threshold": 0.5},
        ),
        Step("walkers", "assign", (1 - costs, 0.7), {}),
        Step("walkers", "generate_boxes", (boxes, scores), {"constants": limits}),
    ]


def steps(people: int) -> list[Step]:
    """All steps that are counted."""
    seen = crowd(people)
    return [*logocap(seen, people), *heatmap_guided(seen), *suppression(seen)]
