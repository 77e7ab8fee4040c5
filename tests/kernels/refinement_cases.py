"""Keypoints around and in heatmaps: off the map, between pixels, NaN, ties, peaks of any shape."""

from functools import partial

import numpy as np
from tolerances import FEATURE_RTOL, FITTED_HEIGHTS_RTOL, FITTED_KERNEL_PIXELS

from .boxes_cases import COUNTS, HALF_RTOL, one_image
from .case import BATCHES, FLOAT_MAX, INF, NAN, PEOPLE, Case, blobs, rng

COUNTED = [(f"counts, {name}", counts) for name, counts in COUNTS if set(counts) == {"counts"}]


def scattered(batch, people, keypoints, size, seed=5, around=3.0):
    """(B, N, K, 2) points anywhere in a map of (H, W) pixels, and a little outside."""
    shape = (batch, people, keypoints)
    height, width = size
    x = rng(seed).uniform(-around, width + around, shape)
    y = rng(seed + 1).uniform(-around, height + around, shape)
    return np.stack((x, y), axis=-1).astype(np.float32)


STRANGE = np.float32(
    [
        *[(NAN, 3), (3, NAN), (INF, 3), (3, INF), (-INF, 3), (3, -INF), (INF, -INF)],
        *[(1e30, 3), (3, -1e30), (FLOAT_MAX, -FLOAT_MAX), (2.0**31, 3), (3, -(2.0**31))],
        *[(0, 0), (-0.5, 3), (3, -0.5), (-1, 3), (79, 63), (78.5, 62.5), (80, 64), (79.5, 63.5)],
    ]
)


def strangers(channels=2):
    """(1, N, K, 2): every strange place in every channel of a map of 64 x 80 pixels."""
    return np.repeat(STRANGE[None, :, None], channels, axis=2)


def half(maps):
    """The maps as a network of float16 returns them."""
    with np.errstate(over="ignore"):
        return maps.astype(np.float16)


def _sampled(name, heatmap, size, keypoints, at, **counts):
    arguments = {"heatmap": heatmap, "size": size, "keypoints": keypoints, "at": at}
    return Case(f"{name}, {at}", {**arguments, **counts})


def sample_heat_cases():
    size = (64, 80)
    heat = blobs(3, 2, 16, 20)
    holes = heat.copy()
    holes[0, :, ::3, ::4], holes[1, 0, 5], holes[2] = NAN, INF, FLOAT_MAX
    return [
        case
        for at in ("between", "floor", "transposed")
        for case in (
            *[
                _sampled(f"{n} people", heat[:1], size, scattered(1, n, 2, size), at)
                for n in PEOPLE
            ],
            *[
                _sampled(f"batch {b}", heat[:b], size, scattered(b, 5, 2, size), at)
                for b in BATCHES
            ],
            _sampled("whole pixels", heat, size, np.trunc(scattered(3, 30, 2, size)), at),
            _sampled("strange places", heat[:1], size, strangers(), at),
            _sampled("NaN, infinite, huge", holes, size, scattered(3, 30, 2, size), at),
            _sampled("by a fraction", heat, (43, 57), scattered(3, 9, 2, (43, 57)), at),
            _sampled("smaller", heat, (9, 7), scattered(3, 9, 2, (9, 7)), at),
            _sampled("same size", heat, (16, 20), scattered(3, 9, 2, (16, 20)), at),
            _sampled("one pixel", heat, (1, 1), scattered(3, 9, 2, (1, 1)), at),
            _sampled(
                "channels of a larger array",
                blobs(3, 3, 16, 20)[:, :2],
                size,
                scattered(3, 5, 2, size),
                at,
            ),
            *[_sampled(n, heat, size, scattered(3, 5, 2, size), at, **c) for n, c in COUNTED],
            one_image(_sampled("all", heat, size, scattered(3, 5, 2, size), at)),
            one_image(_sampled("some", heat, size, scattered(3, 5, 2, size), at, **COUNTED[0][1])),
            *[
                _sampled(f"float16, {name}", maps, to, scattered(3, 9, 2, to), at)
                for name, maps, to in (
                    ("enlarged", half(heat), size),
                    ("same size", half(heat), (16, 20)),
                    ("NaN, infinite, huge", half(holes), size),
                    ("every second image", half(blobs(5, 2, 16, 20))[::2], size),
                )
            ],
            _sampled("nobody", heat, size, scattered(3, 0, 2, size), at),
            _sampled("no images", heat[:0], size, scattered(0, 5, 2, size), at),
            _sampled("no keypoints", heat[:, :0], size, scattered(3, 5, 0, size), at),
        )
    ]


