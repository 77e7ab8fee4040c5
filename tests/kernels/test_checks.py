"""What kernels say of arrays and options before they run."""

import numpy as np
import pytest
from posetrack.kernels.checks import batch_of, check, check_above, check_at_least, check_number


class Tensor:
    """As much of a torch tensor on a GPU as the checks read."""

    def __init__(self, array):
        self._array = array
        self.shape = array.shape
        self.__cuda_array_interface__ = {"typestr": array.dtype.str}

    def stride(self):
        return tuple(step // self._array.itemsize for step in self._array.strides)


def test_the_way_to_one_piece_is_that_of_the_array():
    apart = np.zeros((4, 6), np.float32)[:, ::2]
    with pytest.raises(ValueError, match=r"C-contiguous: pass np.ascontiguousarray\(x\)"):
        check("x", apart, np.float32, (4, 3))
    with pytest.raises(ValueError, match=r"C-contiguous: pass x.contiguous\(\)"):
        check("x", Tensor(apart), np.float32, (4, 3))
    check("x", Tensor(apart.copy()), np.float32, (4, 3))


def test_one_axis_more_is_the_batch():
    assert batch_of(np.zeros((5, 17, 2)), 3) == ()
    assert batch_of(np.zeros((0, 5, 17, 2)), 3) == (0,)
    assert batch_of(np.zeros((17, 2)), 3) == ()


@pytest.mark.parametrize(
    ("refuse", "got", "message"),
    [
        (check_at_least, -1, "x must be at least 2, got -1"),
        (check_at_least, np.nan, "x must be at least 2, got nan"),
        (check_at_least, (3, 1), r"x must be at least 2, got \(3, 1\)"),
        (check_above, 2, "x must be above 2, got 2"),
        (check_above, np.nan, "x must be above 2, got nan"),
    ],
)
def test_limits_are_named(refuse, got, message):
    with pytest.raises(ValueError, match=message):
        refuse("x", got, 2)
    refuse("x", 3, 2)


def test_infinity_is_a_number():
    check_number("x", np.inf)
    with pytest.raises(ValueError, match="x must be a number, got nan"):
        check_number("x", np.nan)
