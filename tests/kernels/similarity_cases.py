"""Poses to be compared: crowds, twins, strange coordinates, scores and areas."""

import numpy as np
from posetrack.structures import COCO_17
from tolerances import DOUBLE_ATOL, OKS_ATOL

from .boxes_cases import COUNTS, one_image, strange_boxes
from .case import BATCHES, FLOAT_MAX, INF, NAN, PEOPLE, Case, bodies, rng


def _similar(name, a, b, sigmas=COCO_17.sigma_array, **counts):
    b, b_scores, b_area = b
    arguments = {"a": a, "b": b, "b_scores": b_scores, "b_area": b_area, "sigmas": sigmas}
    return Case(name, {**arguments, **counts}, atol=OKS_ATOL)


def _strange_bodies():
    """Poses with NaN, infinite, huge and far coordinates, strange scores and areas."""
    poses, scores, area = bodies(10, seed=11)
    poses[0, 0], poses[1, :, 0], poses[2, 3] = NAN, INF, -INF
    poses[3] += 1e5
    poses[4] = FLOAT_MAX
    scores[5], scores[6] = 0, NAN
    area[7], area[8], area[9] = 0, -5, NAN
    return poses, scores, area


def _crowds(batch, people, seed=0):
    """As `bodies`, of several images: every array has that axis first."""
    images = [bodies(people, seed + b) for b in range(batch)]
    return tuple(np.stack(parts) for parts in zip(*images, strict=True))


# of one image: the most whose pairs one block of a CUDA twin compares, and one more
_OF_A_BLOCK = (64, 65)
# of keypoints, at the ends of what float32 can square and divide by
_STRANGE_SIGMAS = (0.0, 1e-30, 1e-19, 1e-9, 1e9, 1e18, 1e30, INF, NAN)


def _strange_sigmas():
    """(name, (17,) sigmas): each of them alone among usual ones, and all alike."""
    for sigma in _STRANGE_SIGMAS:
        sigmas = COCO_17.sigma_array
        sigmas[3] = sigma
        yield f"a sigma of {sigma}", sigmas
        yield f"all sigmas {sigma}", np.full_like(sigmas, sigma)


def _many_keypoints():
    """More than a warp has lanes: 40."""
    return np.linspace(0.02, 0.1, 40, dtype=np.float32)


def oks_matrix_cases():
    some = bodies(5, seed=12)
    strange = _strange_bodies()
    one, forty = bodies(3, keypoints=1), np.linspace(0.02, 0.1, 40, dtype=np.float32)
    no_sigma = COCO_17.sigma_array
    no_sigma[:2] = 0
    return [
        *[_similar(f"{n} people", _crowds(1, n)[0], _crowds(1, n, 1)) for n in PEOPLE],
        _similar("more than others", bodies(30)[0], some),
        _similar("fewer than others", some[0], bodies(30)),
        _similar("with themselves", some[0], some),
        _similar("strange ones with usual ones", strange[0], bodies(30)),
        _similar("usual ones with strange ones", bodies(30)[0], strange),
        _similar("area without end", some[0], (*some[:2], np.full(5, INF))),
        _similar("area very small", some[0], (*some[:2], np.full(5, 1e-30, np.float32))),
        _similar("a sigma of 0", some[0], some, no_sigma),
        _similar("one keypoint", one[0], one, no_sigma[5:6].copy()),
        *[_similar(f"batch {b}", _crowds(b, 7)[0], _crowds(b, 5, 9)) for b in BATCHES],
        _similar("batch, strange ones", strange[0][None], tuple(part[None] for part in strange)),
        _similar("batch of no images", _crowds(1, 7)[0][:0], [p[:0] for p in _crowds(1, 5)]),
        _similar("batch, nobody", _crowds(3, 7)[0][:, :0].copy(), _crowds(3, 5)),
        *[_similar(f"batch, {name}", _crowds(3, 7)[0], _crowds(3, 5), **c) for name, c in COUNTS],
        _similar("one image, some of them", some[0], some, counts=np.array(2, np.int32)),
        _similar("40 keypoints", bodies(7, 1, 40)[0], bodies(5, 2, 40), forty),
        _similar("nobody", some[0][:0], some),
        _similar("no others", some[0], tuple(part[:0] for part in some)),
        _similar("no keypoints", some[0][:, :0].copy(), bodies(4, keypoints=0), no_sigma[:0]),
    ]


