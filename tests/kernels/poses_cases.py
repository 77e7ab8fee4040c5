"""Poses with scores: ties, NaN, infinity, candidates that are none, crowds, counts, no places."""

import numpy as np

from .boxes_cases import one_image
from .case import BATCHES, COUNTS, FLOAT_MAX, INF, NAN, PEOPLE, Case, rng

STRANGE = np.float32([NAN, INF, -INF, 0, -0.0, FLOAT_MAX, -FLOAT_MAX, 1e-45, -1e-45])


def poses(batch, people, keypoints=17, seed=0):
    """Keypoints, their scores, scores and boxes, some of them equal."""
    random = rng(seed)
    places = random.uniform(-9, 700, (batch, people, keypoints, 2))
    scores = random.integers(0, 60, (batch, people, keypoints)) / 60
    ranks = random.integers(0, 2 * people + 1, (batch, people)) / (2 * people + 1)
    boxes = random.uniform(0, 700, (batch, people, 4))
    arrays = {"keypoints": places, "keypoint_scores": scores, "scores": ranks, "boxes": boxes}
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def candidates(batch, people, seed=1):
    """(B, N) rows in any order; some are missing, some twice, some are none."""
    rows = rng(seed).integers(-2, people + 2, (batch, people))
    return rows.astype(np.int32)


def _selected(name, arrays, max_poses=30, *, min_score=-np.inf, ranked=True, **others):
    options = {"max_poses": max_poses, "min_score": min_score, "ranked": ranked}
    return Case(name, {**arrays, **others, **options})


def select_poses_cases():
    some, rows = poses(3, 12), candidates(3, 12)
    strange = poses(1, 27)
    strange["scores"][0] = np.tile(STRANGE, 3)
    equal = {**some, "scores": np.full((3, 12), 0.5, np.float32)}
    far = np.tile(np.int32([5, -(2**31), 2**31 - 1, 12, 0, -1]), (3, 2))
    bare = {name: array for name, array in some.items() if name != "boxes"}
    return [
        *[_selected(f"{n} people", poses(1, n)) for n in PEOPLE],
        *[_selected(f"{n} people in order", poses(1, n), ranked=False) for n in PEOPLE],
        *[_selected(f"batch {b}", poses(b, 12)) for b in BATCHES],
        _selected("few places", some, 3, rows=rows),
        _selected("few places in order", some, 3, rows=rows, ranked=False),
        _selected("one place", some, 1),
        _selected("no places", some, 0, rows=rows),
        _selected("candidates", some, rows=rows),
        _selected("candidates in order", some, rows=rows, ranked=False),
        _selected("candidates, counts", some, rows=rows, counts=COUNTS),
        _selected("candidates that are no rows", some, rows=far),
        _selected("counts", some, counts=COUNTS),
        _selected("counts in order", some, counts=COUNTS, ranked=False),
        _selected("all equal", equal, 5, rows=rows),
        _selected("above a score", some, min_score=0.5),
        _selected("a score met exactly", equal, min_score=0.5),
        _selected("strange scores", strange),
        _selected("strange scores in order", strange, ranked=False),
        _selected("strange scores above 0", strange, min_score=0.0),
        _selected("without boxes", bare, rows=rows),
        _selected("2000 candidates", poses(1, 2000, 2), 100, rows=candidates(1, 2000)),
        one_image(_selected("all", some, rows=rows)),
        one_image(_selected("some", some, rows=rows, counts=COUNTS)),
        _selected("nobody", poses(2, 0)),
        _selected("no images", poses(0, 5)),
        _selected("no keypoints", poses(2, 5, 0)),
    ]


def _scored(name, values, found=-np.inf, **others):
    return Case(name, {"values": values, "found": found, **others})


def pose_scores_cases():
    some = poses(3, 12)["keypoint_scores"]
    factors = rng(2).uniform(-0.5, 1.5, (3, 12)).astype(np.float32)
    strange = rng(3).choice(STRANGE, (1, 60, 5)).astype(np.float32)
    odd_factors = rng(4).choice(STRANGE, (1, 60)).astype(np.float32)
    return [
        *[_scored(f"{n} people", poses(1, n)["keypoint_scores"]) for n in PEOPLE],
        *[_scored(f"batch {b}", some[:b], 0.3, factors=factors[:b]) for b in BATCHES],
        _scored("above a value", some, 0.5),
        _scored("a value met exactly", some, float(some[0, 0, 0])),
        _scored("none above", some, 2.0),
        _scored("none above, factors", some, 2.0, factors=factors),
        _scored("factors", some, factors=factors),
        _scored("counts", some, 0.3, counts=COUNTS),
        _scored("counts, factors", some, factors=factors, counts=COUNTS),
        _scored("strange values", strange),
        _scored("strange values above 0", strange, 0.0),
        _scored("strange factors", poses(1, 60)["keypoint_scores"], 0.5, factors=odd_factors),
        one_image(_scored("some", some, 0.3, factors=factors, counts=COUNTS)),
        _scored("nobody", some[:, :0].copy()),
        _scored("no images", some[:0]),
        _scored("no keypoints", some[..., :0].copy(), factors=factors),
    ]


def _matrices(batch, seed=5):
    return rng(seed).normal(0, 2, (batch, 2, 3)) * [1, 1, 50]


