"""How alike poses are and who is suppressed: small stories, the authors' code, what is refused."""

import numpy as np
import parity
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import reference
from posetrack.structures import COCO_17
from tolerances import OKS_ATOL, PUBLISHED_OKS_ATOL

from .case import NAN, bodies, rng
from .similarity_cases import CASES

SIGMAS = COCO_17.sigma_array
ONE_SIGMA = np.float32([0.05])


def person(x):
    return np.stack((np.full(17, x, np.float32), np.arange(17, dtype=np.float32) * 10), axis=1)


def points(*places):
    """One-keypoint poses of area 100 in one image: (1, N, 1, 2) and (1, N)."""
    keypoints = np.float32([[[(x, 0)] for x in places]])
    return keypoints, np.full((1, len(places)), 100, np.float32)


def rows_of(result):
    """The rows that stay of one image; behind them there must be -1."""
    rows, count = result
    assert rows.dtype == count.dtype == np.int32
    assert (rows[0, count[0] :] == -1).all()
    return rows[0, : count[0]].tolist()


def stays(people, scores, **limits):
    scores = np.float32(scores)[None]
    return rows_of(kernels.nms_oks_iou(*people, ONE_SIGMA, scores, **limits))


# ---- oks_matrix


def one_pose(*points):
    return np.float32([points]), np.ones((1, len(points)), np.float32)


def test_oks_matrix_by_hand():
    a, _ = one_pose((0, 0), (10, 0))
    b, scores = one_pose((0, 0), (10, 3))
    area, sigmas = np.float32([100]), np.float32([0.05, 0.15])
    wanted = (1 + np.exp(-9 / (2 * 100 * 0.3**2))) / 2
    oks = kernels.oks_matrix(a, b, scores, area, sigmas)
    assert oks.shape == (1, 1)
    assert oks.item() == pytest.approx(wanted, abs=OKS_ATOL)


def test_oks_matrix_counts_keypoints_of_b_only():
    a, _ = one_pose((0, 0), (500, 0))
    b, scores = one_pose((0, 0), (10, 0))
    scores[0, 1] = 0
    sigmas = np.float32([0.05, 0.05])
    assert kernels.oks_matrix(a, b, scores, np.float32([100]), sigmas).item() == 1
    assert kernels.oks_matrix(a, b, scores * 0, np.float32([100]), sigmas).item() == 0
    assert kernels.oks_matrix(a, b, scores, np.float32([0]), sigmas).item() == 0


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), zoom=st.floats(0.1, 10))
def test_oks_matrix_is_a_similarity(seed, zoom):
    poses, _, area = bodies(7, seed)
    scores = np.ones((7, 17), np.float32)
    area[:] = area[0]
    oks = kernels.oks_matrix(poses, poses, scores, area, SIGMAS)
    np.testing.assert_array_equal(np.diag(oks), 1)
    np.testing.assert_allclose(oks, oks.T, rtol=0, atol=OKS_ATOL)
    assert ((oks >= 0) & (oks <= 1)).all()
    zoomed = kernels.oks_matrix(
        poses * np.float32(zoom),
        poses * np.float32(zoom),
        scores,
        area * np.float32(zoom**2),
        SIGMAS,
    )
    np.testing.assert_allclose(zoomed, oks, rtol=0, atol=1e-4)


def test_images_of_a_batch_are_compared_apart():
    (a, *_), others = (
        [np.stack(parts) for parts in zip(*(bodies(n, seed) for seed in range(3)), strict=True)]
        for n in (4, 5)
    )
    together = kernels.oks_matrix(a, *others, SIGMAS)
    assert together.shape == (3, 4, 5)
    for i in range(3):
        alone = kernels.oks_matrix(a[i], *(part[i] for part in others), SIGMAS)
        np.testing.assert_array_equal(together[i], alone)


def test_a_batch_wants_a_batch_of_others():
    with pytest.raises(ValueError, match=r"b must have shape \(1, M, 17, 2\), got \(3, 17, 2\)"):
        kernels.oks_matrix(A[None], B, B_SCORES, B_AREA, SIGMAS)


# ---- nms_oks_visible