def _suppressed(name, people, threshold=0.3, counts=None, sigmas=None):
    keypoints, scores, areas = people
    arguments = {"keypoints": keypoints, "scores": scores, "areas": areas}
    counts = None if counts is None else np.int32(counts)
    if sigmas is None:
        sigmas = COCO_17.sigma_array[: keypoints.shape[2]]
    return Case(name, {**arguments, "sigmas": sigmas, "counts": counts, "threshold": threshold})


def nms_oks_visible_cases():
    some, three = _crowds(1, 30, seed=13), _crowds(3, 30, seed=40)
    twice = tuple(np.concatenate((part[:, :5], part[:, :5]), 1) for part in some)
    same = tuple(part[:, :1].repeat(9, 1) for part in some)
    strange = tuple(part[None] for part in _strange_bodies())
    return [
        *[_suppressed(f"{n} people", _crowds(1, n, seed=n)) for n in PEOPLE],
        *[_suppressed(f"threshold {t}", some, t) for t in (-1.0, 0.0, 0.05, 0.7, 1.0, 2.0)],
        *[_suppressed(f"batch {b}", tuple(part[:b] for part in three)) for b in BATCHES],
        _suppressed("no images", tuple(part[:0] for part in three)),
        _suppressed("nobody", tuple(part[:, :0].copy() for part in three)),
        _suppressed("some rows of each", three, counts=[7, 0, 30]),
        _suppressed("counts out of range", three, counts=[-5, 31, 2**31 - 1]),
        one_image(_suppressed("all rows", three), "sigmas"),
        one_image(_suppressed("some rows", three, counts=[7, 0, 30]), "sigmas"),
        _suppressed("everyone twice", twice),
        _suppressed("everyone twice, threshold met exactly", twice, 1.0),
        _suppressed("everyone the same", same, 0.5),
        _suppressed("strange ones", strange, 0.2),
        *[_suppressed(f"strange ones, threshold {t}", strange, t) for t in (-1.0, 0.0, 1e-30)],
        *[_suppressed(name, some, sigmas=sigmas) for name, sigmas in _strange_sigmas()],
        *[
            _suppressed(f"areas of {area}", (*some[:2], np.full_like(some[2], area)))
            for area in (1e-38, 1e-20, 1e-8, 1e8, 1e20, 1e38, INF)
        ],
        _suppressed(
            "40 keypoints",
            tuple(part[None] for part in bodies(40, 1, 40)),
            sigmas=_many_keypoints(),
        ),
        _suppressed("no keypoints", tuple(part[None] for part in bodies(3, keypoints=0))),
    ]


def _bodies(batch, people, seed=0, keypoints=17):
    """As `bodies`, of several images: (B, N, K, 2) keypoints and (B, N) areas."""
    images = [bodies(people, seed + b, keypoints) for b in range(batch)]
    return np.stack([image[0] for image in images]), np.stack([image[2] for image in images])


def _compared(name, people, others, sigmas=COCO_17.sigma_array, **counts):
    arguments = {"keypoints": people[0], "areas": people[1], "others": others[0]}
    arguments |= {"other_areas": others[1], "sigmas": sigmas, **counts}
    return Case(name, arguments, atol=DOUBLE_ATOL)


