"""Boxes to be compared and chosen, maps to be cut out: crowds, ties, borders, strange numbers."""

from dataclasses import replace

import numpy as np
from posetrack.kernels.boxes import BoxGeneration
from tolerances import POOLED_ATOL, POOLED_RTOL

from .case import BATCHES, FLOAT_MAX, INF, NAN, PEOPLE, Case, blobs, rng

PAPER = BoxGeneration()
HALF_RTOL = 2.0**-10  # of float16, where a sum rounds to the other side


# Of three images, with a few rows each.
COUNTS = [
    ("some rows", {"counts": np.int32([2, 0, 4])}),
    ("some of the others", {"other_counts": np.int32([0, 3, 1])}),
    ("some of both", {"counts": np.int32([1, 3, 2]), "other_counts": np.int32([3, 0, 2])}),
    ("counts out of range", {"counts": np.int32([-5, 99, 2**31 - 1])}),
    ("other counts out of range", {"other_counts": np.int32([99, -(2**31), 2**31 - 1])}),
]


def one_image(case, *shared):
    """The case with the first image's arrays alone, without the batch axis."""
    arrays = {k: v for k, v in case.arguments.items() if k not in shared}
    first = {k: np.asarray(v[0]) for k, v in arrays.items() if isinstance(v, np.ndarray)}
    if "maps" in arrays:  # a tuple of them
        first["maps"] = tuple(one[0] for one in arrays["maps"])
    return replace(case, name=f"one image, {case.name}", arguments={**case.arguments, **first})


