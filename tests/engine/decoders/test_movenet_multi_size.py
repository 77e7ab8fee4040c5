"""Who is taken from which input size: everybody, once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack.engine.decoders.movenet_multi_size import pyramid_levels
from posetrack.structures import ImageTransform

STRIDE = 4
ASCENDING = st.lists(st.integers(16, 2000), min_size=1, max_size=4, unique=True).map(sorted)


def square(side):
    """A box (1, 4) of this side."""
    return np.float32([[10, 20, 10 + side, 20 + side]])


def levels_of(sizes, height, width):
    """Levels and scales for an image of (height, width)."""
    scales = [ImageTransform.fit_short_side((height, width), size, 32, 4.0).scale for size in sizes]
    return pyramid_levels(sizes, scales), scales


def test_one_size_keeps_everybody():
    (level,) = pyramid_levels((256,), (1.0,))
    boxes = np.float32([[0, 0, 0, 0], [0, 0, 1e-3, 1e-3], [5, 5, 2, 9], [-1e6, -1e6, 1e6, 1e6]])
    assert level.keeps(boxes).all()
    assert level.keeps(np.zeros((0, 4), np.float32)).shape == (0,)


@pytest.mark.parametrize(("sizes", "cells"), [((256, 512), 44), ((192, 384), 40)])
def test_boundary_lies_at_the_measured_number_of_cells(sizes, cells):
    small, large = pyramid_levels(sizes, (1.0, 2.0))
    boundary = cells * STRIDE  # in pixels of the larger input
    assert large.keeps(square(boundary - 0.01))
    assert not large.keeps(square(boundary))
    assert small.keeps(square(boundary / 2))
    assert not small.keeps(square(boundary / 2 - 0.01))


def test_size_of_a_person_is_the_root_of_its_area():
    small, large = pyramid_levels((256, 512), (1.0, 2.0))
    # 200 x 154 pixels have the area of a square of 175.5; the boundary is 176
    wide = np.float32([[0, 0, 200, 154], [0, 0, 154, 200], [0, 0, 200, 156]])
    np.testing.assert_array_equal(large.keeps(wide), [True, True, False])
    np.testing.assert_array_equal(small.keeps(wide / 2), [False, False, True])


def test_box_turned_inside_out_counts_as_smallest():
    small, large = pyramid_levels((256, 512), (1.0, 2.0))
    assert large.keeps(np.float32([[50, 50, 10, 900]]))
    assert not small.keeps(np.float32([[50, 50, 10, 900]]))


def test_level_between_two_others_has_both_limits():
    levels = pyramid_levels((128, 256, 512), (1.0, 2.0, 4.0))
    # limits of 128 to 256 and of 256 to 512, in image pixels: 144 / 2 and 176 / 4
    for side, kept_by in ((20, 2), (43.9, 2), (44.1, 1), (71.9, 1), (72.1, 0), (500, 0)):
        kept = [bool(v.keeps(square(side * s))[0]) for v, s in zip(levels, (1, 2, 4), strict=True)]
        assert kept == [i == kept_by for i in range(3)], side


@settings(deadline=None)
@given(
    sizes=ASCENDING,
    height=st.integers(1, 4000),
    width=st.integers(1, 4000),
    nudges=st.lists(st.sampled_from([0.5, 0.999, 1.001, 2.0]), min_size=1),
)
def test_every_person_is_kept_by_exactly_one_size(sizes, height, width, nudges):
    levels, scales = levels_of(sizes, height, width)
    # persons around every boundary, where the rounding of inputs would show
    sides = [
        level.largest / scale * nudge
        for level, scale in zip(levels, scales, strict=True)
        for nudge in nudges
        if np.isfinite(level.largest)
    ]
    for side in [1e-3, 1e5, *sides]:
        kept = [
            bool(level.keeps(np.float32([[0, 0, side * scale, side * scale]]))[0])
            for level, scale in zip(levels, scales, strict=True)
        ]
        assert sum(kept) == 1, (side, kept)


@settings(deadline=None)
@given(sizes=ASCENDING)
def test_larger_input_takes_the_smaller_people(sizes):
    levels, scales = levels_of(sizes, 360, 640)
    least = [level.smallest / scale for level, scale in zip(levels, scales, strict=True)]
    assert (np.diff(least) <= 1e-9).all()
    assert least[-1] == 0
    assert levels[0].largest == np.inf
