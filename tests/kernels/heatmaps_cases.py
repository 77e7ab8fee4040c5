"""Maps to be searched and read: ties, borders, NaN, crowds, batches, views."""

from functools import partial

import numpy as np
import pytest
from tolerances import GAUSSIAN_ATOL, GAUSSIAN_RTOL, OFFSET_RTOL

from .case import BATCHES, COUNTS, FLOAT_MAX, INF, NAN, PEOPLE, Case, blobs, in_half, rng


def check_windowed(arguments, got, wanted, exact=False):
    """Cells whose values differ only by rounding may stand for each other, unless `exact`."""
    (cells, values), (wanted_cells, wanted) = got, wanted
    assert (cells.dtype, values.dtype) == (wanted_cells.dtype, wanted.dtype)
    # The kernels' weights end at e^-87: what is that much below the map's values is 0.
    atol = GAUSSIAN_ATOL * max(1, np.nanmax(arguments["heatmap"], initial=0))
    np.testing.assert_allclose(values, wanted, rtol=GAUSSIAN_RTOL, atol=atol, strict=True)
    np.testing.assert_array_equal(cells < 0, values == 0)
    if exact:
        np.testing.assert_array_equal(cells, wanted_cells)
    for at in np.argwhere((cells != wanted_cells) & (wanted > atol)):
        value = _windowed_value(arguments, tuple(at), cells[tuple(at)])
        assert value == pytest.approx(wanted[tuple(at)], rel=GAUSSIAN_RTOL)


def _windowed_value(arguments, at, cell):
    """Heatmap x Gaussian at one cell, in float64; 0 outside the box."""
    b, n, k = at
    heatmap, centers = arguments["heatmap"], arguments["centers"].astype(float)
    row, column = divmod(int(cell), heatmap.shape[3])
    if arguments["boxes"] is not None:
        x1, y1, x2, y2 = arguments["boxes"][b, n]
        if not (x1 <= column < x2 and y1 <= row < y2):
            return 0.0
    x, y = centers[b, n, k]
    distance = (column - x) ** 2 + (row - y) ** 2
    return heatmap[b, k, row, column] * np.exp(-distance / arguments["spread"][b, n])


def _peaks(name, maps, count=30, *, radius=2, tolerance=0.0, threshold=0.0):
    options = {"radius": radius, "tolerance": tolerance, "threshold": threshold}
    return Case(name, {"maps": maps, "count": count, **options})


def center_nms_topk_cases():
    usual = blobs(3, 1, 24, 32)[:, 0]
    steps = rng(1).integers(0, 4, (2, 20, 24)).astype(np.float32)
    corners = np.zeros((1, 9, 11), np.float32)
    corners[0, [0, 0, 8, 8], [0, 10, 0, 10]] = 1, 3, 2, 4
    edges = np.zeros((1, 9, 11), np.float32)
    edges[0, [0, 4, 4, 8], [5, 0, 10, 5]] = 1
    holes = usual.copy()
    holes[rng(2).random(holes.shape) < 0.2] = NAN
    infinite = usual.copy()
    infinite[0, 3, 3:5], infinite[1, 3, 4], infinite[2] = INF, -INF, -INF
    huge = usual * FLOAT_MAX
    halves = [("usual", usual), ("NaN", holes), ("infinite", infinite), ("ties", steps, 300)]
    return [
        *[_peaks(f"{n} wanted", blobs(1, 1, 40, 48)[:, 0], n, radius=1) for n in PEOPLE],
        *[_peaks(f"batch {b}", usual[:b]) for b in BATCHES],
        _peaks("one channel of a larger array", blobs(3, 18, 16, 20)[:, 17]),
        _peaks("every second image", blobs(5, 1, 16, 20)[::2, 0]),
        _peaks("the same image twice", np.broadcast_to(usual[:1], (2, 24, 32))),
        _peaks("radius 0", usual, radius=0),
        _peaks("radius beyond the map", usual, radius=100),
        _peaks("tolerance", usual, tolerance=0.1, count=300),
        _peaks("tolerance without end", steps, tolerance=1e30, count=300),
        _peaks("threshold", usual, threshold=0.5),
        _peaks("threshold met exactly", steps, threshold=2.0, count=300),
        _peaks("threshold below 0", -usual, threshold=-0.5, count=300),
        _peaks("ties", steps, count=300),
        _peaks("ties cut off", steps, count=7),
        _peaks("ties everywhere", np.ones((2, 9, 11), np.float32), count=50),
        _peaks("ties of both zeros", np.float32([[[0.0, -0.0], [-0.0, 0.0]]]), threshold=-1),
        _peaks("corners", corners),
        _peaks("edges", edges),
        _peaks("nothing", np.zeros((1, 9, 11), np.float32)),
        _peaks("NaN", holes),
        _peaks("NaN everywhere", np.full((1, 5, 6), NAN)),
        _peaks("NaN as threshold", usual, threshold=float("nan")),
        _peaks("infinite", infinite, threshold=-1),
        _peaks("huge", huge),
        _peaks("one cell", np.ones((1, 1, 1), np.float32)),
        _peaks("one row", blobs(1, 1, 1, 60)[:, 0]),
        _peaks("one column", blobs(1, 1, 60, 1)[:, 0]),
        _peaks("none wanted", usual, 0),
        _peaks("no images", usual[:0]),
        _peaks("no rows", usual[:, :0].copy()),
        _peaks("no columns", usual[:, :, :0].copy()),
        _peaks("many tiles", rng(7).random((2, 70, 90)).astype(np.float32), radius=1, count=300),
        _peaks("more wanted than a tile has", steps, radius=0, count=2000),
        *[in_half(_peaks(*case), "maps") for case in halves],
    ]


