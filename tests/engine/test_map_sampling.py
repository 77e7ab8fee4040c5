"""LOGO-CAP's rule between cells, its odd borders included."""

import numpy as np
import pytest
from posetrack.engine.map_sampling import axis_neighbours, sample_planes, sample_vectors

LENGTH = 4
# Values 10, 20, 30, 40 along an axis, and what the rule makes of positions.
ALONG = np.float32([10, 20, 30, 40])
BETWEEN = [
    (-7.5, 10),  # before the first cell: its value
    (-0.25, 10),
    (0, 10),
    (0.25, 12.5),
    (1, 20),
    (2.5, 35),
    (2.75, 37.5),
    (3, 0),  # at the last cell neither neighbour counts
    (3.25, 10),  # the last cell's weight grows
    (3.75, 30),
    (4, 40),
    (9.5, 40),
]


@pytest.mark.parametrize(("position", "expected"), BETWEEN)
def test_value_along_one_axis(position, expected):
    low, high = axis_neighbours(np.float32([position]), LENGTH)
    value = ALONG[low.cells] * low.weights + ALONG[high.cells] * high.weights
    np.testing.assert_array_equal(value, np.float32([expected]))


def test_value_between_four_cells():
    maps = np.float32([[[0, 1, 9], [10, 11, 9], [9, 9, 9]]])
    value = sample_planes(maps, np.float32([[0.25]]), np.float32([[0.5]]))
    assert value.tolist() == [[[5.25]]]


def test_each_keypoint_reads_its_own_map():
    maps = np.arange(3 * 5 * 6, dtype=np.float32).reshape(3, 5, 6)
    x = np.float32([[0, 1], [2, 3], [4, 1]])
    y = np.float32([[0, 1, 2], [1, 2, 3], [3, 0, 1]])
    values = sample_planes(maps, x, y)
    assert values.shape == (3, 3, 2)
    for k in range(3):
        expected = maps[k][np.ix_(y[k].astype(int), x[k].astype(int))]
        np.testing.assert_array_equal(values[k], expected)


def test_vectors_hold_every_channel_at_each_crossing():
    rng = np.random.default_rng(2)
    maps = rng.random((3, 5, 6)).astype(np.float32)
    x = rng.uniform(-2, 8, (2, 4)).astype(np.float32)
    y = rng.uniform(-2, 8, (2, 3)).astype(np.float32)
    vectors = sample_vectors(np.ascontiguousarray(maps.transpose(1, 2, 0)), x, y)
    assert vectors.shape == (2, 3, 4, 3)
    for row in range(2):
        planes = sample_planes(maps, np.tile(x[row], (3, 1)), np.tile(y[row], (3, 1)))
        np.testing.assert_array_equal(vectors[row].transpose(2, 0, 1), planes)