def _moved(name, points, matrices, **others):
    return Case(name, {"points": points, "matrices": matrices, **others})


def transform_points_cases():
    some, limits = poses(3, 12)["keypoints"], np.float32([[640, 480], [0, 0], [7.5, 1e30]])
    strange = rng(6).choice(STRANGE, (1, 60, 5, 2)).astype(np.float32)
    flat = np.float64([[[2, 0, 0.25], [0, 0.5, -3]]])
    return [
        *[_moved(f"{n} people", poses(1, n)["keypoints"], _matrices(1)) for n in PEOPLE],
        *[_moved(f"batch {b}", some[:b], _matrices(b)) for b in BATCHES],
        _moved("a zoom", some[:1], flat),
        _moved("limits", some, _matrices(3), limits=limits),
        _moved("counts", some, _matrices(3), counts=COUNTS),
        _moved("counts, limits", some, _matrices(3), limits=limits, counts=COUNTS),
        _moved("corners of boxes", poses(3, 5, 2)["keypoints"], _matrices(3)),
        _moved("strange points", strange, flat),
        _moved("strange points, limits", strange, flat, limits=limits[:1]),
        _moved("beyond float32", some[:1], flat * 1e300),
        one_image(_moved("some", some, _matrices(3), limits=limits, counts=COUNTS)),
        _moved("nobody", some[:, :0].copy(), _matrices(3)),
        _moved("no images", some[:0], _matrices(0)),
        _moved("no keypoints", some[:, :, :0].copy(), _matrices(3)),
    ]


def _extended(name, keypoints, scores=None, found=0.0, **others):
    return Case(name, {"keypoints": keypoints, "scores": scores, "found": found, **others})


def keypoint_extents_cases():
    some = poses(3, 12)
    keypoints, scores = some["keypoints"], some["keypoint_scores"]
    strange = rng(7).choice(STRANGE, (1, 60, 2, 2)).astype(np.float32)
    odd_scores = rng(8).choice(STRANGE, (3, 12, 17)).astype(np.float32)
    return [
        *[_extended(f"{n} people", poses(1, n)["keypoints"]) for n in PEOPLE],
        *[_extended(f"batch {b}", keypoints[:b], scores[:b], 0.5) for b in BATCHES],
        _extended("a score met exactly", keypoints, scores, float(scores[0, 0, 0])),
        _extended("none found", keypoints, scores, 1.0),
        _extended("nearly none found", keypoints, scores, 0.95),
        _extended("counts", keypoints, counts=COUNTS),
        _extended("counts, scores", keypoints, scores, 0.5, counts=COUNTS),
        _extended("strange keypoints", strange),
        _extended("strange scores", keypoints, odd_scores),
        _extended("strange scores, without limit", keypoints, odd_scores, -np.inf),
        one_image(_extended("some", keypoints, scores, 0.5, counts=COUNTS)),
        _extended("nobody", keypoints[:, :0].copy()),
        _extended("no images", keypoints[:0]),
        _extended("no keypoints", keypoints[:, :, :0].copy()),
    ]


def _levelled(name, values, reference, factor=0.9, min_value=-np.inf, **others):
    arrays = {"values": values, "reference": reference, **others}
    return Case(name, {**arrays, "factor": factor, "min_value": min_value})


def level_scores_cases():
    def falling(batch, people, seed):
        values = rng(seed).uniform(-0.2, 1, (batch, people)).astype(np.float32)
        return np.sort(values, axis=1)[:, ::-1].copy()

    some, other = falling(3, 12, 9), falling(3, 5, 10)
    ends = np.float32([[0, -1, -2], [-1, -2, -3], [NAN, 1, 0]])
    strange = np.float32([[INF, 1, 0], [1, -INF, -INF], [1e-45, 0, NAN]])
    return [
        *[_levelled(f"{n} people", falling(1, n, 11), other[:1]) for n in PEOPLE],
        *[_levelled(f"batch {b}", some[:b], other[:b], 1.0, 0.3) for b in BATCHES],
        _levelled("above a value", some, other, 0.9, 0.3),
        _levelled("none above", some, other, 0.9, 2.0),
        _levelled("highest met exactly", some, other, 1.0, float(other[0, 0])),
        _levelled("counts", some, other, 0.9, 0.1, counts=COUNTS),
        _levelled("reference counts", some, other, 0.9, 0.1, reference_counts=COUNTS),
        _levelled("both counts", some, other, counts=COUNTS, reference_counts=COUNTS[::-1].copy()),
        _levelled("first value not above 0", ends, other),
        _levelled("first value not above 0, limit", ends, other, 0.9, 0.0),
        _levelled("strange values", strange, other, 0.9, 0.0),
        _levelled("strange references", some, strange, 0.9, 0.0),
        _levelled("no factor", some, other, 0.0, 0.0),
        one_image(_levelled("some", some, other, counts=COUNTS, reference_counts=COUNTS)),
        _levelled("no reference", some, other[:, :0].copy()),
        _levelled("nobody", some[:, :0].copy(), other),
        _levelled("no images", some[:0], other[:0]),
    ]


CASES = {
    "select_poses": select_poses_cases(),
    "pose_scores": pose_scores_cases(),
    "transform_points": transform_points_cases(),
    "keypoint_extents": keypoint_extents_cases(),
    "level_scores": level_scores_cases(),
}
