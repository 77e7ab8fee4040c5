"""The CUDA twins' results do not depend on which thread of a block comes first.

A missing barrier shows only if a thread runs ahead of the one it should have waited for, so every
case is run with the threads in ascending, descending and shuffled order between two barriers.
"""

import numpy as np
import pytest

from .cases import CASES
from .places import ORDERS, order_of_threads, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("name", CASES)
def test_any_order_of_a_blocks_threads_gives_the_same_bytes(name):
    for case in CASES[name]:
        wanted, *others = (bytes_of(name, case, order) for order in ORDERS)
        for order, got in zip(ORDERS[1:], others, strict=True):
            assert got == wanted, f"{case.name}, threads {order}"


def bytes_of(name, case, order):
    with order_of_threads(order):
        result = run("cuda-on-host", name, case.given_to("cuda-on-host"))
    return [
        np.asarray(array).tobytes()
        for array in (result if isinstance(result, tuple) else (result,))
    ]
