"""Boxes, features and costs to be associated: crowds, ties, gates, NaN, infinite and huge ones."""

import numpy as np
from tolerances import APPEARANCE_ATOL, ASSIGNMENT_RTOL, IOU_COST_ATOL

from .case import BATCHES, FLOAT_MAX, INF, NAN, PEOPLE, Case, rng


def boxes_of(count, seed=0):
    """(N, 4) boxes crowded enough to overlap, some of them empty."""
    random = rng(seed)
    low = random.uniform(0, 30 * np.sqrt(max(count, 1)), (count, 2))
    return np.concatenate((low, low + random.uniform(-5, 80, (count, 2))), axis=1)


def counted_in(rows, columns):
    """(name, counts) for three images: none, some, and more than there are or fewer than none."""
    counts = np.array([0, rows // 2, rows + 3], np.int32)
    others = np.array([columns - 1, -2, columns // 3], np.int32)
    return [
        ("rows", {"counts": counts}),
        ("columns", {"other_counts": others}),
        ("both", {"counts": counts, "other_counts": others}),
    ]


def iou_cost_cases():
    def case(name, boxes, others, **counts):
        return Case(name, {"boxes": boxes, "others": others, **counts}, atol=IOU_COST_ATOL)

    some = boxes_of(12, seed=1)
    strange = boxes_of(6, seed=2)
    strange[0, 1], strange[1], strange[2, 2:] = NAN, (-INF, -INF, INF, INF), INF
    strange[3], strange[4], strange[5] = (INF, 0, INF, 9), 1e200, (-1e300, -1e300, 1e300, 1e300)
    return [
        *[case(f"{n} people", boxes_of(n), boxes_of(n, 1)) for n in PEOPLE],
        *[
            case(f"batch {b}", *[boxes_of(b * n).reshape(b, n, 4) for n in (12, 17)])
            for b in BATCHES
        ],
        *[
            case(f"counted in {which}", *[boxes_of(3 * n).reshape(3, n, 4) for n in (12, 17)], **c)
            for which, c in counted_in(12, 17)
        ],
        case("batch of no images", boxes_of(0).reshape(0, 5, 4), boxes_of(0).reshape(0, 3, 4)),
        case("batch, nobody", boxes_of(0).reshape(3, 0, 4), boxes_of(12).reshape(3, 4, 4)),
        case("more than others", boxes_of(30), some),
        case("with themselves", some, some),
        case("empty boxes", np.tile(some[:1, :2], (3, 2)), np.tile(some[:2, :2], (1, 2))),
        case("turned inside out", some[:, [2, 3, 0, 1]].copy(), some),
        case("touching", np.array([[0.0, 0, 10, 10]]), np.array([[10.0, 0, 20, 10]])),
        case("strange ones with usual ones", strange, some),
        case("usual ones with strange ones", some, strange),
        case("strange ones with themselves", strange, strange),
        case("nobody", some[:0], some),
        case("no others", some, some[:0]),
    ]


def features_of(count, size=128, seed=0):
    return rng(seed).normal(0, 1, (count, size)).astype(np.float32)


def appearance_cost_cases():
    def case(name, features, others, **counts):
        arguments = {"features": features, "others": others, **counts}
        return Case(name, arguments, atol=APPEARANCE_ATOL)

    some = features_of(7, seed=1)
    alike = some + features_of(7, seed=2) * np.float32(0.1)
    strange = features_of(8, seed=3)
    strange[0], strange[1, 5], strange[2, 0], strange[3, 7] = 0, NAN, INF, -INF
    strange[4], strange[5], strange[6] = FLOAT_MAX, 1e-30, -0.0
    scale = np.float32(10) ** np.arange(-9, 12, 3, dtype=np.float32)[:, None]
    return [
        *[case(f"{n} people", features_of(n), features_of(n, seed=4)) for n in PEOPLE],
        *[case(f"{d} numbers", features_of(5, d), features_of(18, d, 5)) for d in (1, 15, 16, 17)],
        *[
            case(f"batch {b}", *[features_of(b * n).reshape(b, n, 128) for n in (19, 33)])
            for b in BATCHES
        ],
        *[
            case(
                f"counted in {which}",
                *[features_of(3 * n, 9).reshape(3, n, 9) for n in (5, 18)],
                **c,
            )
            for which, c in counted_in(5, 18)
        ],
        case("batch of no images", *[np.zeros((0, n, 8), np.float32) for n in (5, 3)]),
        case("batch, nobody", *[np.ones((3, n, 8), np.float32) for n in (0, 3)]),
        case("batch, no numbers", *[np.ones((3, n, 0), np.float32) for n in (5, 3)]),
        case("512 numbers", features_of(33, 512), features_of(19, 512, 6)),
        case("alike", some, alike),
        case("with themselves", some, some),
        case("pointing apart", some, -some),
        case("of any length", some * scale, alike * scale[::-1].copy()),
        case("strange ones with usual ones", strange, some),
        case("usual ones with strange ones", some, strange),
        case("nobody", some[:0], some),
        case("no others", some, some[:0]),
        case("no numbers", some[:, :0].copy(), some[:3, :0].copy()),
    ]


def check_assignment(arguments, got, wanted):
    """Valid matches whose total is the reference's; of several optima any is right."""
    cost, gate = arguments["cost"], arguments["gate"]
    assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape)
    for matrix, match, other in zip(cost, got, wanted, strict=True):
        assert match.min(initial=0) >= -1
        assert match.max(initial=-1) < matrix.shape[1]
        columns = match[match >= 0]
        assert len(set(columns.tolist())) == len(columns), "a column was given twice"
        matched = matrix[np.flatnonzero(match >= 0), columns]
        assert (np.isfinite(matched) & (matched < gate)).all()
        saved = (gate - matched).sum()
        most = (gate - matrix[np.flatnonzero(other >= 0), other[other >= 0]]).sum()
        np.testing.assert_allclose(saved, most, rtol=ASSIGNMENT_RTOL, atol=ASSIGNMENT_RTOL)


def tracking_costs(people, seed=0, crowd=200.0):
    """(1, N, N) costs of people seen again: most of them too far apart to matter."""
    random = rng(seed)
    places = random.uniform(0, crowd * np.sqrt(people), (people, 2))
    moved = places[random.permutation(people)] + random.normal(0, 20, (people, 2))
    way = np.linalg.norm(places[:, None] - moved, axis=-1)
    return np.minimum(way / 100, 1)[None]


def _strange_costs():
    cost = rng(20).random((1, 12, 14))
    cost[0, 0], cost[0, :, 3], cost[0, 4] = NAN, INF, -INF
    cost[0, 5, ::2], cost[0, 6, 1::2] = NAN, INF
    return cost


def assign_cases():
    def case(name, cost, gate=0.7):
        return Case(name, {"cost": cost, "gate": gate}, check=check_assignment)

    def dense(*shape, seed=21):
        return rng(seed).random(shape)

    steps = rng(22).integers(0, 4, (3, 30, 30)) / 4
    lonely = tracking_costs(30, seed=23)
    lonely[0, ::2], lonely[0, :, 1::3] = 1, 1
    ramp = (np.arange(1, 31)[:, None] * np.arange(1, 31) / 900)[None]
    return [
        *[case(f"{n} people", tracking_costs(n)) for n in PEOPLE],
        *[case(f"{n} people in a crowd", tracking_costs(n, 1, 10.0)) for n in (1, 5, 30, 100)],
        *[case(f"{n} by {n}, dense", dense(1, n, n)) for n in PEOPLE],
        *[case(f"batch {b}", dense(b, 9, 11)) for b in BATCHES],
        *[case(f"{t} by {n}", dense(2, t, n)) for t, n in ((7, 8), (8, 7), (1, 40), (40, 1))],
        case("wide", dense(1, 20, 150)),
        case("tall", dense(1, 150, 20)),
        case("tall people", tracking_costs(100)[:, :, :40].copy()),
        case("everything below the gate", dense(1, 40, 40), gate=2.0),
        case("everything above the gate", dense(1, 40, 40), gate=0.0),
        case("at the gate", np.full((1, 4, 5), 0.5), gate=0.5),
        case("few below the gate", dense(1, 60, 60), gate=0.01),
        case("below 0", dense(1, 20, 25) - 0.5, gate=-0.1),
        case("rows and columns that fit nobody", lonely),
        case("ties", steps),
        case("ties, wide", steps[:, :20].copy()),
        case("ties, tall", steps[:, :, :20].copy()),
        case("ties everywhere", np.full((1, 30, 30), 0.5)),
        case("ties everywhere, tall", np.full((1, 33, 9), 0.5)),
        case("ties of both zeros", np.where(dense(1, 20, 20) < 0.5, 0.0, -0.0)),
        case("products, where every bid is taken back", ramp, gate=10.0),
        case("differences at the end of the number", 0.5 + steps * 2.0**-51),
        case("NaN and infinite", _strange_costs()),
        case("NaN everywhere", np.full((1, 6, 5), np.nan)),
        case("huge", dense(1, 30, 30) * 1e300, gate=7e299),
        case("huge and far below the gate", -dense(1, 20, 20) * 1e300, gate=1.0),
        case("tiny", dense(1, 30, 30) * 1e-300, gate=7e-301),
        case("nobody", np.zeros((2, 0, 5))),
        case("no others", np.zeros((2, 5, 0))),
        case("no matrices", np.zeros((0, 5, 5))),
    ]


CASES = {
    "appearance_cost": appearance_cost_cases(),
    "assign": assign_cases(),
    "iou_cost": iou_cost_cases(),
}
