"""The resizing formula: known values, round trips, and the size of the input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack.structures import ImageTransform
from tolerances import ZOOM_RTOL

SIDES = st.integers(1, 8000)
PLACES = st.floats(-1e4, 1e4, width=32)


def fit(height, width, size=256, multiple_of=32, max_aspect=4.0):
    return ImageTransform.fit_short_side((height, width), size, multiple_of, max_aspect)


@pytest.mark.parametrize(
    ("image_size", "size", "input_size", "scale"),
    [
        ((256, 256), 256, (256, 256), 1.0),
        ((360, 640), 256, (256, 448), 0.7),  # 455 of 256 x 16 / 9 go down to 448
        ((640, 360), 256, (448, 256), 0.7),
        ((480, 640), 256, (256, 352), 256 / 480),  # 341 go up to 352: a border of 10 columns
        ((1080, 1920), 512, (512, 896), 896 / 1920),
        ((100, 100), 384, (384, 384), 3.84),
        ((480, 640), 250, (256, 352), 256 / 480),  # a short side is rounded up
        ((500, 480), 256, (256, 256), 256 / 500),
        ((1, 1), 256, (256, 256), 256.0),
        ((1, 2), 64, (64, 128), 64.0),
    ],
)
def test_input_has_the_short_side_asked_for(image_size, size, input_size, scale):
    transform = fit(*image_size, size)
    assert transform.image_size == image_size
    assert transform.input_size == input_size
    assert transform.scale == pytest.approx(scale, rel=1e-12)


@pytest.mark.parametrize(
    ("image_size", "input_size", "scale"),
    [
        ((10, 3000), (256, 1024), 1024 / 3000),
        ((3000, 10), (1024, 256), 1024 / 3000),
        ((1, 8000), (256, 1024), 0.128),
        ((100, 401), (256, 1024), 1024 / 401),
    ],
)
def test_extreme_image_is_fitted_by_its_long_side(image_size, input_size, scale):
    transform = fit(*image_size)
    assert transform.input_size == input_size
    assert transform.scale == pytest.approx(scale, rel=1e-12)


@settings(deadline=None)
@given(height=SIDES, width=SIDES, size=st.integers(1, 700), multiple=st.sampled_from([1, 32, 64]))
def test_input_sides_are_multiples_that_hold_the_whole_image(height, width, size, multiple):
    transform = fit(height, width, size, multiple)
    h, w = transform.input_size
    assert h % multiple == w % multiple == 0
    assert size <= min(h, w) < size + multiple
    assert max(h, w) <= 4 * min(h, w)
    assert (h > w) <= (height > width)
    assert (w > h) <= (width > height)
    # one side is filled, and neither runs over
    assert max(height * transform.scale / h, width * transform.scale / w) == pytest.approx(1)


@settings(deadline=None)
@given(height=SIDES, width=SIDES, size=st.integers(1, 700))
def test_upright_image_is_sized_like_the_lying_one(height, width, size):
    lying, upright = fit(height, width, size), fit(width, height, size)
    assert lying.input_size == upright.input_size[::-1]
    assert lying.scale == upright.scale


@settings(deadline=None)
@given(height=SIDES, width=SIDES, small=st.integers(1, 700), large=st.integers(1, 700))
def test_larger_input_never_shows_the_image_smaller(height, width, small, large):
    small, large = sorted((small, large))
    assert fit(height, width, small).scale <= fit(height, width, large).scale


def test_corners_of_the_image_become_corners_of_the_input():
    transform = ImageTransform((100, 200), (50, 100), 0.5, (-0.25, -0.25))
    # outer edges of pixels: half a pixel outside the centres
    edges = np.float32([[-0.5, -0.5], [199.5, 99.5]])
    np.testing.assert_array_equal(transform.to_input(edges), [[-0.5, -0.5], [99.5, 49.5]])
    np.testing.assert_array_equal(transform.to_input(np.float32([[0, 1]])), [[-0.25, 0.25]])
    np.testing.assert_array_equal(transform.to_image(np.float32([[0, 1]])), [[0.5, 2.5]])


def test_doubling_puts_pixel_centres_at_quarters():
    transform = ImageTransform((4, 4), (8, 8), 2.0, (0.5, 0.5))
    np.testing.assert_array_equal(transform.to_input(np.float32([[0, 3]])), [[0.5, 6.5]])
    np.testing.assert_array_equal(transform.to_image(np.float32([[0, 7]])), [[-0.25, 3.25]])


@settings(deadline=None)
@given(
    height=SIDES,
    width=SIDES,
    size=st.integers(1, 700),
    places=st.lists(st.tuples(PLACES, PLACES), max_size=5),
)
def test_points_go_to_the_input_and_come_back(height, width, size, places):
    transform = fit(height, width, size)
    points = np.array(places, np.float32).reshape(-1, 2)
    back = transform.to_image(transform.to_input(points))
    assert back.shape == points.shape
    assert back.dtype == np.float32
    # half a pixel of the input is the unit that is added and taken away again
    slack = ZOOM_RTOL * (np.abs(points) + 0.5 + 0.5 / transform.scale)
    assert (np.abs(back - points) <= slack).all()


def test_points_may_have_any_leading_shape():
    transform = ImageTransform((100, 200), (50, 100), 0.5, (-0.25, -0.25))
    assert transform.to_input(np.zeros((3, 17, 2), np.float32)).shape == (3, 17, 2)
    assert transform.to_image(np.zeros((0, 17, 2), np.float32)).shape == (0, 17, 2)


@pytest.mark.parametrize(("height", "width"), [(0, 5), (5, 0)])
def test_image_without_pixels_is_refused(height, width):
    with pytest.raises(
        ValueError, match=f"image must have at least one pixel, got {width}x{height}"
    ):
        fit(height, width)


@pytest.mark.parametrize("size", [0, -32])
def test_size_is_positive(size):
    with pytest.raises(ValueError, match=f"size must be a positive number of pixels, got {size}"):
        fit(100, 100, size)
