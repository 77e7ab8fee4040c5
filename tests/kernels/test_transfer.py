"""Arrays between the host and where others lie."""

import numpy as np
import pytest
from posetrack.kernels.transfer import (
    Constant,
    concatenate,
    leading_rows,
    like,
    rows_to_compute,
    to_host,
)

ARRAY = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_on_the_host_nothing_is_copied():
    assert like(ARRAY, ARRAY) is ARRAY
    assert Constant(ARRAY).beside(ARRAY) is ARRAY
    (same,) = to_host(ARRAY)
    assert same is ARRAY
    assert concatenate([ARRAY]) is ARRAY


def test_arrays_are_joined_along_an_axis():
    np.testing.assert_array_equal(concatenate([ARRAY, ARRAY], 1), np.concatenate((ARRAY,) * 2, 1))


def test_rows_that_nobody_needs_are_known_on_the_host():
    assert rows_to_compute(np.int32([2, 5, 1]), 30) == 5
    assert rows_to_compute(np.int32([40]), 30) == 30
    assert rows_to_compute(np.int32([]), 30) == 0
    assert rows_to_compute(None, 30) == 30


def test_arrays_are_cut_to_the_rows_that_somebody_needs():
    array = np.arange(24).reshape(2, 4, 3)
    first, second = leading_rows(np.int32([1, 2]), array, array[..., 0])
    np.testing.assert_array_equal(first, array[:, :2])
    np.testing.assert_array_equal(second, array[:, :2, 0])
    assert first.flags.c_contiguous
    assert second.flags.c_contiguous
    for counts in (None, np.int32([9, 1])):
        (same,) = leading_rows(counts, array)
        assert same is array


@pytest.mark.cuda
def test_a_gpu_gets_a_constant_once_and_gives_back_what_it_has():
    import torch

    there = torch.zeros(3, device="cuda")
    constant = Constant(ARRAY)
    copy = constant.beside(there)
    assert copy.device == there.device
    assert constant.beside(there) is copy
    assert rows_to_compute(torch.tensor([2], device="cuda"), 30) == 30
    for array in to_host(copy * 2, like(there, ARRAY * 2)):
        np.testing.assert_array_equal(array, ARRAY * 2)
    np.testing.assert_array_equal(concatenate([copy, copy], 1).cpu(), np.hstack((ARRAY, ARRAY)))