def _snapped(
    name, keypoints, cells, values, width=80, max_distance=20.0, min_value=-np.inf, **others
):
    arrays = {"keypoints": keypoints, "cells": np.int32(cells), "values": np.float32(values)}
    options = {"width": width, "max_distance": max_distance, "min_value": min_value}
    return Case(name, {**arrays, **options, **others})


def _peaks(batch, keypoints, count, seed=7):
    random = rng(seed)
    shape = (batch, keypoints, count)
    return random.integers(0, 64 * 80, shape), np.sort(random.uniform(0, 1, shape))[..., ::-1]


def snap_to_peaks_cases():
    size = (64, 80)
    some = _peaks(1, 17, 30)
    gaps = some[0].copy()
    gaps[:, ::2, 20:], gaps[:, 3] = -1, -1
    grid = np.arange(9).reshape(1, 1, 9)  # a 3 x 3 block: many equal distances
    middle = np.float32([[[[1, 1]], [[0.5, 0.5]], [[1.5, 1]], [[1, 0.5]]]])
    near = np.float32([[[[1e4, 1e4]], [[3e7, 2]]]])  # roots that round to the same
    odd_values = some[1].copy()
    odd_values[..., ::5], odd_values[..., 1::5], odd_values[..., 2] = NAN, INF, -INF
    stay = rng(13).uniform(-1, 1, (3, 30, 17)).astype(np.float32)
    stay[0, ::7] = NAN
    batch = scattered(3, 30, 17, size), *_peaks(3, 17, 30)
    return [
        *[_snapped(f"{n} people", scattered(1, n, 17, size), *some) for n in PEOPLE],
        *[_snapped(f"batch {b}", scattered(b, 5, 17, size), *_peaks(b, 17, 30)) for b in BATCHES],
        _snapped("strange places", strangers(), *_peaks(1, 2, 30)),
        _snapped("without end", scattered(1, 30, 17, size), *some, max_distance=np.inf),
        _snapped("strange places, without end", strangers(), *_peaks(1, 2, 3), 80, np.inf),
        _snapped("no distance", scattered(1, 30, 17, size), *some, max_distance=0.0),
        _snapped("negative distance", scattered(1, 30, 17, size), *some, max_distance=-1.0),
        _snapped("least value", scattered(1, 30, 17, size), *some, 80, 30.0, 0.8),
        _snapped(
            "least value met exactly", scattered(1, 5, 1, size), [[[5, 7]]], [[[2, 1]]], 80, 99, 1
        ),
        _snapped("least value that none has", scattered(1, 5, 17, size), *some, 80, 30.0, 2.0),
        _snapped(
            "values that are not finite",
            scattered(1, 30, 17, size),
            some[0],
            odd_values,
            80,
            30,
            0.5,
        ),
        _snapped("fewer peaks than asked for", scattered(1, 30, 17, size), gaps, some[1]),
        _snapped("ties", middle, grid, np.ones((1, 1, 9)), 3),
        _snapped("ties by rounding", near, grid, np.ones((1, 1, 9)), 3, 1e9),
        _snapped(
            "at the largest distance", np.float32([[[[20, 0]], [[19.999, 0]]]]), [[[0]]], [[[1]]]
        ),
        *[
            _snapped(name, scattered(3, 5, 17, size), *_peaks(3, 17, 30), **counts)
            for name, counts in COUNTED
        ],
        one_image(_snapped("all", scattered(3, 5, 17, size), *_peaks(3, 17, 30))),
        one_image(_snapped("some", scattered(3, 5, 17, size), *_peaks(3, 17, 30), **COUNTED[0][1])),
        _snapped("values of those that stay", *batch, unmoved=stay),
        _snapped("values of those that stay, counts", *batch, unmoved=stay, **COUNTED[0][1]),
        _snapped("low values are 0", *batch, zero_at=0.5),
        _snapped("low values are 0 but of those that stay", *batch, unmoved=stay, zero_at=0.5),
        _snapped("strange values are 0", batch[0][:1], some[0], odd_values, zero_at=0.5),
        _snapped("value met exactly is 0", middle, grid, np.ones((1, 1, 9)), 3, zero_at=1.0),
        one_image(_snapped("values of those that stay", *batch, unmoved=stay)),
        _snapped("no peaks, all stay", scattered(3, 30, 17, size), *_peaks(3, 17, 0), unmoved=stay),
        _snapped("no peaks", scattered(1, 5, 2, size), *_peaks(1, 2, 0)),
        _snapped("nobody", scattered(2, 0, 17, size), *_peaks(2, 17, 30)),
        _snapped("no images", scattered(0, 5, 17, size), *_peaks(0, 17, 30)),
        _snapped("no keypoints", scattered(2, 5, 0, size), *_peaks(2, 0, 30)),
    ]


