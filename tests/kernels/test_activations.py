"""Activations: values known by heart, and what is refused."""

import numpy as np
import pytest
from posetrack import kernels
from tolerances import PROBABILITY_RTOL, SIGMOID_RTOL

from .case import INF, NAN


def activated(*values, dtype=np.float32):
    return kernels.sigmoid(np.array(values, dtype)[None, None, None])[0, 0, 0]


def probabilities(rows):
    return kernels.cell_probabilities(np.float32(rows)[None, None])[0, 0]


def test_sigmoid_is_a_half_at_zero_and_ends_at_zero_and_one():
    np.testing.assert_array_equal(activated(0, -0.0, INF, -INF), [0.5, 0.5, 1, 0])
    np.testing.assert_allclose(activated(np.log(3), -np.log(3)), [0.75, 0.25], rtol=SIGMOID_RTOL)


def test_sigmoid_never_overflows_and_keeps_nan():
    with np.errstate(all="raise"):
        values = activated(-1e30, -100, 100, 1e30, NAN)
    np.testing.assert_array_equal(values, [0, 0, 1, 1, NAN])


def test_sigmoid_of_float16_is_float32():
    values = activated(-2, 0.5, dtype=np.float16)
    np.testing.assert_array_equal(values, activated(-2, 0.5), strict=True)


def test_opposite_values_add_up_to_one():
    values = np.linspace(-30, 30, 999, dtype=np.float32)
    np.testing.assert_allclose(activated(*values) + activated(*-values), 1, rtol=SIGMOID_RTOL)


def test_sigmoid_never_falls():
    values = np.linspace(-90, 20, 20_001, dtype=np.float32)
    assert (np.diff(activated(*values)) >= -SIGMOID_RTOL * activated(*values[1:])).all()


def test_equal_cells_have_equal_shares():
    np.testing.assert_allclose(probabilities(np.full((4, 5), 3)), 1 / 20, rtol=PROBABILITY_RTOL)


def test_probabilities_follow_the_powers_and_know_no_common_offset():
    expected = [[0.5, 0.25], [0.125, 0.125]]
    for offset in (0, -50, 1e4):
        rows = np.log(np.array(expected)) + offset
        tolerance = {"rtol": PROBABILITY_RTOL + 2**-22 * abs(offset)}  # of the offset sum itself
        np.testing.assert_allclose(probabilities(rows), expected, **tolerance)


def test_cell_that_cannot_be_has_no_share_and_nan_spoils_its_map_alone():
    np.testing.assert_array_equal(probabilities([[0, -INF], [-INF, 0]]), [[0.5, 0], [0, 0.5]])
    maps = np.zeros((1, 2, 2, 2), np.float32)
    maps[0, 0, 1, 1] = NAN
    values = kernels.cell_probabilities(maps)
    assert np.isnan(values[0, 0]).all()
    np.testing.assert_array_equal(values[0, 1], 0.25)


@pytest.mark.parametrize("name", ["sigmoid", "cell_probabilities"])
def test_heads_of_other_types_and_shapes_are_refused(name):
    function = getattr(kernels, name)
    with pytest.raises(TypeError, match="must be float32 or float16, got float64"):
        function(np.zeros((1, 2, 3, 4)))
    with pytest.raises(ValueError, match=r"must have shape \(B, C, h, w\), got \(3, 4\)"):
        function(np.zeros((3, 4), np.float32))