def oks_between_cases():
    some, others = _bodies(3, 5), _bodies(3, 7, 20)
    strange, _, areas = (part[None] for part in _strange_bodies())
    no_sigma = COCO_17.sigma_array
    no_sigma[:2] = 0
    first, sixty = tuple(part[:1] for part in some), _bodies(1, 6, 3, 60)
    return [
        *[_compared(f"{n} people", _bodies(1, n), _bodies(1, n, 1)) for n in PEOPLE],
        *[
            _compared(
                f"batch {b}", *[tuple(part[:b] for part in group) for group in (some, others)]
            )
            for b in BATCHES
        ],
        _compared("with themselves", some, some),
        _compared("strange ones with usual ones", (strange, areas), first),
        _compared("strange ones with strange ones", (strange, areas), (strange, areas)),
        _compared("areas of 0", (some[0], 0 * some[1]), (others[0], 0 * others[1])),
        _compared("areas below 0", (some[0], -some[1]), others),
        _compared("areas without end", some, (others[0], others[1] * INF)),
        _compared("a sigma of 0", some, others, no_sigma),
        *[_compared(name, some, others, **counts) for name, counts in COUNTS],
        *[
            one_image(_compared(name, some, others, **counts), "sigmas")
            for name, counts in [("all", {}), *COUNTS]
        ],
        _compared("60 keypoints", sixty, sixty, np.full(60, 0.05, np.float32)),
        _compared("nobody", tuple(part[:, :0].copy() for part in some), others),
        _compared("no others", some, tuple(part[:, :0].copy() for part in others)),
        _compared("no images", tuple(part[:0] for part in some), tuple(p[:0] for p in others)),
        _compared("no keypoints", _bodies(1, 3, 0, 0), _bodies(1, 4, 0, 0), no_sigma[:0]),
    ]


def _people(batch, people, seed=0, keypoints=17):
    """Poses, areas, scores of which some are equal, and boxes around the poses."""
    poses, areas = _bodies(batch, people, seed, keypoints)
    scores = rng(seed).integers(0, 20, (batch, people)).astype(np.float32) / 20
    half = np.sqrt(areas)[..., None] / 2
    centers = poses.mean(axis=2) if keypoints else np.zeros((batch, people, 2), np.float32)
    boxes = np.concatenate((centers - half, centers + half), 2).astype(np.float32)
    return {"keypoints": poses, "areas": areas, "scores": scores, "boxes": boxes}


def _one_each(name, people, **options):
    sigmas = (*COCO_17.sigma_array, *_many_keypoints()[17:])[: people["keypoints"].shape[2]]
    sigmas = np.array(sigmas, np.float32)
    limits = {"oks_threshold": 0.3, "iou_threshold": 0.4, "suppress": "either"}
    return Case(name, {**people, "sigmas": sigmas, "counts": None, **limits, **options})


def nms_oks_iou_cases():
    some = _people(3, 30, seed=5)
    twice = {key: np.concatenate((part[:, :5], part[:, :5]), 1) for key, part in some.items()}
    poses, scores, areas = (part[None] for part in _strange_bodies())
    boxes = strange_boxes()[0][:, :10].copy()
    strange = {"keypoints": poses, "areas": areas, "scores": scores[:, :, 0], "boxes": boxes}
    strange["scores"] = np.ascontiguousarray(strange["scores"])
    poses_alone = {"boxes": None, "iou_threshold": float("inf")}
    return [
        *[_one_each(f"{n} people", _people(1, n, n)) for n in PEOPLE],
        *[_one_each(f"{n} people, both", _people(1, n, n), suppress="both") for n in PEOPLE],
        *[_one_each(f"{n} people, poses alone", _people(1, n, n), **poses_alone) for n in PEOPLE],
        *[_one_each(f"batch {b}", {key: p[:b] for key, p in some.items()}) for b in BATCHES],
        *[
            _one_each(f"thresholds {oks}, {iou}, {join}", some, **limits)
            for oks, iou in ((-1.0, 2.0), (0.0, 0.0), (1.0, 0.2), (0.1, 1.0), (2.0, 2.0))
            for join in ("either", "both")
            for limits in [{"oks_threshold": oks, "iou_threshold": iou, "suppress": join}]
        ],
        _one_each("both, poses alone", some, suppress="both", **poses_alone),
        *[_one_each(f"{n} people", _people(1, n, n)) for n in _OF_A_BLOCK],
        _one_each("40 keypoints", _people(2, 30, 6, 40)),
        *[_one_each(name, some, sigmas=sigmas) for name, sigmas in _strange_sigmas()],
        *[
            _one_each(f"areas of {area}", {**some, "areas": np.full_like(some["areas"], area)})
            for area in (0, 1e-38, 1e-20, 1e-8, 1e8, 1e20, 1e38, INF)
        ],
        _one_each("everyone twice", twice),
        _one_each(
            "everyone twice, thresholds met exactly", twice, oks_threshold=1, iou_threshold=1
        ),
        _one_each("some rows of each", some, counts=np.int32([7, 0, 30])),
        _one_each("counts out of range", some, counts=np.int32([-5, 31, 2**31 - 1])),
        one_image(_one_each("all rows", some), "sigmas"),
        one_image(_one_each("some rows", some, counts=np.int32([7, 0, 30])), "sigmas"),
        _one_each("all scores NaN", {**some, "scores": np.full_like(some["scores"], NAN)}),
        _one_each("strange ones", strange, oks_threshold=0.2),
        _one_each("strange ones, both", strange, oks_threshold=0.01, suppress="both"),
        _one_each("nobody", {key: part[:, :0].copy() for key, part in some.items()}),
        _one_each("no images", {key: part[:0] for key, part in some.items()}),
        _one_each("no keypoints", _people(2, 4, 0, 0)),
    ]


