"""Inputs for every kernel: usual, empty, one, ties, borders, huge, NaN, crowds, batches, views."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from posetrack.structures import COCO_17

PEOPLE = (1, 5, 30, 300)
BATCHES = (1, 3)
NAN, INF = np.float32(np.nan), np.float32(np.inf)
FLOAT_MAX = np.finfo(np.float32).max


@dataclass(frozen=True)
class Case:
    """One call of a kernel.

    Attributes:
        name: says what is special about it.
        arguments: by the names of the kernel's parameters.
        exact: results of a search must be those of the reference, cell by cell. Without it two
            cells whose values differ only by rounding may stand for each other.
    """

    name: str
    arguments: dict[str, Any]
    exact: bool = False


def rng(seed=0):
    return np.random.default_rng(seed)


def picture(height, width, seed=0):
    return rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _sized(name, image, size, scale, border=(10, 20, 30)):
    return Case(name, {"image": image, "size": size, "scale": scale, "border": border})


def size_image_cases():
    checkers = np.uint8([0, 255])[np.indices((37, 53)).sum(0) % 2][..., None].repeat(3, 2)
    return [
        _sized("usual", picture(120, 160), (64, 96), 64 / 120),
        _sized("same size", picture(20, 30), (20, 30), 1.0),
        _sized("half", picture(40, 60), (20, 30), 0.5),
        _sized("just below half", picture(41, 61), (20, 30), 0.49),
        _sized("a third", picture(90, 91), (32, 32), 1 / 3),
        _sized("a fiftieth", picture(300, 200), (6, 5), 0.02),
        _sized("less than one pixel", picture(30, 40), (3, 3), 0.001),
        _sized("larger", picture(13, 17), (40, 50), 2.7),
        _sized("much larger", picture(2, 3), (64, 64), 21.0),
        _sized("border on both sides", picture(20, 30), (64, 64), 0.9),
        _sized("image beyond the input", picture(50, 60), (16, 16), 0.8),
        _sized("extremes", checkers, (30, 40), 0.77),
        _sized("extremes, small", checkers, (10, 15), 0.27),
        _sized("white", np.full((31, 47, 3), 255, np.uint8), (20, 32), 0.63),
        _sized("one pixel", picture(1, 1), (8, 8), 3.0),
        _sized("to one pixel", picture(50, 70), (1, 1), 1 / 70),
        _sized("one row", picture(1, 200), (32, 64), 0.3),
        _sized("one column", picture(200, 1), (64, 32), 0.3),
        _sized("huge, thin", picture(3, 20000), (32, 256), 256 / 20000),
        _sized("no image", picture(0, 0), (4, 5), 1.0),
        _sized("no rows", picture(0, 7), (4, 5), 1.0),
        _sized("no columns", picture(7, 0), (4, 5), 1.0),
        _sized("nothing wanted", picture(7, 8), (0, 5), 1.0),
        _sized("no width wanted", picture(7, 8), (5, 0), 1.0),
    ]


def blobs(batch, channels, height, width, seed=0):
    """(B, C, h, w) heatmaps in [0, 1): noise and a few bumps, as networks make them."""
    random = rng(seed)
    maps = random.random((batch, channels, height, width)) * 0.05
    rows, columns = np.arange(height)[:, None], np.arange(width)
    for heat in maps.reshape(-1, height, width):
        for _ in range(4):
            y, x = random.uniform(0, height), random.uniform(0, width)
            bump = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 4)
            heat[:] = np.maximum(heat, random.uniform(0.3, 0.99) * bump)
    return maps.astype(np.float32)


def _peaks(name, maps, count=30, *, radius=2, tolerance=0.0, threshold=0.0):
    options = {"radius": radius, "tolerance": tolerance, "threshold": threshold}
    return Case(name, {"maps": maps, "count": count, **options}, exact=True)


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
    ]


def _decoded(name, cells, offset, sign=1.0):
    return Case(name, {"cells": np.int32(cells), "offset": offset, "sign": sign})


def center_offset_decode_cases():
    def offset(batch, keypoints=17, height=12, width=16):
        shape = (batch, 2 * keypoints, height, width)
        return rng(3).normal(0, 5, shape).astype(np.float32)

    def cells(batch, people):
        return rng(4).integers(-1, 12 * 16, (batch, people))

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
    ]


def _windowed(name, heatmap, centers, spread, boxes=None, *, exact=False):
    arguments = {
        "heatmap": heatmap,
        "centers": np.float32(centers),
        "spread": np.float32(spread),
        "boxes": None if boxes is None else np.float32(boxes),
    }
    return Case(name, arguments, exact)


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
    single = np.zeros((1, 1, 24, 32), np.float32)
    single[0, 0, 23, 31] = 0.5
    return [
        *[_windowed(f"{n} people", heat[:1], *_people(1, n, heat)[:2]) for n in PEOPLE],
        *[_windowed(f"{n} people in boxes", heat[:1], *_people(1, n, heat)) for n in PEOPLE],
        *[_windowed(f"batch {b}", heat[:b], *_people(b, 5, heat)) for b in BATCHES],
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
    ]


def bodies(people, seed=0, keypoints=17):
    """Keypoints, scores and area of people crowded enough to be alike."""
    random = rng(seed)
    places = random.uniform(0, 60, (max(1, people // 3), 1, 2))
    poses = places[random.integers(0, len(places), people)]
    poses = poses + random.normal(0, 6, (people, keypoints, 2))
    scores = random.uniform(-0.3, 1, (people, keypoints))
    area = random.uniform(500, 3000, people)
    return poses.astype(np.float32), scores.astype(np.float32), area.astype(np.float32)


def _similar(name, a, b, sigmas=COCO_17.sigma_array):
    b, b_scores, b_area = b
    arguments = {"a": a, "b": b, "b_scores": b_scores, "b_area": b_area, "sigmas": sigmas}
    return Case(name, arguments)


def _strange_bodies():
    """Poses with NaN, infinite, huge and far coordinates, strange scores and areas."""
    poses, scores, area = bodies(10, seed=11)
    poses[0, 0], poses[1, :, 0], poses[2, 3] = NAN, INF, -INF
    poses[3] += 1e5
    poses[4] = FLOAT_MAX
    scores[5], scores[6] = 0, NAN
    area[7], area[8], area[9] = 0, -5, NAN
    return poses, scores, area


def oks_matrix_cases():
    some = bodies(5, seed=12)
    strange = _strange_bodies()
    one = bodies(3, keypoints=1)
    no_sigma = COCO_17.sigma_array
    no_sigma[:2] = 0
    return [
        *[_similar(f"{n} people", bodies(n)[0], bodies(n, 1)) for n in PEOPLE],
        _similar("more than others", bodies(30)[0], some),
        _similar("fewer than others", some[0], bodies(30)),
        _similar("with themselves", some[0], some),
        _similar("strange ones with usual ones", strange[0], bodies(30)),
        _similar("usual ones with strange ones", bodies(30)[0], strange),
        _similar("area without end", some[0], (*some[:2], np.full(5, INF))),
        _similar("area very small", some[0], (*some[:2], np.full(5, 1e-30, np.float32))),
        _similar("a sigma of 0", some[0], some, no_sigma),
        _similar("one keypoint", one[0], one, no_sigma[5:6].copy()),
        _similar("nobody", some[0][:0], some),
        _similar("no others", some[0], tuple(part[:0] for part in some)),
        _similar("no keypoints", some[0][:, :0].copy(), bodies(4, keypoints=0), no_sigma[:0]),
    ]


def _suppressed(name, people, threshold=0.3):
    keypoints, scores, area = people
    arguments = {"keypoints": keypoints, "scores": scores, "area": area}
    sigmas = COCO_17.sigma_array[: keypoints.shape[1]]
    return Case(name, {**arguments, "sigmas": sigmas, "threshold": threshold})


def oks_nms_cases():
    some = bodies(30, seed=13)
    twice = tuple(np.concatenate((part[:5], part[:5])) for part in some)
    return [
        *[_suppressed(f"{n} people", bodies(n, seed=n)) for n in PEOPLE],
        *[_suppressed(f"threshold {t}", some, t) for t in (-1.0, 0.0, 0.05, 0.7, 1.0, 2.0)],
        _suppressed("everyone twice", twice),
        _suppressed("everyone twice, threshold met exactly", twice, 1.0),
        _suppressed("everyone the same", tuple(part[:1].repeat(9, 0) for part in some), 0.5),
        _suppressed("strange ones", _strange_bodies(), 0.2),
        _suppressed("nobody", bodies(0)),
        _suppressed("no keypoints", bodies(3, keypoints=0)),
    ]


CASES = {
    "size_image": size_image_cases(),
    "center_nms_topk": center_nms_topk_cases(),
    "center_offset_decode": center_offset_decode_cases(),
    "gaussian_argmax": gaussian_argmax_cases(),
    "oks_matrix": oks_matrix_cases(),
    "oks_nms": oks_nms_cases(),
}