def test_nms_oks_visible_by_hand():
    keypoints, areas = points(0, 1, 2, 50)
    people = (keypoints, np.ones((1, 4, 1), np.float32), areas, ONE_SIGMA)
    # One pixel apart: exp(-0.5) = 0.61; two: exp(-2) = 0.14.
    rows = rows_of(kernels.nms_oks_visible(*people, threshold=0.3))
    assert rows == [0, 2, 3], "who was dropped suppresses nobody"
    assert rows_of(kernels.nms_oks_visible(*people, threshold=0.1)) == [0, 3]
    assert rows_of(kernels.nms_oks_visible(*people, np.int32([3]), threshold=0.3)) == [0, 2]


def test_nms_oks_visible_compares_by_the_earlier_poses_keypoints_and_area():
    keypoints = np.float32([[[[0, 0], [0, 0]], [[0, 0], [99, 0]]]])
    scores, areas = np.float32([[[1, 0], [1, 1]]]), np.float32([[100, 0]])
    sigmas = np.float32([0.05, 0.05])
    assert rows_of(kernels.nms_oks_visible(keypoints, scores, areas, sigmas, threshold=0.9)) == [0]
    turned = (array[:, ::-1].copy() for array in (keypoints, scores, areas))
    assert rows_of(kernels.nms_oks_visible(*turned, sigmas, threshold=0.9)) == [0, 1]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), threshold=st.floats(0.01, 0.99))
def test_nms_oks_visible_keeps_poses_that_are_not_alike(seed, threshold):
    people = bodies(20, seed)
    images = (part[None] for part in people)
    rows = rows_of(kernels.nms_oks_visible(*images, SIGMAS, threshold=threshold))
    assert rows[0] == 0
    assert rows == sorted(rows)
    oks = kernels.oks_matrix(people[0], *people, SIGMAS)
    alike = np.tril(oks > np.float32(threshold), -1)
    dropped = np.setdiff1d(np.arange(20), rows)
    assert not alike[np.ix_(rows, rows)].any()
    assert alike[np.ix_(dropped, rows)].any(axis=1).all(), "each dropped one has its reason"


# ---- oks_between


def test_moved_person_is_as_similar_as_the_formula_says():
    keypoints = np.stack((person(0), person(8)))[None]
    areas = np.float32([[4000, 6000]])
    oks = kernels.oks_between(keypoints, areas, keypoints, areas, SIGMAS)
    expected = np.exp(-64 / (2 * 5000 * (2 * SIGMAS.astype(np.float64)) ** 2)).mean()
    assert oks.dtype == np.float64
    np.testing.assert_allclose(oks[0], [[1, expected], [expected, 1]], rtol=1e-14)


def test_similarity_has_an_area_even_where_people_have_none():
    keypoints, areas = points(0, 0, 1e-3)
    oks = kernels.oks_between(keypoints, 0 * areas, keypoints, 0 * areas, ONE_SIGMA)
    assert oks[0, 0].tolist() == [1, 1, 0]


def test_keypoint_with_a_number_missing_adds_nothing():
    keypoints = np.stack((person(0), person(0)))[None]
    keypoints[0, 0, 3, 1] = NAN
    areas = np.float32([[100, 100]])
    oks = kernels.oks_between(keypoints, areas, keypoints, areas, SIGMAS)
    np.testing.assert_allclose(oks[0], [[16 / 17, 16 / 17], [16 / 17, 1]], rtol=1e-14)


# ---- nms_oks_iou

# One pixel apart: exp(-0.5) = 0.61; two: exp(-2) = 0.14.


def test_dropped_person_drops_nobody():
    row = points(0, 1, 2)
    assert stays(row, [0.9, 0.8, 0.7], oks_threshold=0.3) == [0, 2]
    assert stays(row, [0.7, 0.8, 0.9], oks_threshold=0.3) == [2, 0]
    assert stays(row, [0.7, 0.9, 0.8], oks_threshold=0.3) == [1]
    assert stays(row, [0.9, 0.8, 0.7], oks_threshold=0.1) == [0]
    assert stays(row, [0.9, 0.8, 0.7], oks_threshold=0.7) == [0, 1, 2]


def test_similarity_at_the_threshold_is_not_too_much():
    assert stays(points(5, 5), [0.1, 0.2], oks_threshold=1) == [1, 0]


def test_earlier_person_wins_a_tie_and_nan_comes_last():
    assert stays(points(5, 5, 5), [0.5, 0.5, 0.5], oks_threshold=0.9) == [0]
    assert stays(points(0, 50, 100), [NAN, NAN, 0.1], oks_threshold=0.9) == [2, 0, 1]


