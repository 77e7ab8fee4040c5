"""The flip test's merge: sums by hand, and what is refused."""

import numpy as np
import pytest
from posetrack import kernels
from posetrack.structures import COCO_17


def head(*rows):
    """(1, C, 1, w), one row per channel."""
    return np.float32(rows)[None, :, None]


def merged(straight, flipped, order, **options):
    return kernels.merge_flipped(straight, flipped, np.int32(order), **options)[0, :, 0].tolist()


def test_flipped_columns_and_channels_are_turned_back():
    straight, flipped = head([0, 0, 0], [10, 10, 10]), head([1, 2, 3], [4, 5, 6])
    assert merged(straight, flipped, [1, 0]) == [[3, 2.5, 2], [6.5, 6, 5.5]]


def test_positions_change_sign_about_a_constant():
    straight, flipped = head([0, 0], [0, 0]), head([1, 2], [3, 4])
    turn = {"sign": np.float32([-1, 1]), "constant": np.float32([0.75, 0])}
    assert merged(straight, flipped, [0, 1], **turn) == [[-0.625, -0.125], [2, 1.5]]


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(0, [4, 3, 2, 1]), (1, [4, 4, 3, 2]), (2, [4, 3, 4, 3]), (9, [4, 3, 2, 1])],
)
def test_first_columns_stay_and_the_others_move_right(shift, expected):
    straight, flipped = head([0, 0, 0, 0]), head([2, 4, 6, 8])
    assert merged(straight, flipped, [0], shift=shift) == [expected]


def test_merge_of_a_head_and_its_flip_is_the_head():
    heads = np.random.default_rng(0).random((2, 17, 5, 8)).astype(np.float32)
    order = COCO_17.flip_order.astype(np.int32)
    flipped = np.ascontiguousarray(heads[:, order, :, ::-1])
    np.testing.assert_array_equal(kernels.merge_flipped(heads, flipped, order), heads)


def test_image_does_not_depend_on_its_batch():
    straight, flipped = np.random.default_rng(1).normal(size=(2, 3, 4, 5, 18)).astype(np.float32)
    order = np.int32([2, 3, 0, 1])
    together = kernels.merge_flipped(straight, flipped, order, shift=1)
    for b in range(3):
        alone = kernels.merge_flipped(straight[b : b + 1], flipped[b : b + 1], order, shift=1)
        np.testing.assert_array_equal(alone[0], together[b])


HEAD, ORDER, ONES = (
    np.zeros((2, 3, 4, 5), np.float32),
    np.arange(3, dtype=np.int32),
    np.ones(3, "f4"),
)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((HEAD, HEAD[:1], ORDER), {}, ValueError, r"flipped must have shape \(2, 3, 4, 5\)"),
        ((HEAD, HEAD.astype(float), ORDER), {}, TypeError, "flipped must be float32"),
        (
            (HEAD[..., ::-1], HEAD, ORDER),
            {},
            ValueError,
            r"each straight\[b\] must be C-contiguous",
        ),
        ((HEAD, HEAD, ORDER[:2]), {}, ValueError, r"order must have shape \(3\)"),
        ((HEAD, HEAD, np.arange(3)), {}, TypeError, "order must be int32"),
        ((HEAD, HEAD, ORDER + 1), {}, ValueError, "order must name channels"),
        ((HEAD, HEAD, ORDER - 1), {}, ValueError, "order must name channels"),
        ((HEAD, HEAD, ORDER), {"shift": -1}, ValueError, "shift must be at least 0, got -1"),
        ((HEAD, HEAD, ORDER), {"sign": ONES}, ValueError, "both or neither"),
        ((HEAD, HEAD, ORDER), {"sign": ONES, "constant": ONES[:2]}, ValueError, "constant must"),
    ],
)
def test_a_wrong_argument_is_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        kernels.merge_flipped(*arguments, **options)