def check_fits(arguments, got, wanted, differing=0.0, pixels=FITTED_KERNEL_PIXELS):
    """Where the least squares are well determined, both solvers end in the same place.

    Args:
        arguments, got, wanted: as for every check.
        differing: share of the keypoints that may end elsewhere, or not at all, as they are not.
        pixels: how far the others may lie apart.
    """
    (points, scores), (wanted_points, wanted_scores) = got, wanted
    assert (points.dtype, scores.dtype) == (np.float32, np.float32)
    assert points.shape == wanted_points.shape
    stayed, stays = (_stays(arguments["scores"], fitted) for fitted in (scores, wanted_scores))
    np.testing.assert_array_equal(points[stayed], arguments["keypoints"][stayed])
    same = stayed == stays
    with np.errstate(invalid="ignore"):  # of keypoints that are not finite
        apart = np.abs(points - wanted_points).max(axis=-1, initial=0)
    same &= stays | (apart <= pixels)
    same &= stays | np.isclose(scores, wanted_scores, rtol=FITTED_HEIGHTS_RTOL, atol=0)
    differ = int((~same).sum())
    assert differ <= differing * same.size, f"{differ} of {same.size} fits differ"


def _stays(scores, fitted):
    """Which keypoints kept their scores: no Gaussian is as high as these to the last bit."""
    return (fitted == scores) | np.isnan(fitted)


def _fitted(name, heatmap, size, keypoints, scores=None, *, differing=0.0, **options):
    if scores is None:
        scores = rng(10).uniform(0.1, 0.9, keypoints.shape[:3]).astype(np.float32)
    arguments = {"heatmap": heatmap, "size": size, "keypoints": keypoints, "scores": scores}
    check = partial(check_fits, differing=differing)
    return Case(name, {**arguments, "min_score": 0.05, **options}, check=check)


