"""LOGO-CAP's windows: crowds, borders, ties, kernels of every sign, NaN."""

import numpy as np
from posetrack.kernels import CenterMesh, GlobalWindow

from .case import BATCHES, COUNTS, FLOAT_MAX, INF, NAN, PEOPLE, Case, blobs, in_half, rng

HALF = np.float16


def gaussian(side):
    squared = (np.arange(side) - side // 2) ** 2
    sigma = max(side - 1, 1) / 6
    return np.exp(-(squared[:, None] + squared) / (2 * sigma * sigma)).astype(np.float32)


def _keypoints(batch, people, heat, stride, seed=0):
    """(B, N, K, 2) anywhere in the input and a little outside."""
    size = np.array(heat.shape[:1:-1]) * stride
    shape = (batch, people, heat.shape[1], 2)
    return rng(seed).uniform(-10, size + 10, shape).astype(np.float32)


def _attraction(keypoints, side, seed=1):
    """(B, N, K, s, s) a bump and noise, some below 0 and above 1."""
    squared = (np.arange(side) - side // 2) ** 2
    bump = np.exp(-(squared[:, None] + squared) / side)
    noise = rng(seed).normal(0, 0.2, (*keypoints.shape[:3], side, side))
    return (bump + noise).astype(np.float32)


def _adapted(name, heat, keypoints, side=11, outer=97, stride=4, **options):
    size = (heat.shape[2] * stride, heat.shape[3] * stride)
    kernels = options.pop("kernels", _attraction(keypoints, side))
    counts = options.pop("counts", None)
    window = GlobalWindow(options.pop("weights", gaussian(outer)), **options)
    arguments = {"keypoints": keypoints, "heatmap": heat, "size": size, "counts": counts}
    return Case(name, {**arguments, "kernels": kernels, "window": window})


def global_adaptation_cases():
    heat = blobs(3, 2, 32, 44, seed=2)
    one = heat[:1]
    five = _keypoints(1, 5, one, 4)
    whole = blobs(3, 4, 16, 20, seed=3)
    few = _keypoints(3, 2, heat, 4)
    twice = _attraction(few.repeat(2, axis=0), 7)
    strange = five.copy()
    strange[0, :, 0] = [(NAN, 5), (5, INF), (-INF, NAN), (1e30, 5), (3e5, -3e5)]
    corners = np.float32([[[(0, 0)] * 2, [(175, 127)] * 2, [(-0.4, 127.9)] * 2, [(176, 128)] * 2]])
    holes, endless = one.copy(), one.copy()
    holes[rng(4).random(one.shape) < 0.3] = NAN
    endless[0, 0, 8:10, 9] = INF, -INF
    strange_map = np.where(rng(8).random(one.shape) < 0.02, INF, holes).astype(np.float32)
    flat = np.full_like(one, 0.5)
    sparse = np.zeros_like(one)
    sparse[0, :, 16, 22] = 1
    strong = _attraction(five, 11)
    strong[0, 0], strong[0, 1, :, 3, 3], strong[0, 2, :, 0, 0] = 0, NAN, INF
    still = np.ones((97, 97), np.float32)
    return [
        *[_adapted(f"{n} people", one, _keypoints(1, n, one, 4)) for n in PEOPLE[:3]],
        _adapted("300 people", one, _keypoints(1, 300, one, 4), side=3, outer=9),
        *[_adapted(f"batch {b}", heat[:b], _keypoints(b, 5, heat, 4), outer=33) for b in BATCHES],
        _adapted("first channels of more", whole[:, :2], _keypoints(3, 2, heat, 4), outer=17),
        _adapted("counted", heat, _keypoints(3, 4, heat, 4), outer=17, counts=COUNTS),
        _adapted("every second image's kernels", heat, few, outer=17, kernels=twice[::2]),
        _adapted("no kernels", one, five, kernels=None),
        _adapted("no Gaussian", one, five, weights=still),
        _adapted("kernels as they are", one, five, clamp=False),
        _adapted("kernels below 0", one, five, clamp=False, kernels=-_attraction(five, 11)),
        _adapted("kernels of 0, NaN, infinite", one, five, kernels=strong, clamp=False),
        _adapted("kernels of 0, NaN, infinite, cut", one, five, kernels=strong),
        *[_adapted(f"kernels of {s}", one, five, side=s, outer=41) for s in (1, 3, 7, 15, 19)],
        *[_adapted(f"windows of {g}", one, five, side=5, outer=g) for g in (1, 3, 15, 17, 33, 113)],
        _adapted("first alone", one, five, first_weight=1.0, outer=33),
        in_half(_adapted("heads", one, five), "heatmap", "kernels"),
        in_half(_adapted("heatmap of more", whole[:, :2], _keypoints(3, 2, heat, 4)), "heatmap"),
        _adapted("stride 1", one, _keypoints(1, 3, one, 1), stride=1),
        _adapted("stride 1, NaN and infinite", strange_map, _keypoints(1, 5, one, 1), stride=1),
        _adapted("stride 2", one, _keypoints(1, 3, one, 2), stride=2),
        _adapted("stride 7", one, _keypoints(1, 3, one, 7), stride=7),
        _adapted("corners", one, corners),
        _adapted("places that are no places", one, strange),
        _adapted("whole places", one, np.round(five)),
        _adapted("NaN in the map", holes, five),
        _adapted("NaN everywhere", np.full_like(one, NAN), five),
        _adapted("infinite", endless, five),
        _adapted("huge", one * FLOAT_MAX, five),
        _adapted("tiny", one * np.float32(1e-38), five),
        _adapted("below 0", -one, five),
        _adapted("ties everywhere", flat, five, weights=still, kernels=None),
        _adapted("ties under a kernel", flat, five, weights=still, clamp=False),
        _adapted("nothing", np.zeros_like(one), five),
        _adapted("one cell", sparse, five),
        _adapted("a map of one cell", one[:, :, :1, :1].copy(), np.zeros((1, 2, 2, 2), np.float32)),
        _adapted("a map of one row", one[:, :, :1].copy(), five),
        _adapted("nobody", one, five[:, :0]),
        _adapted("no images", heat[:0], _keypoints(0, 5, heat, 4)),
        _adapted("no keypoints", one[:, :0], five[:, :, :0]),
    ]


def _meshed(name, keypoints, embedding, side=11, stride=4.0, spread=1.0, **options):
    reach = np.arange(side, dtype=np.float32) - side // 2
    widths = np.linspace(1, 4.3, keypoints.shape[2])[:, None] * spread
    arguments = {"keypoints": keypoints, "steps": (widths * reach).astype(np.float32)}
    return Case(name, {**arguments, "embedding": embedding, "stride": stride, **options})


def local_windows_cases():
    def embedding(batch, channels, height=20, width=24):
        shape = (batch, channels, height, width)
        return rng(5).normal(0, 2, shape).astype(np.float32)

    def keypoints(batch, people, count=3):
        shape = (batch, people, count, 2)
        return rng(6).uniform((-10, -10), (106, 90), shape).astype(np.float32)

    some = keypoints(1, 5)
    strange = some.copy()
    strange[0, :, 0] = [(NAN, 5), (5, INF), (-INF, NAN), (1e30, -1e30), (95, 79)]
    holes, huge = embedding(1, 5), embedding(1, 5) * np.float32(1e37)
    holes[rng(7).random(holes.shape) < 0.2] = NAN
    disordered = _meshed("points in any order", some, embedding(1, 3))
    rng(9).shuffle(disordered.arguments["steps"], axis=1)
    return [
        *[_meshed(f"{n} people", keypoints(1, n), embedding(1, 5)) for n in PEOPLE],
        *[_meshed(f"batch {b}", keypoints(b, 4), embedding(b, 7)) for b in BATCHES],
        *[_meshed(f"{c} channels", some, embedding(1, c)) for c in (1, 16, 64, 65)],
        *[_meshed(f"meshes of {s}", some, embedding(1, 3), side=s) for s in (1, 7, 16, 17, 19)],
        in_half(_meshed("embedding", some, embedding(1, 5)), "embedding"),
        in_half(_meshed("embedding and features", some, embedding(1, 5), dtype=HALF), "embedding"),
        _meshed("features of float16", keypoints(2, 4), embedding(2, 7), dtype=HALF),
        _meshed("features of float16, wide", some, embedding(1, 3), side=19, dtype=HALF),
        _meshed("channels of a larger array", keypoints(3, 4), embedding(3, 9)[:, 2:7]),
        _meshed("counted", keypoints(3, 4), embedding(3, 5), counts=COUNTS),
        _meshed("counted, float16", keypoints(3, 4), embedding(3, 5), counts=COUNTS, dtype=HALF),
        _meshed("stride 1", some / 4, embedding(1, 3), stride=1.0),
        _meshed("points of one place", some, embedding(1, 3), spread=0.0),
        _meshed("cells exactly", np.round(some / 4) * 4, embedding(1, 3), spread=4.0),
        *[
            _meshed(f"rows of {w} cells", some, embedding(1, 2, 9, w))
            for w in (7, 8, 9, 15, 16, 17)
        ],
        *[
            _meshed(f"wide meshes of {s}", some, embedding(1, 3), side=s, spread=9.0)
            for s in (8, 16)
        ],
        disordered,
        _meshed("places that are no places", strange, embedding(1, 5)),
        _meshed("NaN in the map", some, holes),
        _meshed("huge", some, huge),
        _meshed("a map of one cell", some, embedding(1, 3, 1, 1)),
        _meshed("a map of one row", some, embedding(1, 3, 1, 24)),
        _meshed("nobody", some[:, :0], embedding(1, 3)),
        _meshed("no images", keypoints(0, 4), embedding(0, 3)),
        _meshed("no keypoints", keypoints(1, 4, 0), embedding(1, 3)),
        _meshed("no channels", some, embedding(1, 0)),
    ]


def _proposed(name, batch, people, channels=5, count=3, side=11, **options):
    """Centers anywhere on a map `ratio` times as fine as one of 20 x 24 cells, or nowhere."""
    random, ratio = rng(11), options.pop("ratio", 4)
    cells = random.integers(-1, 20 * 24 * ratio * ratio, (batch, people)).astype(np.int32)
    reach = np.arange(side, dtype=np.float32) - side // 2
    steps = (np.linspace(1, 4.3, count)[:, None] * reach).astype(np.float32)
    stride, sign = options.pop("stride", 4.0), options.pop("sign", -1.0)
    arguments = {
        "cells": cells,
        "offset": random.normal(0, 5, (batch, 2 * count, 20, 24)).astype(np.float32),
        "embedding": random.normal(0, 2, (batch, channels, 20, 24)).astype(np.float32),
        "mesh": CenterMesh(steps, stride, sign, ratio),
    }
    return Case(name, {**arguments, **options})


def center_windows_cases():
    strange = _proposed("offsets that are no offsets", 1, 5)
    strange.arguments["offset"][0, ::3] = NAN
    strange.arguments["offset"][0, 1::3] = FLOAT_MAX
    part = _proposed("maps of larger arrays", 3, 4, 9)
    part.arguments["embedding"] = part.arguments["embedding"][:, 2:7]
    part.arguments["offset"] = part.arguments["offset"].repeat(2, axis=1)[:, :6]
    return [
        *[_proposed(f"{n} people", 1, n) for n in PEOPLE],
        *[_proposed(f"batch {b}", b, 4, 7) for b in BATCHES],
        *[_proposed(f"{c} channels", 1, 5, c) for c in (1, 16, 17, 64)],
        *[_proposed(f"map {r} times as fine", 2, 5, ratio=r, stride=float(r)) for r in (1, 2, 3)],
        _proposed("stride unlike the ratio", 1, 5, stride=8.0, ratio=2),
        _proposed("field points from the center", 1, 5, sign=1.0),
        _proposed("counted", 3, 4, counts=COUNTS),
        _proposed("counted, float16", 3, 4, counts=COUNTS, dtype=HALF),
        in_half(_proposed("offset", 1, 5), "offset"),
        in_half(_proposed("embedding and features", 1, 5, dtype=HALF), "embedding"),
        in_half(_proposed("maps", 2, 5), "offset", "embedding"),
        strange,
        part,
        _proposed("meshes without points", 1, 5, side=0),
        _proposed("nobody", 1, 0),
        _proposed("no images", 0, 4),
        _proposed("no keypoints", 1, 4, count=0),
        _proposed("no channels", 1, 5, 0),
    ]


CASES = {
    "center_windows": center_windows_cases(),
    "global_adaptation": global_adaptation_cases(),
    "local_windows": local_windows_cases(),
}
