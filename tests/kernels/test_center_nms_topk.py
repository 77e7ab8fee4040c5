"""Peaks of maps wider than what is searched at a time, with many ties, against the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import reference

from .places import run


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 5),
    width=st.integers(1, 200),
    steps=st.sampled_from([1, 3, 1000]),
    count=st.integers(0, 40),
    radius=st.integers(0, 4),
    tolerance=st.sampled_from([0.0, 1.0, 200.0]),
)
def test_peaks_anywhere(seed, height, width, steps, count, radius, tolerance):
    random = np.random.default_rng(seed)
    maps = random.integers(-1, steps + 1, (1, height, width)).astype(np.float32)
    maps[random.random(maps.shape) < 0.05] = np.nan
    options = {"radius": radius, "tolerance": tolerance, "threshold": 0.0}
    wanted = reference.center_nms_topk(maps, count, **options)
    for got, expected in zip(kernels.center_nms_topk(maps, count, **options), wanted, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("place", ["cpu", pytest.param("cuda-on-host", marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", [(1, 1024), (1, 1025), (2, 1536), (33, 160)])
def test_best_peaks_come_from_every_part_of_a_map(place, shape):
    """Cells that rise, then fall, then are all alike; every one is a peak by itself."""
    size = shape[0] * shape[1]
    for values in (np.arange(size), -np.arange(size), np.zeros(size)):
        maps = values.astype(np.float32).reshape(1, *shape)
        arguments = {"maps": maps, "count": size, "radius": 0, "threshold": -1e9}
        cells, scores, counts = run(place, "center_nms_topk", arguments)
        order = np.argsort(-values, kind="stable")
        np.testing.assert_array_equal(cells[0], order)
        np.testing.assert_array_equal(scores[0], values[order])
        assert counts[0] == size