def bumps(batch, people, keypoints, size, seed=8, sigma=2.0, border=4.0):
    """(B, K, h, w) Gaussians and (B, N, K, 2) points near them, in quarters of a cell."""
    random = rng(seed)
    height, width = size
    maps = np.zeros((batch, keypoints, height, width))
    rows, columns = np.arange(height)[:, None], np.arange(width)
    shape = (batch, people, keypoints)
    x = random.uniform(border, width - 1 - border, shape)
    y = random.uniform(border, height - 1 - border, shape)
    for b, n, k in np.ndindex(shape):
        squared = (columns - x[b, n, k]) ** 2 + (rows - y[b, n, k]) ** 2
        bump = random.uniform(0.3, 0.99) * np.exp(-squared / (2 * sigma**2))
        maps[b, k] = np.maximum(maps[b, k], bump)
    points = 4 * np.stack((x, y), axis=-1) + random.normal(0, 1, (*shape, 2))
    return maps.astype(np.float32), points.astype(np.float32)


def fit_gaussians_cases():
    size = (128, 160)
    heat, points = bumps(3, 5, 3, (32, 40))
    crowd = bumps(1, 30, 2, (32, 40))
    mass = bumps(1, 300, 1, (96, 128))
    border, at_border = bumps(1, 30, 2, (32, 40), border=-1.0)
    noise = rng(9).random((1, 2, 32, 40), np.float32)
    holes = heat.copy()
    holes[:, :, ::7, ::9], holes[:, :, 3::7, 4::9] = NAN, INF
    scores = rng(10).random(points.shape[:3], np.float32)
    strange_scores = scores.copy()
    strange_scores[0, ::2], strange_scores[1, ::2], strange_scores[2, ::2] = NAN, INF, -INF
    factors = rng(14).uniform(-0.2, 1.2, (3, 5)).astype(np.float32)
    shared = np.repeat(points[:1, :1] + np.float32(0.0), 4, axis=1)
    shared[0, 1:] = np.trunc(shared[0, 1:] + 0.5) + np.float32([[0.2], [-0.3], [1.0]])[..., None]
    strange = strangers(3)
    return [
        *[
            _fitted(
                f"{n} people", heat[:1], size, points[:1, [0] * n] if n == 1 else points[:1, :n]
            )
            for n in (1, 5)
        ],
        _fitted("30 people", crowd[0], size, crowd[1], differing=0.05),
        _fitted("300 people", mass[0], (384, 512), mass[1], differing=0.05),
        *[_fitted(f"batch {b}", heat[:b], size, points[:b]) for b in BATCHES],
        _fitted("some of them", heat, size, points, scores, min_score=0.5),
        _fitted("none of them", heat, size, points, scores, min_score=1.0),
        _fitted("scores as low as can be", heat, size, points, strange_scores, min_score=-INF),
        _fitted("scores that are not finite", heat, size, points, strange_scores),
        _fitted("factors", heat, size, points, factors=factors),
        _fitted("factors, counts", heat, size, points, factors=factors, **COUNTED[0][1]),
        _fitted("people on one pixel", heat[:1], size, shared),
        _fitted(
            "people on one pixel, factors", heat[:1], size, shared, factors=factors[:1, :4].copy()
        ),
        _fitted("windows cut by the border", border, size, at_border, differing=0.05),
        _fitted("windows cut, clamped", border, size, at_border, differing=0.05, clamped=True),
        _fitted("strange places", heat[:1], (64, 80), strange),
        _fitted(
            "strange places, clamped",
            blobs(1, 3, 32, 40),
            (64, 80),
            strange,
            differing=0.2,
            clamped=True,
        ),
        _fitted("sharp", *_sized(bumps(1, 5, 2, (32, 40), sigma=1.0), size)),
        _fitted("broad", *_sized(bumps(1, 2, 2, (32, 40), sigma=4.0), size)),
        _fitted("tiny", heat * np.float32(1e-30), size, points),
        _fitted("huge", heat * np.float32(1e30), size, points),
        _fitted("upside down", -heat, size, points),
        _fitted("noise", noise, size, scattered(1, 30, 2, size, around=-4), differing=0.05),
        _fitted("flat", np.ones_like(heat), size, points, differing=1.0),
        _fitted("nothing", np.zeros_like(heat), size, points),
        _fitted("NaN and infinite", holes, size, points),
        _fitted("few evaluations", heat, size, points, max_evaluations=6),
        _fitted("one evaluation", heat, size, points, max_evaluations=1),
        _fitted("same size", *_sized(bumps(1, 5, 2, (32, 40)), (32, 40), 0.25)),
        _fitted("by a fraction", heat, (96, 100), points * np.float32([100 / 160, 0.75])),
        _fitted(
            "map smaller than a window",
            noise[:, :, :2, :2].copy(),
            (5, 7),
            strangers(2),
        ),
        _fitted(
            "channels of a larger array",
            bumps(3, 5, 4, (32, 40))[0][:, :3],
            size,
            points,
            differing=0.05,
        ),
        *[_fitted(name, heat, size, points, **counts) for name, counts in COUNTED],
        _fitted(
            "some of those that count", heat, size, points, scores, min_score=0.5, **COUNTED[0][1]
        ),
        one_image(_fitted("all", heat, size, points)),
        one_image(_fitted("some", heat, size, points, **COUNTED[0][1])),
        *[
            _fitted(f"float16, {name}", maps, to, places, differing=0.05)
            for name, maps, to, places in (
                ("enlarged", half(heat), size, points),
                ("same size", half(heat), (32, 40), points / 4),
                ("windows cut by the border", half(border), size, at_border),
                ("NaN and infinite", half(holes), size, points),
                ("every second image", half(heat).repeat(2, 0)[::2], size, points),
            )
        ],
        _fitted("nobody", heat, size, points[:, :0]),
        _fitted("no images", heat[:0], size, points[:0]),
        _fitted("no keypoints", heat[:, :0], size, points[:, :, :0]),
    ]


