"""Affine maps from points, and the published ones number by number."""

import math

import numpy as np
import parity
import pytest
from posetrack.structures import ImageTransform
from posetrack.structures.affine import affine_from_points, zoom_affine

PUBLISHED_RTOL = 1e-6  # both sides go through float32 points


def test_three_points_go_where_they_were_sent():
    source = np.array([(0, 0), (2, 0), (0, 4)], float)
    target = np.array([(5, 1), (5, 7), (-3, 1)], float)
    matrix = affine_from_points(source, target)
    np.testing.assert_allclose(source @ matrix[:, :2].T + matrix[:, 2], target, atol=1e-12)


def test_points_on_a_line_are_refused():
    line = np.array([(0, 0), (1, 1), (2, 2)], float)
    with pytest.raises(ValueError, match="three points that span a plane are needed"):
        affine_from_points(line, line)


def test_box_is_zoomed_about_its_center():
    matrix = zoom_affine((50, 30), 40.0, (64, 48))
    np.testing.assert_allclose(matrix @ (50, 30, 1), (24, 32), atol=1e-6)
    np.testing.assert_allclose(matrix @ (30, 30, 1), (0, 32), atol=1e-5)


def test_rotated_box_is_turned_back():
    matrix = zoom_affine((0, 0), 10.0, (10, 10), rotation_deg=90)
    # what lies to the right of the center in the image lies above it in the crop
    np.testing.assert_allclose(matrix @ (3, 0, 1), (5, 2), atol=1e-5)
    assert math.isclose(np.linalg.det(matrix[:, :2]), 1, rel_tol=1e-6)


def test_released_sizing_is_that_of_the_published_code(shared):
    rows = parity.load(shared, "decode_logocap")["geom_rows"]
    assert len(rows) == 120
    for height, width, size, scale, out_w, out_h, *rest in rows:
        transform = ImageTransform.hrnet_affine((int(height), int(width)), int(size), scale)
        assert transform.input_size == (out_h, out_w)
        forward, inverse = np.reshape(rest[4:], (2, 2, 3))
        x, y = transform.shift
        ours = [[transform.scale, 0, x], [0, transform.scale, y]]
        np.testing.assert_allclose(ours, forward, rtol=PUBLISHED_RTOL, atol=1e-5)
        corners = np.float32([[0, 0], [out_w, out_h]])
        expected = corners @ inverse[:, :2].T + inverse[:, 2]
        np.testing.assert_allclose(transform.to_image(corners), expected, rtol=1e-6, atol=1e-3)


@pytest.mark.parametrize("scale", [0.0, -1.0, 1e-4])
def test_released_sizing_wants_a_scale_that_leaves_pixels(scale):
    with pytest.raises(ValueError, match=r"test_scale must be above 0|has none"):
        ImageTransform.hrnet_affine((100, 100), 256, scale)