@pytest.mark.parametrize(
    ("box_step", "pose_step", "either", "both"),
    [
        (100, 200, [1, 0], [1, 0]),
        (1, 200, [1], [1, 0]),  # the boxes overlap, the poses are apart
        (100, 1, [1], [1, 0]),  # the other way round
        (1, 1, [1], [1]),
    ],
)
def test_people_are_compared_by_box_and_by_pose(box_step, pose_step, either, both):
    people, scores = points(0, pose_step), [0.8, 0.9]
    boxes = np.float32([[[0, 0, 10, 10], [box_step, 0, 10 + box_step, 10]]])
    limits = {"oks_threshold": 0.3, "iou_threshold": 0.6, "boxes": boxes}
    assert stays(people, scores, **limits) == either
    assert stays(people, scores, **limits, suppress="both") == both


def test_both_must_be_alike_with_the_same_person():
    # the third is like the first by pose and like the second by box: by both it is like nobody
    people = points(0, 200, 1)
    boxes = np.float32([[[0, 0, 10, 10], [50, 0, 60, 10], [51, 0, 61, 10]]])
    limits = {"oks_threshold": 0.3, "iou_threshold": 0.6, "boxes": boxes}
    assert stays(people, [0.9, 0.8, 0.7], **limits, suppress="both") == [0, 1, 2]
    assert stays(people, [0.9, 0.8, 0.7], **limits) == [0, 1]


@pytest.mark.data
@pytest.mark.parametrize("count", [1, 5, 30])
def test_poses_are_suppressed_as_by_the_authors_code(shared, count):
    published = parity.load(shared, "simplebaseline_decode")
    keypoints, area, scores = (published[f"oks{count}_{n}"] for n in ("kpts", "area", "score"))
    keypoints = keypoints[None, ..., :2]
    areas, sigmas = area[None], np.array(COCO_17.sigmas)
    oks = reference.oks_between(keypoints, areas, keypoints, areas, sigmas)
    np.testing.assert_allclose(oks[0], published[f"oks{count}_matrix"], rtol=1e-9, atol=1e-12)
    keypoints, areas, scores = (
        np.ascontiguousarray(array, np.float32) for array in (keypoints, areas, scores[None])
    )
    oks = kernels.oks_between(keypoints, areas, keypoints, areas, SIGMAS)
    wanted = published[f"oks{count}_matrix"]
    np.testing.assert_allclose(oks[0], wanted, rtol=0, atol=PUBLISHED_OKS_ATOL)
    for threshold in (0.5, 0.75, 0.9):
        result = kernels.nms_oks_iou(keypoints, areas, SIGMAS, scores, oks_threshold=threshold)
        assert rows_of(result) == published[f"oks{count}_keep_thr{threshold}"].tolist()


# ---- nms_near_keypoints, whose stories tests/engine/decoders/test_nms_near_keypoints.py tells


def test_each_image_has_its_own_groups():
    keypoints = np.zeros((2, 3, 2, 2), np.float32)
    keypoints[:, :, 1, 0] = 10
    keypoints[0, 2], keypoints[1, 1] = keypoints[0, 2] + 50, keypoints[1, 1] + 50
    scores = np.float32([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])
    options = {"distance": 0.1, "min_keypoints": 1, "relative": True}
    rows, count = kernels.nms_near_keypoints(keypoints, scores, **options)
    assert rows.tolist() == [[1, 2, -1], [2, 1, -1]]
    assert count.tolist() == [2, 2]
    rows, count = kernels.nms_near_keypoints(keypoints, scores, np.int32([1, 2]), **options)
    assert rows.tolist() == [[0, -1, -1], [0, 1, -1]]
    assert count.tolist() == [1, 2]


def test_number_missing_is_near_nothing():
    pose = person(0)
    broken = pose.copy()
    broken[5] = NAN
    scores = np.float32([[0.2, 0.9]])
    options = {"min_keypoints": 15, "distance": 1.0, "relative": False}
    assert rows_of(
        kernels.nms_near_keypoints(np.stack((pose, broken))[None], scores, **options)
    ) == [1]
    options["relative"] = True  # the broken one has no extent: it is in the other's group only
    assert rows_of(
        kernels.nms_near_keypoints(np.stack((pose, broken))[None], scores, **options)
    ) == [1]
    assert rows_of(
        kernels.nms_near_keypoints(np.stack((broken, pose + 500))[None], scores, **options)
    ) == [1]


