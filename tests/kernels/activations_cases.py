"""Heads before their activation: far from 0, not finite, float16, views of larger arrays."""

import numpy as np
from tolerances import ACTIVATION_ATOL, PROBABILITY_RTOL, SIGMOID_RTOL

from .case import BATCHES, FLOAT_MAX, INF, NAN, Case, in_half, rng

# e^-x overflows float32 from 88.7 on, and falls below its smallest normal number from 87.3 on.
EDGES = np.float32([0, -0.0, 1e-30, -1e-30, 1, -1, 20, -20, 87, -87, 87.2, -87.2, 89, -89, 104])
STRANGE = np.float32([-104, 1e4, -1e4, FLOAT_MAX, -FLOAT_MAX, INF, -INF, NAN])


def logits(batch, channels, height, width, seed=0, spread=4):
    return rng(seed).normal(0, spread, (batch, channels, height, width)).astype(np.float32)


def _activated(name, heads):
    return Case(name, {"heads": heads}, rtol=SIGMOID_RTOL, atol=ACTIVATION_ATOL)


def sigmoid_cases():
    usual = logits(3, 4, 9, 7)
    edges = np.concatenate((EDGES, STRANGE))[None, None, None]
    return [
        *[_activated(f"batch {b}", usual[:b]) for b in BATCHES],
        _activated("edges and what is not finite", edges),
        _activated("far from 0", logits(1, 2, 30, 40, spread=60)),
        *[
            _activated(f"{n} values", usual.reshape(1, 1, 1, -1)[..., :n].copy())
            for n in (1, 5, 17)
        ],
        _activated("large", logits(1, 17, 96, 128)),
        _activated("channels of a larger array", logits(3, 6, 9, 7)[:, 2:5]),
        _activated("every second image", logits(5, 2, 9, 7)[::2]),
        _activated("the same image twice", np.broadcast_to(usual[:1], (2, 4, 9, 7))),
        _activated("no images", usual[:0]),
        _activated("no channels", usual[:, :0]),
        _activated("no rows", usual[:, :, :0].copy()),
        in_half(_activated("usual", usual), "heads"),
        in_half(_activated("edges and what is not finite", edges), "heads"),
        in_half(_activated("every second image", logits(5, 2, 9, 7)[::2]), "heads"),
    ]


def _probable(name, maps):
    return Case(name, {"maps": maps}, rtol=PROBABILITY_RTOL, atol=ACTIVATION_ATOL)


def cell_probabilities_cases():
    usual = logits(3, 4, 17, 31)
    strange = logits(1, 7, 5, 6)
    strange[0, :6, 2, 3] = NAN, INF, -INF, FLOAT_MAX, -FLOAT_MAX, 100
    strange[0, 6] = -INF
    return [
        *[_probable(f"batch {b}", usual[:b]) for b in BATCHES],
        _probable("strange values", strange),
        _probable("far from 0", logits(1, 2, 30, 40, spread=60)),
        _probable("all equal", np.full((1, 2, 12, 20), 7, np.float32)),
        *[_probable(f"{n} cells", usual.reshape(1, 1, 1, -1)[..., :n].copy()) for n in (1, 5, 257)],
        _probable("large", logits(1, 3, 128, 176)),
        _probable("channels of a larger array", logits(3, 6, 9, 7)[:, 2:5]),
        _probable("every second image", logits(5, 2, 9, 7)[::2]),
        _probable("no images", usual[:0]),
        _probable("no channels", usual[:, :0]),
        _probable("no cells", usual[:, :, :0].copy()),
        in_half(_probable("usual", usual), "maps"),
        in_half(_probable("strange values", strange), "maps"),
        in_half(_probable("every second image", logits(5, 2, 9, 7)[::2]), "maps"),
    ]


CASES = {"sigmoid": sigmoid_cases(), "cell_probabilities": cell_probabilities_cases()}
