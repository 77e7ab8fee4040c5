"""Heads of images and of their flipped images: orders, signs, shifts, views, what is not finite."""

import numpy as np

from .case import BATCHES, FLOAT_MAX, INF, NAN, Case, in_half, rng


def _merged(name, straight, flipped, order=None, *, turn=None, shift=0):
    order = range(straight.shape[1]) if order is None else order
    sign, constant = (None, None) if turn is None else np.float32(turn)
    options = {"sign": sign, "constant": constant, "shift": shift}
    arguments = {"straight": straight, "flipped": flipped, "order": np.int32(order)}
    return Case(name, arguments | options)


def _heads(batch=2, channels=6, height=9, width=21, seed=0):
    heads = rng(seed).normal(0, 3, (2, batch, channels, height, width)).astype(np.float32)
    return heads[0], heads[1]


def merge_flipped_cases():
    pairs = [0, 2, 1, 4, 3, 5]
    turn = ([-1, 1] * 3, [0.75, -0.0, 0.75, 0, 0.75, 0])
    first, second = _heads()
    strange = first.copy()
    strange[0, :, 2:5] = np.float32([NAN, INF, -INF])[:, None]
    strange[1] *= FLOAT_MAX / 20
    whole = rng(1).normal(0, 3, (6, 9, 8, 40)).astype(np.float32)
    views = whole[:3, :6], whole[3:, 3:]
    return [
        *[_merged(f"batch {b}", *_heads(b), pairs) for b in BATCHES],
        _merged("positions", first, second, pairs, turn=turn),
        _merged("positions, moved", first, second, pairs, turn=turn, shift=2),
        *[_merged(f"moved by {n}", first, second, pairs, shift=n) for n in (1, 3, 20, 21, 22, 99)],
        _merged("some channels of larger arrays", *views, pairs, turn=turn, shift=1),
        _merged("every second image", whole[::2, :6], whole[1::2, :6], pairs),
        _merged("the same head twice", first, first, pairs),
        _merged("one channel for all", first, second, [3] * 6),
        _merged("not finite and huge", strange, second, pairs, turn=turn),
        _merged("not finite in the flip", second, strange, pairs, shift=1),
        _merged(
            "both zeros", np.zeros((1, 2, 3, 4), np.float32), np.full((1, 2, 3, 4), -0.0, "f4")
        ),
        *[_merged(f"{w} columns", *_heads(width=w), pairs, shift=1) for w in (1, 2, 16, 17, 176)],
        _merged("large", *_heads(1, 17, 128, 176), turn=(np.ones(17), np.ones(17))),
        _merged("no images", first[:0], second[:0]),
        _merged("no channels", first[:, :0], second[:, :0]),
        _merged("no rows", first[:, :, :0].copy(), second[:, :, :0].copy()),
        _merged("no columns", first[..., :0].copy(), second[..., :0].copy(), shift=1),
        in_half(_merged("heatmaps", first, second, pairs, shift=1), "straight", "flipped"),
        in_half(_merged("positions", strange, second, pairs, turn=turn), "straight", "flipped"),
    ]


CASES = {"merge_flipped": merge_flipped_cases()}
