"""Maps to be convolved where an affine map says: borders, far away, NaN, channels of any number."""

import numpy as np
from tolerances import ADAPTIVE_ATOL

from .case import BATCHES, FLOAT_MAX, INF, NAN, Case, rng


def affine_maps(batch, height, width, spread=1.0, seed=0):
    """(B, 4, h, w) near the identity, so that taps lie around the regular ones."""
    maps = rng(seed).normal(0, spread, (batch, 4, height, width))
    maps[:, [0, 3]] += 1
    return maps.astype(np.float32)


def _case(name, shape=(1, 5, 9, 11), cout=6, *, moved=False, **changed):
    """Values of about 1, so that one tolerance fits all."""
    random, (batch, cin, height, width) = rng(31), shape
    weight = random.normal(0, 1, (cout, cin, 3, 3)) / np.sqrt(9 * max(cin, 1))
    arguments = {
        "x": random.normal(0, 1, shape).astype(np.float32),
        "matrix": affine_maps(batch, height, width),
        "weight": weight.astype(np.float32),
        "translation": None,
    }
    if moved:
        translation = random.normal(0, 2, (batch, 2, height, width))
        arguments["translation"] = translation.astype(np.float32)
    return Case(name, {**arguments, **changed}, atol=ADAPTIVE_ATOL)


def adaptive_convolution_cases():
    small = (1, 5, 9, 11)
    identity = np.zeros((1, 4, 9, 11), np.float32)
    identity[:, [0, 3]] = 1
    strange = affine_maps(1, 9, 11)
    strange[0, 0, 0], strange[0, 1, 1], strange[0, 2, 2] = NAN, INF, -INF
    strange[0, 3, 3], strange[0, :, 4] = FLOAT_MAX, 1e30
    holes = rng(32).normal(0, 1, small).astype(np.float32)
    holes[0, 1, 3, 3], holes[0, 2, 0, 0] = NAN, INF
    far = np.full((1, 2, 9, 11), 100, np.float32)
    edge = np.zeros((1, 2, 9, 11), np.float32)
    edge[0, 0, 0], edge[0, 1, :, -1] = -1, 1
    almost = edge * np.float32(1 - 2.0**-20)
    return [
        *[_case(f"batch {b}", (b, 5, 9, 11), moved=True) for b in BATCHES],
        *[_case(f"{c} channels", (1, c, 6, 7), c, moved=True) for c in (1, 15, 16, 17, 32, 48)],
        _case("more channels than weights lie together", (1, 70, 4, 5), 3),
        _case("more channels out than in", (1, 3, 8, 9), 37),
        _case("as the published branches", dilation=3.0),
        _case("as the paper's branches", dilation=2.0, base=2.0),
        _case("no affine map", matrix=identity),
        _case("all taps in one place", matrix=np.zeros_like(identity)),
        _case("flipped", matrix=-identity),
        _case("far apart", matrix=identity * 5),
        _case("far away", translation=far),
        _case("up to the edge", matrix=identity, translation=edge),
        _case("almost over the edge", matrix=identity, translation=almost),
        _case("places that are no numbers", matrix=strange),
        _case("translations that are no numbers", translation=strange[:, 1:3].copy()),
        _case("NaN and infinite in the map", x=holes),
        _case("NaN and infinite between cells", x=holes, moved=True),
        _case("one cell", (1, 4, 1, 1), moved=True),
        _case("one row", (2, 4, 1, 40), moved=True),
        _case("one column", (2, 4, 40, 1), moved=True),
        _case("no channels in", (1, 0, 4, 5)),
        _case("no channels out", cout=0),
        _case("no rows", (1, 5, 0, 11)),
        _case("no columns", (1, 5, 9, 0)),
        _case("no images", (0, 5, 9, 11)),
    ]


CASES = {"adaptive_convolution": adaptive_convolution_cases()}