def _decoded(name, cells, offset, sign=1.0, ratio=1, rule="floor"):
    options = {"sign": sign, "ratio": ratio, "rule": rule}
    arguments = {"cells": np.int32(cells), "offset": offset, **options}
    return Case(name, arguments, rtol=OFFSET_RTOL)


def center_offset_decode_cases():
    def offset(batch, keypoints=17, height=12, width=16):
        shape = (batch, 2 * keypoints, height, width)
        return rng(3).normal(0, 5, shape).astype(np.float32)

    def cells(batch, people, ratio=1):
        return rng(4).integers(-1, 12 * 16 * ratio * ratio, (batch, people))

    corners = [[0, 63, 47 * 64, 48 * 64 - 1]]  # of a map four times as fine

    special = offset(1)
    special[0, ::3], special[0, 1::3] = NAN, FLOAT_MAX
    return [
        *[_decoded(f"{n} people", cells(1, n), offset(1)) for n in PEOPLE],
        *[_decoded(f"batch {b}", cells(b, 5), offset(b)) for b in BATCHES],
        _decoded("field points back", cells(2, 5), offset(2), -1.0),
        _decoded("borders", [[0, 15, 11 * 16, 12 * 16 - 1]], offset(1)),
        _decoded("none among them", [[3, -1, 5, -1]], offset(1)),
        _decoded("nobody", [[-1, -1]], offset(1)),
        _decoded("the same center twice", [[7, 7]], offset(1)),
        _decoded("NaN and huge", cells(1, 5), special),
        _decoded("one cell, one keypoint", [[0]], offset(1, 1, 1, 1)),
        _decoded("no cells", [[-1]], offset(1, 17, 0, 0)),
        _decoded("no poses", np.zeros((2, 0)), offset(2)),
        _decoded("no images", np.zeros((0, 5)), offset(0)),
        _decoded("no keypoints", [[3, -1]], offset(1, 0)),
        *[
            _decoded(f"map {r} times as fine, {rule}", cells(2, 30, r), offset(2), -1.0, r, rule)
            for r in (2, 3, 4)
            for rule in ("floor", "rounded", "covering")
        ],
        _decoded("rounded, maps alike", cells(1, 5), offset(1), rule="rounded"),
        _decoded("corners, fine", corners, offset(1), ratio=4),
        _decoded("corners, fine, rounded", corners, offset(1), ratio=4, rule="rounded"),
        _decoded("corners, fine, covering", corners, offset(1), ratio=4, rule="covering"),
        _decoded("none of a finer map", [[-1, 5]], offset(1), ratio=2, rule="covering"),
        in_half(_decoded("usual", cells(3, 5), offset(3)), "offset"),
        in_half(_decoded("fine", cells(3, 5, 4), offset(3), ratio=4, rule="rounded"), "offset"),
    ]


def _windowed(name, heatmap, centers, spread, boxes=None, counts=None, *, exact=False):
    arguments = {
        "heatmap": heatmap,
        "centers": np.float32(centers),
        "spread": np.float32(spread),
        "boxes": None if boxes is None else np.float32(boxes),
        "counts": counts,
    }
    return Case(name, arguments, check=partial(check_windowed, exact=exact))


def _people(batch, people, heatmap, seed=5):
    """Centers, spread and boxes of people anywhere in the map and a little outside."""
    random = rng(seed)
    height, width = heatmap.shape[2:]
    size = (batch, people, heatmap.shape[1])
    centers = np.stack(
        (random.uniform(-3, width + 3, size), random.uniform(-3, height + 3, size)), -1
    )
    spread = np.exp(random.uniform(0, 6, (batch, people)))
    corners = random.uniform(-5, (width + 5, height + 5), (batch, people, 2, 2))
    boxes = np.sort(corners, axis=2).reshape(batch, people, 4)
    return centers, spread, boxes


