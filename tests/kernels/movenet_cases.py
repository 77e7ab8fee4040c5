"""MoveNet's heads and centers: borders, cells that are none, NaN, float16, views, counts."""

import numpy as np
from tolerances import GAUSSIAN_ATOL, GAUSSIAN_RTOL, OFFSET_RTOL

from .boxes_cases import one_image
from .case import BATCHES, COUNTS, FLOAT_MAX, INF, NAN, PEOPLE, Case, blobs, in_half, rng

SIZE = (24, 32)
FAR = np.int32([-1, -(2**31), 2**31 - 1, SIZE[0] * SIZE[1]])  # cells that are none
CORNERS = np.int32([0, 31, 23 * 32, 23 * 32 + 31, 15, 12 * 32, 12 * 32 + 31, 23 * 32 + 15])


def cells(*shape, seed=0):
    """Cells of the maps, one in nine of them none."""
    random = rng(seed)
    found = random.integers(0, SIZE[0] * SIZE[1], shape)
    return np.where(random.random(shape) < 0.9, found, -1).astype(np.int32)


def vectors(batch, channels, seed=1, spread=2.0):
    return rng(seed).normal(0, spread, (batch, channels, *SIZE)).astype(np.float32)


def strange(heads):
    """The heads with NaN, infinity and huge values at every ninth cell."""
    spoilt = heads.copy()
    flat = spoilt.reshape(-1)
    for start, value in enumerate((NAN, INF, -INF, FLOAT_MAX, -FLOAT_MAX)):
        flat[start::45] = value
    return spoilt


def _boxed(name, peaks, size, offset, min_area=9.0, share=0.05):
    arrays = {"peaks": peaks, "box_size": size, "box_offset": offset}
    return Case(name, {**arrays, "min_area": min_area, "share": share})


def movenet_boxes_cases():
    size, offset = vectors(3, 2, spread=9.0) + 4, vectors(3, 2, seed=2)
    peaks, everywhere = cells(3, 12), np.arange(SIZE[0] * SIZE[1], dtype=np.int32)[None]
    return [
        *[_boxed(f"{n} people", cells(1, n), size[:1], offset[:1]) for n in PEOPLE],
        *[_boxed(f"batch {b}", peaks[:b], size[:b], offset[:b]) for b in BATCHES],
        _boxed("every cell", everywhere, size[:1], offset[:1]),
        _boxed("strange heads", everywhere, strange(size[:1]), strange(offset[:1])),
        _boxed("cells that are none", np.tile(FAR, (3, 1)), size, offset),
        _boxed("small boxes", peaks, size / 20, offset),
        _boxed("no least area", peaks, size, offset, -np.inf, 1.0),
        _boxed("channels of a larger array", peaks, vectors(3, 5)[:, 1:3], vectors(3, 7)[:, :2]),
        _boxed("every second image", peaks, vectors(5, 2)[::2], vectors(5, 2, 3)[::2]),
        in_half(_boxed("usual", peaks, size, offset), "box_size", "box_offset"),
        in_half(_boxed("strange", peaks, strange(size), strange(offset)), "box_size", "box_offset"),
        one_image(_boxed("usual", peaks, size, offset)),
        _boxed("nobody", peaks[:, :0].copy(), size, offset),
        _boxed("no images", peaks[:0], size[:0], offset[:0]),
        _boxed("no cells", peaks, size[:, :, :0].copy(), offset[:, :, :0].copy()),
    ]


def _placed(name, found, offset, heatmap=None, **counts):
    regressed = rng(4).uniform(-3, 40, (*found.shape, 2)).astype(np.float32)
    arrays = {"cells": found, "regressed": regressed, "local_offset": offset, "heatmap": heatmap}
    return Case(name, {**arrays, **counts}, rtol=OFFSET_RTOL)


