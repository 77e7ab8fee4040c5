"""The CUDA twins' results do not depend on which thread of a block comes first.

A missing barrier shows only if a thread runs ahead of the one it should have waited for, so every
case that is not large is run with the threads in descending and in shuffled order between two
barriers. In ascending order test_twins runs them.
"""

import numpy as np
import pytest

from .cases import CASES
from .places import order_of_threads, run
from .test_levels import bits_but_of_nan

MAX_CELLS = 40_000  # of a case's arrays, or of the size that its maps are enlarged to
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def is_small(case):
    given = case.given.values()
    arrays = [part for value in given for part in (value if isinstance(value, tuple) else (value,))]
    cells = sum(array.size for array in arrays if isinstance(array, np.ndarray))
    return max(cells, np.prod(case.given.get("size", 0))) <= MAX_CELLS


@pytest.mark.parametrize("order", ["descending", "shuffled"])
@pytest.mark.parametrize("name", CASES)
def test_any_order_of_a_blocks_threads_gives_the_same_bytes(name, order):
    small = [case for case in CASES[name] if is_small(case)]
    assert len(small) > len(CASES[name]) // 2
    for case in small:
        if name == "soft_argmax":  # the CPU's sums are in another order
            wanted = bytes_of("cuda-on-host", name, case)
        else:
            wanted = bytes_of("cpu", name, case)
        with order_of_threads(order):
            assert bytes_of("cuda-on-host", name, case) == wanted, case.name


def bytes_of(place, name, case):
    result = run(place, name, case.given)
    arrays = result if isinstance(result, tuple) else (result,)
    return [bits_but_of_nan(np.asarray(array)) for array in arrays]