def _sized(made, size, factor=1.0):
    return made[0], size, made[1] * np.float32(factor)


def _featured(name, keypoints, scores, dtype=np.float32, **counts):
    arguments = {"keypoints": keypoints, "scores": scores, "dtype": dtype, **counts}
    return Case(name, arguments, rtol=FEATURE_RTOL if dtype == np.float32 else HALF_RTOL)


def scoring_feature_cases():
    def poses(people, keypoints):
        places = rng(11).uniform(-50, 700, (people, keypoints, 2)).astype(np.float32)
        return places, rng(12).uniform(-0.2, 1.2, (people, keypoints)).astype(np.float32)

    def batch(people, keypoints):
        return (part.reshape(3, people, *part.shape[1:]) for part in poses(3 * people, keypoints))

    odd, scores = poses(6, 17)
    odd[0, 3], odd[1, 5], odd[2] = NAN, INF, 7.25
    odd[3] *= np.float32(1e-3)
    odd[4] *= np.float32(1e15)
    return [
        *[
            _featured(f"{n} people of {k}", *(part[None] for part in poses(n, k)))
            for n in PEOPLE
            for k in (17, 14)
        ],
        _featured("NaN, infinite, one point, small, huge", odd, scores),
        _featured("nobody", *poses(0, 17)),
        *[_featured(f"batch of {k}", *batch(5, k)) for k in (17, 14)],
        *[_featured(name, *batch(5, 17), **counts) for name, counts in COUNTED],
        one_image(_featured("some", *batch(5, 14), **COUNTED[0][1])),
        _featured("no images", *(part[:0] for part in batch(5, 17))),
        _featured("float16", *batch(5, 17), np.float16),
        _featured("float16, counts", *batch(5, 14), np.float16, **COUNTED[0][1]),
        _featured("float16, NaN, infinite, one point, small, huge", odd, scores, np.float16),
    ]


CASES = {
    "sample_heat": sample_heat_cases(),
    "snap_to_peaks": snap_to_peaks_cases(),
    "fit_gaussians": fit_gaussians_cases(),
    "scoring_feature": scoring_feature_cases(),
}