def movenet_positions_cases():
    offset, heat = vectors(3, 6), blobs(3, 3, *SIZE)
    found = cells(3, 12, 3)
    corners = np.repeat(CORNERS[None, :, None], 3, axis=2)
    heads = ("local_offset", "heatmap")
    nothing, faint = np.zeros_like(heat), heat * np.float32(1e-40)
    return [
        *[_placed(f"{n} people", cells(1, n, 3), offset[:1], heat[:1]) for n in PEOPLE],
        *[_placed(f"batch {b}", found[:b], offset[:b], heat[:b]) for b in BATCHES],
        *[_placed(f"batch {b}, own cells", found[:b], offset[:b]) for b in BATCHES],
        _placed("corners and edges", corners, offset[:1], heat[:1]),
        _placed("corners and edges, own cells", corners, offset[:1]),
        _placed("strange heads", found, strange(offset), strange(heat)),
        _placed("strange heads, own cells", found, strange(offset)),
        _placed("no heat", found, offset, nothing),
        _placed("hardly any heat", found, offset, faint),
        _placed("cells that are none", np.tile(FAR[:, None], (3, 1, 3)), offset, heat),
        _placed("counts", found, offset, heat, counts=COUNTS),
        _placed("counts, own cells", found, offset, counts=COUNTS),
        _placed("views of larger arrays", found, vectors(3, 9)[:, 1:7], blobs(3, 5, *SIZE)[:, :3]),
        _placed("every second image", found, vectors(5, 6)[::2], blobs(5, 3, *SIZE)[::2]),
        in_half(_placed("usual", found, offset, heat), *heads),
        in_half(_placed("own cells", found, offset), "local_offset"),
        in_half(_placed("strange", found, strange(offset), strange(heat)), *heads),
        one_image(_placed("some", found, offset, heat, counts=COUNTS)),
        one_image(_placed("own cells", found, offset)),
        _placed("nobody", found[:, :0].copy(), offset, heat),
        _placed("no images", found[:0], offset[:0], heat[:0]),
        _placed("no keypoints", found[..., :0].copy(), offset[:, :0], heat[:, :0]),
        _placed("no cells", found, offset[:, :, :0].copy(), heat[:, :, :0].copy()),
    ]


def _shared(name, found, heatmap, *, spread=None, boxes=None, **counts):
    random, shape = rng(5), found.shape
    centers = random.uniform(-3, 35, (*shape, 2)).astype(np.float32)
    if boxes is None:
        corners = np.sort(random.uniform(-9, 40, (*shape[:2], 2, 2)), axis=2)
        boxes = corners.reshape(*shape[:2], 4).astype(np.float32)
    if spread is None:
        spread = random.uniform(1, 60, shape[:2]).astype(np.float32)
    arrays = {"cells": found, "heatmap": heatmap, "centers": centers}
    windows = {"spread": spread, "boxes": boxes, **counts}
    return Case(name, {**arrays, **windows}, rtol=GAUSSIAN_RTOL, atol=GAUSSIAN_ATOL)


def movenet_shared_values_cases():
    heat, found = blobs(3, 3, *SIZE), cells(3, 12, 3)
    odd_spread = np.tile(np.float32([0, -1, NAN, INF, 1e-30, 7]), (3, 2))
    whole = np.tile(np.float32([[3, 4, 20, 15], [20, 15, 3, 4], [3, 3, 3, 3]]), (3, 4, 1))
    odd_boxes = whole.copy()
    odd_boxes[:, ::3, 1], odd_boxes[:, 1::3] = NAN, (-INF, -INF, INF, INF)
    return [
        *[_shared(f"{n} people", cells(1, n, 3), heat[:1]) for n in PEOPLE],
        *[_shared(f"batch {b}", found[:b], heat[:b]) for b in BATCHES],
        _shared("strange spreads", found, heat, spread=odd_spread),
        _shared("boxes of whole cells", found, heat, boxes=whole),
        _shared("strange boxes", found, heat, boxes=odd_boxes),
        _shared("strange heat", found, strange(heat)),
        _shared("cells that are none", np.tile(FAR[:, None], (3, 1, 3)), heat),
        _shared("counts", found, heat, counts=COUNTS),
        _shared("channels of a larger array", found, blobs(3, 5, *SIZE)[:, 1:4]),
        _shared("every second image", found, blobs(5, 3, *SIZE)[::2]),
        in_half(_shared("usual", found, heat), "heatmap"),
        one_image(_shared("some", found, heat, counts=COUNTS)),
        _shared("nobody", found[:, :0].copy(), heat),
        _shared("no images", found[:0], heat[:0]),
        _shared("no keypoints", found[..., :0].copy(), heat[:, :0]),
        _shared("no cells", found, heat[:, :, :0].copy()),
    ]


CASES = {
    "movenet_boxes": movenet_boxes_cases(),
    "movenet_positions": movenet_positions_cases(),
    "movenet_shared_values": movenet_shared_values_cases(),
}