def crowd(batch, people, seed=0):
    """(B, N, 4) boxes, several around each person, and (B, N) scores of which some are equal."""
    random = rng(seed)
    places = random.uniform(0, 600, (batch, max(1, people // 5), 2))
    centers = places[:, random.integers(0, places.shape[1], people)]
    centers = centers + random.normal(0, 8, (batch, people, 2))
    half = random.uniform((20, 40), (60, 120), (batch, people, 2)) / 2
    boxes = np.concatenate((centers - half, centers + half), 2)
    scores = random.integers(40, 100, (batch, people)) / 100
    return boxes.astype(np.float32), scores.astype(np.float32)


def strange_boxes():
    """(1, N, 4) boxes with NaN, infinite and huge corners, without sides, or inside out."""
    boxes, scores = crowd(1, 12, seed=1)
    boxes[0, 0, 0], boxes[0, 1], boxes[0, 2, 3] = NAN, NAN, INF
    boxes[0, 3] = (-INF, -INF, INF, INF)
    boxes[0, 4], boxes[0, 5] = (5, 5, 5, 5), (9, 9, 3, 3)
    boxes[0, 6] = (-FLOAT_MAX, -FLOAT_MAX, FLOAT_MAX, FLOAT_MAX)
    boxes[0, 7] = (1e-38, 0, 2e-38, 1e-38)
    scores[0, 8:] = NAN, INF, -INF, 0
    return boxes, scores


def _compared(name, boxes, others, edge=0.0, **counts):
    return Case(name, {"boxes": boxes, "others": others, "edge": edge, **counts})


def box_overlap_cases():
    some, others = crowd(3, 7)[0], crowd(3, 4, seed=2)[0]
    strange = strange_boxes()[0]
    return [
        *[_compared(f"{n} people", crowd(1, n)[0], crowd(1, n, 3)[0]) for n in PEOPLE],
        *[_compared(f"batch {b}", some[:b], others[:b]) for b in BATCHES],
        _compared("to the last pixel", some, others, 1.0),
        *[_compared(name, some, others, **counts) for name, counts in COUNTS],
        *[
            one_image(_compared(name, some, others, **counts))
            for name, counts in [("all", {}), *COUNTS]
        ],
        _compared("with themselves", some, some),
        _compared("strange ones with usual ones", strange, some[:1]),
        _compared("strange ones with strange ones", strange, strange),
        _compared("strange ones to the last pixel", strange, strange, 1.0),
        _compared("touching", np.float32([[[0, 0, 2, 2]]]), np.float32([[[2, 0, 4, 2]]])),
        _compared("nobody", some[:, :0].copy(), others),
        _compared("no others", some, others[:, :0].copy()),
        _compared("no images", some[:0], others[:0]),
    ]


def _suppressed(name, people, threshold=0.5, edge=0.0, counts=None):
    boxes, scores = people
    counts = None if counts is None else np.int32(counts)
    arguments = {"boxes": boxes, "scores": scores, "counts": counts}
    return Case(name, {**arguments, "threshold": threshold, "edge": edge})


def _of_few_numbers(batch, people, seed=4):
    """Boxes on a coarse grid: overlaps often lie at the threshold itself."""
    random = rng(seed)
    low = random.integers(0, 4, (batch, people, 2))
    boxes = np.concatenate((low, low + random.integers(1, 4, (batch, people, 2))), 2)
    scores = random.integers(0, 3, (batch, people))
    return boxes.astype(np.float32) * 32, scores.astype(np.float32) / 2


def nms_boxes_cases():
    some = crowd(3, 30, seed=5)
    same = tuple(part[:, :1].repeat(9, 1) for part in some)
    return [
        *[_suppressed(f"{n} people", crowd(1, n, n)) for n in PEOPLE],
        *[_suppressed(f"batch {b}", tuple(part[:b] for part in some)) for b in BATCHES],
        *[_suppressed(f"threshold {t}", some, t) for t in (-1.0, 0.0, 0.3, 1.0, 2.0, float("inf"))],
        _suppressed("to the last pixel", some, 0.3, 1.0),
        _suppressed("some rows of each", some, counts=[7, 0, 30]),
        _suppressed("counts out of range", some, counts=[-5, 31, 2**31 - 1]),
        one_image(_suppressed("all rows", some)),
        one_image(_suppressed("some rows", some, counts=[7, 0, 30])),
        _suppressed("everyone the same", same),
        _suppressed("everyone the same, threshold met exactly", same, 1.0),
        _suppressed("thresholds met exactly", _of_few_numbers(3, 40), 1 / 3),
        _suppressed("half met exactly", _of_few_numbers(3, 40), 0.5),
        _suppressed("strange ones", strange_boxes(), 0.2),
        _suppressed("all scores NaN", (some[0], np.full_like(some[1], NAN))),
        _suppressed("1000 boxes", crowd(1, 1000, seed=6), 0.7),
        _suppressed("nobody", tuple(part[:, :0].copy() for part in some)),
        _suppressed("no images", tuple(part[:0] for part in some)),
    ]


def _generated(name, people, constants=PAPER, counts=None):
    boxes, scores = people
    counts = None if counts is None else np.int32(counts)
    arguments = {"boxes": boxes, "scores": scores, "counts": counts}
    return Case(name, {**arguments, "constants": constants})


def generate_boxes_cases():
    some = crowd(3, 40, seed=7)
    same = tuple(part[:, :1].repeat(9, 1) for part in some)
    steps = np.arange(30, dtype=np.float32)[:, None] * np.float32([7, 0, 7, 0])
    row = (np.float32([0, 0, 100, 200]) + steps)[None]
    return [
        *[_generated(f"{n} people", crowd(1, n, n)) for n in (*PEOPLE, 64, 65)],
        *[_generated(f"batch {b}", tuple(part[:b] for part in some)) for b in BATCHES],
        _generated("some rows of each", some, counts=[7, 0, 40]),
        _generated("counts out of range", some, counts=[-5, 41, 2**31 - 1]),
        one_image(_generated("all rows", some)),
        one_image(_generated("some rows", some, counts=[7, 0, 40])),
        _generated("everyone the same", same),
        _generated("in a row", (row, np.full((1, 30), 0.9, np.float32))),
        _generated("all reliable", (some[0], np.ones_like(some[1]))),
        _generated("none reliable", (some[0], some[1] * np.float32(0.8))),
        _generated(
            "limits met exactly", _of_few_numbers(3, 40), BoxGeneration(2048, 0.5, 0.5, 0.5)
        ),
        _generated("none per group", some, BoxGeneration(per_group=0)),
        _generated("all groups one box", some, BoxGeneration(group_iou=1.0)),
        _generated("one group", some, BoxGeneration(group_iou=0.0, per_group=1)),
        _generated("wide", some, BoxGeneration(aspect=2.0)),
        _generated("strange ones", strange_boxes(), BoxGeneration(reliable_score=0.0)),
        _generated("strange ones without limits", strange_boxes(), BoxGeneration(0, -1, 0, 0)),
        _generated("nobody", tuple(part[:, :0].copy() for part in some)),
        _generated("no images", tuple(part[:0] for part in some)),
    ]


def _pooled(name, maps, rois, size=(7, 7), strides=(4,), **options):
    arguments = {"maps": maps, "strides": strides, "rois": np.float32(rois), "size": size}
    options = {"samples": 2, "cell_origin": "half-pixel", "dtype": np.float32, **options}
    rtol = POOLED_RTOL if options["dtype"] == np.float32 else HALF_RTOL
    return Case(name, {**arguments, **options}, rtol=rtol, atol=POOLED_ATOL)


def _rois(batch, people, height, width, seed=8):
    """RoIs anywhere in the image and outside it."""
    random = rng(seed)
    low = random.uniform((-60, -60), (width, height), (batch, people, 2))
    size = np.exp(random.uniform(0, np.log(max(height, width)), (batch, people, 2)))
    return np.concatenate((low, low + size), 2).astype(np.float32)


def roi_align_cases():
    maps = (blobs(3, 5, 24, 32),)
    pyramid = tuple(blobs(2, 3, 64 >> i, 80 >> i, seed=i) for i in range(4))
    four = {"strides": (4, 8, 16, 32)}
    rois = _rois(3, 6, 96, 128)
    counted, two = dict(COUNTS)["some rows"], {"counts": np.int32([3, 40])}
    halves = tuple(one.astype(np.float16) for one in pyramid)
    holes = (maps[0].copy(),)
    holes[0][rng(9).random(maps[0].shape) < 0.01] = NAN
    holes[0][0, 0, 3, 4] = INF
    strange = np.float32([[
        (NAN, 0, 9, 9), (0, 0, NAN, 9), (-INF, -INF, INF, INF), (0, 0, INF, 9), (40, 30, 10, 9),
        (-FLOAT_MAX, -FLOAT_MAX, FLOAT_MAX, FLOAT_MAX), (50, 50, 50, 50), (1e30, 1e30, 2e30, 2e30),
    ]])  # fmt: skip
    # samples at -1.5, -1, ... and 32, 33: on the very limits of what lies near the map
    limits = np.float32(
        [[(-6, -6, 2, 2), (126, 94, 134, 102), (-4, -4, -4, -4), (128, 96, 128, 96)]]
    )
    sides = np.float32([111.9, 112, 112.1, 223.9, 224, 224.1, 448, 5000])
    squares = np.stack((0 * sides, 0 * sides, sides, sides), 1)[None].repeat(2, 0)
    return [
        *[_pooled(f"{n} people", (maps[0][:1],), _rois(1, n, 96, 128)) for n in PEOPLE],
        *[_pooled(f"batch {b}", (maps[0][:b],), rois[:b]) for b in BATCHES],
        _pooled("first channels of a larger array", (maps[0][:, :2],), rois),
        _pooled("every second image", (blobs(5, 2, 24, 32)[::2],), rois),
        _pooled("oblong grid", maps, rois, (12, 9)),
        _pooled("one cell", maps, rois, (1, 1)),
        _pooled("one sample", maps, rois, samples=1),
        _pooled("three samples", maps, rois, samples=3),
        _pooled("corner", maps, rois, cell_origin="corner"),
        _pooled("stride 1", maps, rois / 4, strides=(1,)),
        _pooled("pyramid", pyramid, _rois(2, 30, 256, 320), **four),
        _pooled("pyramid, sides where levels change", pyramid, squares, **four),
        _pooled("pyramid, corner", pyramid, _rois(2, 5, 256, 320), **four, cell_origin="corner"),
        *[
            _pooled(f"counts, {name}", maps, rois, **c)
            for name, c in COUNTS
            if "counts" in c and len(c) == 1
        ],
        _pooled("pyramid, some rows", pyramid, _rois(2, 30, 256, 320), **four, **two),
        _pooled("counts, no rows in the map", (maps[0][:, :, :0].copy(),), rois, **counted),
        one_image(_pooled("all rows", maps, rois)),
        one_image(_pooled("some rows", maps, rois, **counted)),
        one_image(_pooled("pyramid", pyramid, _rois(2, 30, 256, 320), **four)),
        _pooled("float16 maps", halves, _rois(2, 30, 256, 320), **four),
        _pooled("float16 maps that lie apart", (halves[0][:, 1:],), rois[:2]),
        _pooled("float16 results", pyramid, _rois(2, 30, 256, 320), **four, dtype=np.float16),
        _pooled("float16 all through", halves, rois[:2], **four, **two, dtype=np.float16),
        _pooled("float16 results, too large", (maps[0] * 1e5,), rois, dtype=np.float16),
        _pooled("float16 results, NaN and infinite", holes, rois, dtype=np.float16),
        _pooled("pyramid, strange ones", pyramid, strange.repeat(2, 0), **four),
        _pooled("strange ones", (maps[0][:1],), strange),
        _pooled("limits of the map", (maps[0][:1],), limits, (4, 4)),
        _pooled("limits of the map, corner", (maps[0][:1],), limits, (4, 4), cell_origin="corner"),
        _pooled("NaN and infinite in the map", holes, rois),
        _pooled("huge", (maps[0] * (FLOAT_MAX / 4),), rois),
        _pooled("a map of one cell", (maps[0][:, :, :1, :1].copy(),), rois),
        _pooled("a huge map", (blobs(1, 1, 400, 600),), _rois(1, 5, 1600, 2400)),
        _pooled("no rows", (maps[0][:, :, :0].copy(),), rois),
        _pooled("no columns", (maps[0][:, :, :, :0].copy(),), rois),
        _pooled("no channels", (maps[0][:, :0].copy(),), rois),
        _pooled("no cells wanted", maps, rois, (0, 7)),
        _pooled("nobody", maps, rois[:, :0]),
        _pooled("no images", (maps[0][:0],), rois[:0]),
    ]


CASES = {
    "nms_boxes": nms_boxes_cases(),
    "box_overlap": box_overlap_cases(),
    "generate_boxes": generate_boxes_cases(),
    "roi_align": roi_align_cases(),
}