def gaussian_argmax_cases():
    heat = blobs(3, 17, 24, 32, seed=6)
    whole = blobs(3, 18, 24, 32, seed=7)
    flat = np.ones((1, 1, 8, 9), np.float32)
    steps = rng(8).integers(0, 3, (1, 2, 12, 16)).astype(np.float32)
    holes = heat.copy()
    holes[rng(9).random(holes.shape) < 0.3] = NAN
    centers, spread, boxes = _people(1, 4, heat[:1])
    strange_centers, strange_boxes = centers.copy(), boxes.copy()
    strange_centers[0, 0, :4] = [(NAN, 3), (3, NAN), (INF, 3), (3, -INF)]
    strange_centers[0, 1, :2] = [(1e30, 3), (3, -1e30)]
    strange_boxes[0] = [
        (NAN, 0, 9, 9),
        (5, 5, 5, 9),
        (-INF, -INF, INF, INF),
        (9, 9, 3, 3),
    ]
    large, wide = blobs(1, 2, 400, 600), blobs(1, 4, 3, 2100)
    single = np.zeros((1, 1, 24, 32), np.float32)
    single[0, 0, 23, 31] = 0.5
    return [
        *[_windowed(f"{n} people", heat[:1], *_people(1, n, heat)[:2]) for n in PEOPLE],
        *[_windowed(f"{n} people in boxes", heat[:1], *_people(1, n, heat)) for n in PEOPLE],
        *[_windowed(f"batch {b}", heat[:b], *_people(b, 5, heat)) for b in BATCHES],
        _windowed("counted", heat, *_people(3, 5, heat), COUNTS),
        _windowed("first channels of a larger array", whole[:, :17], *_people(3, 5, heat)),
        _windowed("every second image", blobs(5, 17, 12, 16)[::2], *_people(3, 5, heat[:, :, :12])),
        _windowed("NaN in the map", holes[:1], *_people(1, 30, heat)),
        _windowed("NaN everywhere", np.full_like(heat[:1], NAN), centers, spread, boxes),
        _windowed("centers that are not finite or far away", heat[:1], strange_centers, spread),
        _windowed("strange boxes", heat[:1], centers, spread, strange_boxes),
        _windowed("spread not positive", heat[:1], centers, [[0, -1, NAN, 5]]),
        _windowed("spread without end", heat[:1], centers, [[INF] * 4], exact=True),
        _windowed("spread without end, boxes", heat[:1], centers, [[INF] * 4], boxes, exact=True),
        _windowed("spread very small", heat[:1], centers, [[1e-3, 1e-10, 1e-30, 1e-40]]),
        _windowed("spread very large", heat[:1], centers, [[1e4, 1e5, 1e6, 1e7]]),
        _windowed("center beyond 2^24", flat[:, :, :1], [[[(17940332, 0)]]], [[1.1219234e13]]),
        _windowed("huge", heat[:1] * FLOAT_MAX, centers, spread),
        _windowed("tiny", heat[:1] * np.float32(1e-30), centers, spread),
        _windowed("nothing in the map", np.zeros_like(heat[:1]), centers, spread),
        _windowed("one cell far away", single, [[[(0, 0)]]], [[50]]),
        _windowed("borders", heat[:1, :4], [[[(0, 0), (31, 0), (0, 23), (31, 23)]]], [[9]]),
        _windowed("ties of two columns", flat, [[[(3.5, 2)]]], [[4]], exact=True),
        _windowed("ties of two rows", flat, [[[(3, 2.5)]]], [[4]], exact=True),
        _windowed("ties of four cells", flat, [[[(3.5, 2.5)]]], [[4]], exact=True),
        _windowed("ties in a box", flat, [[[(3.5, 2.5)]]], [[4]], [[(1, 1, 6, 6)]], exact=True),
        _windowed("ties outside", flat, [[[(-4, 3.5)]]], [[30]], exact=True),
        _windowed("ties around the middle", steps[:, :1], [[[(7, 6)]]], [[25]], exact=True),
        _windowed("ties without end", steps, [[[(7, 6), (2, 9)]]], [[INF]], exact=True),
        _windowed("one cell", flat[:, :, :1, :1].copy(), [[[(0.4, 0)]]], [[1]]),
        _windowed("one row", heat[:1, :1, :1].copy(), [[[(7, 3)]]], [[20]]),
        _windowed("no rows", heat[:1, :, :0].copy(), centers, spread),
        _windowed("no columns", heat[:1, :, :, :0].copy(), centers, spread, boxes),
        _windowed("no people", heat[:1], centers[:, :0], spread[:, :0], boxes[:, :0]),
        _windowed("no images", heat[:0], centers[:0], spread[:0]),
        _windowed("no keypoints", heat[:1, :0], centers[:, :, :0], spread),
        _windowed("wider than a block", wide, *_people(1, 2, wide)),
        _windowed("large map", large, *_people(1, 3, large)),
        in_half(_windowed("people in boxes", heat, *_people(3, 5, heat)), "heatmap"),
        in_half(_windowed("NaN", holes[:1], *_people(1, 30, heat)), "heatmap"),
        in_half(_windowed("ties", flat, [[[(3.5, 2.5)]]], [[4]], exact=True), "heatmap"),
    ]


CASES = {
    "center_nms_topk": center_nms_topk_cases(),
    "center_offset_decode": center_offset_decode_cases(),
    "gaussian_argmax": gaussian_argmax_cases(),
}