def test_any_score_is_better_than_one_that_is_no_number():
    same = np.stack((person(0), person(1), person(2)))[None]
    options = {"distance": 5.0, "min_keypoints": 8, "relative": False}
    for scores, best in (([NAN, -5, NAN], 1), ([NAN, NAN, NAN], 0), ([NAN, -np.inf, -9], 2)):
        assert rows_of(kernels.nms_near_keypoints(same, np.float32([scores]), **options)) == [best]


def test_pose_without_extent_may_be_the_best_of_another_ones_group():
    row = np.stack((np.linspace(0, 10, 17), np.zeros(17)), axis=1)
    point = np.tile([5, 0], (17, 1))  # three keypoints of the row are nearer than 1
    poses = np.float32([[point, row]])
    options = {"distance": 0.1, "min_keypoints": 2, "relative": True}
    assert rows_of(kernels.nms_near_keypoints(poses, np.float32([[0.9, 0.5]]), **options)) == [0]
    assert rows_of(kernels.nms_near_keypoints(poses, np.float32([[0.5, 0.9]]), **options)) == [1]


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 9999),
    people=st.integers(0, 12),
    distance=st.sampled_from([1.0, 2.0, 5**0.5, 0.3, 0.2]),
    relative=st.booleans(),
)
def test_nms_near_keypoints_on_a_coarse_grid_is_the_references(seed, people, distance, relative):
    """Whole coordinates make many distances that meet the limit exactly."""
    random = rng(seed)
    keypoints = random.integers(0, 4, (2, people, 5, 2)).astype(np.float32)
    scores = random.integers(0, 3, (2, people)).astype(np.float32)
    options = {"distance": distance, "min_keypoints": 2, "relative": relative}
    got = kernels.nms_near_keypoints(keypoints, scores, **options)
    wanted = reference.nms_near_keypoints(keypoints, scores, **options)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


# ---- all of them


@pytest.mark.parametrize("name", ["oks_matrix", "oks_between"])
def test_rows_behind_a_count_are_like_nobody(name):
    arguments = next(case for case in CASES[name] if case.name.endswith("some of both")).arguments
    counts, other_counts = arguments["counts"], arguments["other_counts"]
    everyone = {key: value for key, value in arguments.items() if "counts" not in key}
    some, every = getattr(kernels, name)(**arguments), getattr(kernels, name)(**everyone)
    for b, (rows, columns) in enumerate(zip(counts, other_counts, strict=True)):
        np.testing.assert_array_equal(some[b, :rows, :columns], every[b, :rows, :columns])
        assert not some[b, rows:].any()
        assert not some[b, :, columns:].any()


@pytest.mark.parametrize(
    "name", ["oks_between", "nms_oks_visible", "nms_oks_iou", "nms_near_keypoints"]
)
def test_an_image_does_not_depend_on_its_batch(name):
    kernel = getattr(kernels, name)
    arguments = next(case for case in CASES[name] if case.name == "batch 3").arguments
    shared_by_all = {"sigmas", "counts"}
    together = kernel(**arguments)
    for b in range(3):
        alone = {
            key: array[b : b + 1]
            for key, array in arguments.items()
            if isinstance(array, np.ndarray) and key not in shared_by_all
        }
        results = kernel(**{**arguments, **alone})
        pairs = (
            ((results,), (together,)) if isinstance(results, np.ndarray) else (results, together)
        )
        for one, all_of_them in zip(*pairs, strict=True):
            np.testing.assert_array_equal(one[0], all_of_them[b])