def _walked(name, people, distance=0.3, min_keypoints=8, relative=True, counts=None):
    keypoints, scores = people
    counts = None if counts is None else np.int32(counts)
    arguments = {"keypoints": keypoints, "scores": scores, "counts": counts}
    options = {"distance": distance, "min_keypoints": min_keypoints, "relative": relative}
    return Case(name, {**arguments, **options})


def _poses(batch, people, seed=0, keypoints=17):
    people = _people(batch, people, seed, keypoints)
    return people["keypoints"], people["scores"]


def nms_near_keypoints_cases():
    some = _poses(3, 30, seed=9)
    on_cells = (np.round(some[0] / 6) * 6, some[1])
    points = (some[0][:, :, :1].repeat(17, 2), some[1])
    poses, scores, _ = (part[None] for part in _strange_bodies())
    strange = (poses, np.ascontiguousarray(scores[:, :, 0]))
    tiny = (some[0] * np.float32(1e-24), some[1])
    absolute = {"relative": False}
    return [
        *[_walked(f"{n} people", _poses(1, n, n)) for n in (*PEOPLE, *_OF_A_BLOCK)],
        *[_walked(f"{n} people, absolute", _poses(1, n, n), 8.0, **absolute) for n in PEOPLE],
        *[_walked(f"batch {b}", tuple(part[:b] for part in some)) for b in BATCHES],
        *[_walked(f"distance {d}", some, d) for d in (0.0, 0.05, 0.2, 1.0, 1e30, 1e300)],
        *[_walked(f"distance {d}, absolute", some, d, **absolute) for d in (0.0, 0.1, 9.99, 1e300)],
        *[_walked(f"{n} keypoints", some, min_keypoints=n) for n in (0, 3, 16, 17, 1000)],
        _walked("distances met exactly", on_cells, 6.0, **absolute),
        _walked("distances met exactly, diagonal", on_cells, 6 * 2**0.5, **absolute),
        *[_walked(f"distance {d}, absolute", tiny, d, **absolute) for d in (1e-44, 1e-30, 1e-22)],
        _walked("distance without end", some, float("inf"), **absolute),
        _walked("some rows of each", some, counts=[7, 0, 30]),
        _walked("counts out of range", some, counts=[-5, 31, 2**31 - 1]),
        one_image(_walked("all rows", some)),
        one_image(_walked("some rows", some, counts=[7, 0, 30])),
        _walked("everyone the same", tuple(part[:, :1].repeat(9, 1) for part in some)),
        _walked("poses without extent", points),
        _walked("poses without extent, absolute", points, 8.0, **absolute),
        _walked("strange ones", strange),
        _walked("strange ones, absolute", strange, 20.0, **absolute),
        _walked("strange scores", (some[0][:1, :12].copy(), strange_boxes()[1])),
        _walked("all scores NaN", (some[0], np.full_like(some[1], NAN))),
        _walked("all scores -infinite", (some[0], np.full_like(some[1], -INF))),
        _walked("nobody", tuple(part[:, :0].copy() for part in some)),
        _walked("no images", tuple(part[:0] for part in some)),
        _walked("no keypoints", _poses(2, 4, 0, 0)),
        _walked("no keypoints, absolute", _poses(2, 4, 0, 0), 8.0, 0, **absolute),
    ]


CASES = {
    "oks_between": oks_between_cases(),
    "oks_matrix": oks_matrix_cases(),
    "nms_oks_visible": nms_oks_visible_cases(),
    "nms_oks_iou": nms_oks_iou_cases(),
    "nms_near_keypoints": nms_near_keypoints_cases(),
}
