"""Small makers of what tests need: standing figures, random people, frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from posetrack.structures import (
    COCO_17,
    DecoderSpec,
    Frame,
    HeadSpec,
    InputSizing,
    ModelSpec,
    Poses,
    Skeleton,
    TrackState,
)
from posetrack.structures.arrays import Float32Array
from posetrack.structures.person_scores import MOVENET_MULTIPOSE

# A standing person in COCO's order, centre of the body at (0, 0), one unit tall.
_FIGURE = (
    (0, -0.42), (0.02, -0.45), (-0.02, -0.45), (0.05, -0.43), (-0.05, -0.43),
    (0.11, -0.30), (-0.11, -0.30), (0.14, -0.12), (-0.14, -0.12), (0.14, 0.03), (-0.14, 0.03),
    (0.08, 0.04), (-0.08, 0.04), (0.08, 0.25), (-0.08, 0.25), (0.08, 0.45), (-0.08, 0.45),
)  # fmt: skip
_HALF_BOX = (0.2, 0.5)
_SPEC = ModelSpec(
    family="movenet",
    name="movenet-like",
    skeleton=COCO_17,
    sizing=InputSizing(),
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    heads=(HeadSpec("heatmap", "heatmap", 18), HeadSpec("offset", "vector", 34)),
    cell_origin="corner",
    decoder=DecoderSpec("movenet"),
    min_score=0.06,
    person=MOVENET_MULTIPOSE,
)


def person_keypoints(x: float, y: float = 300.0, height: float = 200.0) -> Float32Array:
    """(17, 2) keypoints of a person standing around (x, y), `height` pixels tall."""
    return np.asarray(np.array(_FIGURE) * height + (x, y), np.float32)


def people(
    centers: Sequence[float | tuple[float, float]],
    *,
    scores: float | Sequence[float] = 0.4,
    keypoint_scores: float = 0.5,
    height: float = 200.0,
) -> Poses:
    """One frame of standing people; a centre is x, or (x, y)."""
    places = [c if isinstance(c, tuple) else (c, 300.0) for c in centers]
    n = len(places)
    half = np.array(_HALF_BOX) * height
    middle = np.array(places, np.float64).reshape(n, 2)
    return Poses(
        keypoints=np.array([person_keypoints(x, y, height) for x, y in places], np.float32).reshape(
            n, 17, 2
        ),
        keypoint_scores=np.full((n, 17), keypoint_scores, np.float32),
        scores=np.broadcast_to(np.asarray(scores, np.float32), (n,)).copy(),
        boxes=np.concatenate((middle - half, middle + half), axis=1).astype(np.float32),
    )


def make_spec(**changes) -> ModelSpec:
    """A bottom-up model of COCO people with MoveNet's person scores, or with fields changed."""
    return replace(_SPEC, **changes)


def make_frame(index: int = 0, name: str = "", fps: float = 25.0) -> Frame:
    """A black frame of a video at `fps`, or an image with a name."""
    return Frame(np.zeros((4, 6, 3), np.uint8), index, index * 512, index / fps, name)


def make_poses(
    count: int, skeleton: Skeleton = COCO_17, *, seed: int = 0, tracked: bool = False
) -> Poses:
    """Random people in a picture of 1920 x 1080, best first; track ids from 1 if tracked."""
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform((0, 0), (1920, 1080), (count, len(skeleton), 2)).astype(np.float32)
    return Poses(
        keypoints=keypoints,
        keypoint_scores=rng.uniform(0.01, 1, (count, len(skeleton))).astype(np.float32),
        scores=np.sort(rng.uniform(0, 1, count).astype(np.float32))[::-1].copy(),
        boxes=np.concatenate((keypoints.min(axis=1), keypoints.max(axis=1)), axis=1),
        track_ids=np.arange(1, count + 1) if tracked else None,
        track_states=np.full(count, TrackState.CONFIRMED, np.uint8) if tracked else None,
    )