A, (B, B_SCORES, B_AREA) = bodies(4)[0], bodies(3)
POSES = np.zeros((2, 3, 17, 2), np.float32)
PER_POSE = np.ones((2, 3), np.float32)
OPTIONS = {"distance": 1.0, "min_keypoints": 8, "relative": True}
LIMIT = {"oks_threshold": 0.5}
PEOPLE = (POSES, PER_POSE, SIGMAS, PER_POSE)
REFUSED = [
    (
        kernels.oks_matrix,
        (A, B[:, :5], B_SCORES, B_AREA, SIGMAS),
        {},
        ValueError,
        r"b .*\(3, 17, 2\)",
    ),
    (
        kernels.oks_matrix,
        (A, B, B_SCORES[:2], B_AREA, SIGMAS),
        {},
        ValueError,
        r"b_scores .*\(3, 17\)",
    ),
    (kernels.oks_matrix, (A, B, B_SCORES, B_AREA[:2], SIGMAS), {}, ValueError, r"b_area .*\(3\)"),
    (kernels.oks_matrix, (A, B, B_SCORES, B_AREA, SIGMAS[:5]), {}, ValueError, r"sigmas .*\(17\)"),
    (
        kernels.oks_matrix,
        (A.astype(float), B, B_SCORES, B_AREA, SIGMAS),
        {},
        TypeError,
        "a must be flo",
    ),
    (
        kernels.oks_matrix,
        (A[::2], B, B_SCORES, B_AREA, SIGMAS),
        {},
        ValueError,
        "a must be C-contig",
    ),
    (
        kernels.nms_oks_visible,
        (POSES, POSES[..., 0].copy(), PER_POSE[:, :2].copy(), SIGMAS),
        {"threshold": 0.3},
        ValueError,
        r"areas must have shape \(2, 3\), got \(2, 2\)",
    ),
    (
        kernels.nms_oks_visible,
        (POSES[0], POSES[..., 0].copy(), PER_POSE[0], SIGMAS),
        {"threshold": 0.3},
        ValueError,
        r"scores must have shape \(3, 17\), got \(2, 3, 17\)",
    ),
    (
        kernels.nms_oks_visible,
        (POSES, POSES[..., 0].copy(), PER_POSE, SIGMAS, np.int64([1, 1])),
        {"threshold": 0.3},
        TypeError,
        "counts must be int32, got int64",
    ),
    (
        kernels.nms_oks_visible,
        (POSES, POSES[..., 0].copy(), PER_POSE, SIGMAS),
        {"threshold": NAN},
        ValueError,
        "threshold must be a number, got nan",
    ),
    (
        kernels.oks_between,
        (POSES, PER_POSE, POSES[:, :, :5].copy(), PER_POSE, SIGMAS),
        {},
        ValueError,
        r"others must have shape \(2, 3, 17, 2\), got \(2, 3, 5, 2\)",
    ),
    (kernels.nms_oks_iou, (*PEOPLE[:3], PER_POSE[:1]), LIMIT, ValueError, r"scores .*\(2, 3\)"),
    (
        kernels.nms_oks_iou,
        (POSES[0], *PEOPLE[1:]),
        LIMIT,
        ValueError,
        r"areas .*\(3\), got \(2, 3\)",
    ),
    (
        kernels.nms_oks_iou,
        (*PEOPLE, np.zeros((2, 3, 5), np.float32)),
        LIMIT,
        ValueError,
        r"boxes must have shape \(2, 3, 4\), got \(2, 3, 5\)",
    ),
    (
        kernels.nms_oks_iou,
        PEOPLE,
        {"oks_threshold": NAN},
        ValueError,
        "oks_threshold must be a number",
    ),
    (
        kernels.nms_oks_iou,
        PEOPLE,
        {**LIMIT, "iou_threshold": NAN},
        ValueError,
        "iou_threshold must be a number",
    ),
    (
        kernels.nms_near_keypoints,
        (POSES, PER_POSE),
        {**OPTIONS, "distance": -1.0},
        ValueError,
        "distance must be 0 or more, got -1",
    ),
    (
        kernels.nms_oks_iou,
        PEOPLE,
        {**LIMIT, "suppress": "none"},
        ValueError,
        "suppress must be 'either' or 'both', got 'none'",
    ),
    (
        kernels.nms_near_keypoints,
        (POSES, PER_POSE, np.int64([1, 1])),
        OPTIONS,
        TypeError,
        "counts must be int32, got int64",
    ),
    (
        kernels.nms_near_keypoints,
        (POSES, PER_POSE),
        {**OPTIONS, "distance": NAN},
        ValueError,
        "distance must be 0 or more, got nan",
    ),
    (
        kernels.nms_near_keypoints,
        (POSES, PER_POSE),
        {**OPTIONS, "min_keypoints": -1},
        ValueError,
        "min_keypoints must be 0 or more, got -1",
    ),
]


@pytest.mark.parametrize(("kernel", "arrays", "options", "error", "message"), REFUSED)
def test_wrong_arguments_are_refused(kernel, arrays, options, error, message):
    with pytest.raises(error, match=message):
        kernel(*arrays, **options)
