"""Maps to be enlarged, and searched as if they were: ratios, plateaus, signs, NaN, sizes."""

import numpy as np

from .case import BATCHES, FLOAT_MAX, INF, NAN, PEOPLE, Case, blobs, rng

RULES = ("corner", "half-pixel")
# map -> enlarged, by whole numbers, by fractions, smaller, and along one axis only
SIZES = [
    ((16, 20), (64, 80)),
    ((13, 17), (52, 34)),
    ((9, 14), (40, 51)),
    ((24, 40), (10, 13)),
    ((1, 7), (5, 70)),
    ((8, 1), (90, 3)),
    ((1, 1), (9, 11)),
    ((12, 10), (12, 37)),
]


def _enlarged(name, maps, size, rule="corner"):
    return Case(name, {"maps": maps, "size": size, "rule": rule})


def _strange_maps():
    """Named maps (B, C, 16, 20) that networks do not make."""
    usual = blobs(1, 3, 16, 20, seed=4)
    holes, infinite = usual.copy(), usual.copy()
    holes[rng(2).random(holes.shape) < 0.1] = NAN
    infinite[0, 0, 3, 3:5], infinite[0, 1, 4, 4], infinite[0, 2] = INF, -INF, -INF
    signs = rng(5).integers(-3, 4, (1, 2, 16, 20)).astype(np.float32)
    corners = np.zeros((1, 1, 16, 20), np.float32)
    corners[0, 0, [0, 0, 15, 15], [0, 19, 0, 19]] = 1, 3, 2, 4
    edges = np.zeros((1, 1, 16, 20), np.float32)
    edges[0, 0, [0, 7, 8, 15], [5, 0, 19, 5]] = 1
    return {
        "NaN": holes,
        "NaN everywhere": np.full((1, 1, 16, 20), NAN),
        "infinite": infinite,
        "huge": usual * FLOAT_MAX,
        "tiny": usual * np.float32(1e-44),
        "ties": rng(1).integers(0, 4, (2, 2, 16, 20)).astype(np.float32),
        "ties everywhere": np.ones((2, 1, 16, 20), np.float32),
        "both signs": signs,
        "all below 0": usual - 2,
        "one value below 0": np.full((1, 1, 16, 20), np.float32(-1.25)),
        "nothing": np.zeros((1, 2, 16, 20), np.float32),
        "nothing, either zero": np.where(rng(6).random((1, 1, 16, 20)) < 0.5, 0.0, -0.0).astype(
            np.float32
        ),
        "corners": corners,
        "edges": edges,
    }


def upsample_maps_cases():
    usual = blobs(3, 2, 16, 20)
    return [
        *[
            _enlarged(f"{cells} to {size} by {rule}", blobs(1, 2, *cells), size, rule)
            for cells, size in SIZES
            for rule in RULES
        ],
        *[_enlarged(f"batch {b}", usual[:b], (64, 80)) for b in BATCHES],
        *[
            _enlarged(f"{name} by {rule}", maps, (64, 80), rule)
            for name, maps in _strange_maps().items()
            for rule in RULES
        ],
        *[_enlarged(f"same size by {rule}", usual, (16, 20), rule) for rule in RULES],
        _enlarged("wider than a strip", blobs(1, 1, 4, 300), (16, 1200)),
        _enlarged("first channels of a larger array", blobs(3, 3, 16, 20)[:, :2], (32, 40)),
        _enlarged("every second image", blobs(5, 2, 16, 20)[::2], (32, 40)),
        _enlarged("to nothing", usual, (0, 80)),
        _enlarged("nothing to nothing", usual[:, :, :0].copy(), (0, 80)),
        _enlarged("no images", usual[:0], (64, 80)),
        _enlarged("no channels", usual[:, :0], (64, 80)),
    ]


PLATEAUS = np.repeat(np.float32([-1, -2, -INF]), 13) * np.ones((1, 1, 4, 1), np.float32)


def _peaks(name, maps, size=(64, 80), count=30, *, window=5, rule="corner", **counting):
    options = {"window": window, "rule": rule, **counting}
    return Case(name, {"maps": maps, "size": size, "count": count, **options})


def upsampled_peaks_cases():
    usual = blobs(3, 2, 16, 20)
    strange = _strange_maps()
    return [
        *[_peaks(f"{n} wanted", blobs(1, 2, 24, 40), (96, 160), n) for n in PEOPLE],
        *[_peaks(f"batch {b}", usual[:b]) for b in BATCHES],
        *[
            _peaks(f"{cells} to {size} by {rule}", blobs(1, 2, *cells), size, rule=rule)
            for cells, size in SIZES
            for rule in RULES
        ],
        *[_peaks(f"window {n}", usual, window=n) for n in (1, 3, 7, 15)],
        *[
            _peaks(f"window of the map, {h} x {w}", blobs(1, 1, h, w), (h, w), window=0)
            for h, w in ((16, 20), (201, 200), (300, 301))
        ],
        _peaks("window of the map, enlarged", usual, (320, 400), window=0),
        *[_peaks(f"same size, window {n}", usual, (16, 20), window=n) for n in (1, 3, 5, 7, 15)],
        *[
            _peaks(f"{name} by {rule}", maps, window=3, rule=rule)
            for name, maps in strange.items()
            for rule in RULES
        ],
        *[_peaks(f"{name}, same size", maps, (16, 20)) for name, maps in strange.items()],
        _peaks("ties cut off", strange["ties"], count=7),
        _peaks("more wanted than pixels", strange["both signs"], (16, 20), 400, window=1),
        _peaks("more wanted than one pixel", np.ones((1, 1, 1, 1), np.float32), (1, 1)),
        _peaks("a whole map below 0", strange["one value below 0"], (20, 25), 600),
        _peaks("plateaus below 0", PLATEAUS, (4, 39), 30, window=3),
        _peaks("plateaus below 0 and beyond", PLATEAUS, (4, 39), 170, window=3),
        _peaks("two of a plateau's rows", np.eye(2, 20, dtype=np.float32)[None, None], (70, 400)),
        _peaks("huge map", blobs(1, 1, 128, 176), (512, 704)),
        _peaks("noise", rng(7).random((1, 1, 48, 60), np.float32), (192, 240)),
        _peaks("one channel of a larger array", blobs(3, 18, 16, 20)[:, 17:]),
        _peaks("every second image", blobs(5, 2, 16, 20)[::2]),
        _peaks("the same image twice", np.broadcast_to(usual[:1], (2, 2, 16, 20))),
        _peaks("those above a value", usual, min_value=0.3),
        _peaks("a value met exactly", strange["ties"], count=300, min_value=2.0),
        _peaks("a value below 0", strange["both signs"], (16, 20), 300, window=1, min_value=-1.5),
        _peaks("a value that all reach", usual - 2, (16, 20), 400, min_value=-3.0),
        _peaks("a value that none reaches", usual, min_value=np.inf),
        _peaks("at least some", usual, min_value=0.5, at_least=7),
        _peaks("at least more than wanted", usual, min_value=0.5, at_least=2**40),
        _peaks("at least more than pixels", strange["corners"], (2, 3), min_value=9.0, at_least=9),
        _peaks("none wanted", usual, count=0, at_least=3),
        _peaks("no pixels", usual, (0, 80)),
        _peaks("no cells and no pixels", usual[:, :, :0].copy(), (0, 80)),
        _peaks("no images", usual[:0]),
        _peaks("no channels", usual[:, :0]),
    ]


CASES = {
    "upsample_maps": upsample_maps_cases(),
    "upsampled_peaks": upsampled_peaks_cases(),
}
