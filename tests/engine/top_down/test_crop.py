"""Crops of single people: the authors' boxes, maps and pixels, and the way back."""

import math

import numpy as np
import parity
import pytest
from posetrack.engine.top_down.crop import Crop, People, box_center_scale, mpii_center_scale
from tolerances import AFFINE_RTOL, DECODED_PIXELS


def corners(xywh):
    return np.concatenate((xywh[:, :2], xywh[:, :2] + xywh[:, 2:]), axis=1)


def assert_same_map(matrix, expected):
    np.testing.assert_allclose(matrix, expected, rtol=0, atol=AFFINE_RTOL * np.abs(expected).max())


# ---- boxes


def test_wide_box_is_padded_above_and_below():
    centers, scales = box_center_scale([[10, 20, 160, 120]], 192 / 256)
    np.testing.assert_array_equal(centers, [[85, 70]])
    # 150 wide asks for 200 high; then a quarter more of both
    np.testing.assert_allclose(scales, [[150 / 200 * 1.25, 200 / 200 * 1.25]], rtol=1e-6)


def test_high_box_is_padded_left_and_right():
    _, scales = box_center_scale([[10, 20, 30, 220]], 192 / 256, padding=1.0)
    np.testing.assert_allclose(scales, [[150 / 200, 200 / 200]], rtol=1e-6)


def test_mpii_centers_move_down_and_count_from_zero():
    centers, scales = mpii_center_scale([[101, 201]], [2.0])
    np.testing.assert_array_equal(centers, [[100, 201 + 30 - 1]])
    np.testing.assert_array_equal(scales, [[2.5, 2.5]])


# ---- maps


def test_center_goes_to_the_middle_and_width_fills_the_input():
    crop = Crop.around((100, 60), (0.75, 1.0), (256, 192))
    points = crop.to_input(np.float32([[100, 60], [25, 60], [175, 60], [100, -40], [100, 160]]))
    expected = [[96, 128], [0, 128], [192, 128], [96, 0], [96, 256]]
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-4)


def test_stretched_crop_fits_both_sides():
    crop = Crop.stretched((100, 60), (50, 200), (256, 128))
    points = crop.to_input(np.float32([[75, -40], [125, 160]]))
    np.testing.assert_allclose(points, [[0, 0], [128, 256]], rtol=0, atol=1e-4)


def test_turned_box_is_upright_in_the_crop():
    crop = Crop.around((0, 0), (1.0, 1.0), (200, 200), rotation_deg=30)
    up = (math.sin(math.radians(30)) * 50, -math.cos(math.radians(30)) * 50)
    points = crop.to_input(np.float32([up]))
    np.testing.assert_allclose(points, [[100, 50]], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "crop",
    [
        Crop.around((100, 60), (0.75, 1.0), (256, 192), 25.0),
        Crop.stretched((100, 60), (50, 200), (256, 128), -40.0),
    ],
)
def test_points_come_back(crop):
    points = np.float32([[[0, 0], [17.25, 300]], [[-40, 80], [640, 480]]])
    back = crop.to_image(crop.to_input(points))
    assert back.dtype == np.float32
    assert back.shape == points.shape
    np.testing.assert_allclose(back, points, rtol=0, atol=1e-3)


def test_cut_takes_pixels_from_where_the_map_says():
    image = np.zeros((80, 100, 3), np.uint8)
    image[40:44, 60:64] = (10, 20, 30)
    crop = Crop.around((62, 42), (16 / 200, 16 / 200), (32, 32))
    pixels = crop.cut(image)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[13:18, 13:18], np.broadcast_to([10, 20, 30], (5, 5, 3)))
    assert pixels[:8].max() == pixels[:, 24:].max() == 0


# ---- people


def test_people_keep_their_rows():
    boxes = np.float32([[10, 20, 70, 100], [200, 0, 260, 200]])
    people = People.around(boxes, [0.5, 0.9], (256, 192))
    assert len(people) == 2
    np.testing.assert_allclose(people.areas, [60 * 80 * 1.25**2, 150 * 200 * 1.25**2], rtol=1e-5)
    middles = people.to_image(np.float32([[[[96, 128]]], [[[96, 128]]]]))
    np.testing.assert_allclose(middles, [[[[40, 60]], [[230, 100]]]], rtol=0, atol=1e-3)
    image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    cut = people.cut(image)
    np.testing.assert_array_equal(cut[1], people.crops[1].cut(image))
    assert not np.array_equal(cut[0], cut[1])


def test_nobody_has_no_points():
    people = People.around(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), (256, 192))
    assert len(people) == len(People.stretched([], [], (256, 192))) == 0
    assert people.to_image(np.zeros((0, 1, 17, 2), np.float32)).shape == (1, 0, 17, 2)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"boxes must have shape \(N, 4\), got \(4,\)"):
        People.around([0, 0, 1, 1], [1], (256, 192))
    with pytest.raises(ValueError, match=r"scores must have shape \(1,\), got \(2,\)"):
        People.around([[0, 0, 1, 1]], [1, 1], (256, 192))


@pytest.mark.parametrize("cut", [People.around, People.stretched])
@pytest.mark.parametrize("box", [[5, 5, 5, 9], [5, 9, 9, 5], [0, 0, np.nan, 9], [0, 0, np.inf, 9]])
def test_box_without_an_area_is_named(cut, box):
    with pytest.raises(ValueError, match=r"boxes must be finite with x1 < x2 and .*, row 1 is \["):
        cut([[0, 0, 9, 9], box], [1, 1], (256, 192))


# ---- against the authors' code


@pytest.mark.data
def test_boxes_are_padded_as_by_the_authors_code(shared):
    published = parity.load(shared, "simplebaseline_decode")
    centers, scales = box_center_scale(corners(published["box_xywh"]), 0.75)
    np.testing.assert_array_equal(centers, published["box_center"])
    np.testing.assert_array_equal(scales, published["box_scale"])


@pytest.mark.data
def test_zooms_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "simplebaseline_decode")
    names = ("center", "scale", "rot", "out_wh", "fwd", "inv")
    rows = zip(*(published[f"aff_{name}"] for name in names), strict=True)
    for center, scale, rotation, (width, height), forward, inverse in rows:
        crop = Crop.around(center, scale, (int(height), int(width)), float(rotation))
        assert_same_map(crop.matrix, forward)
        assert_same_map(crop.inverse, inverse)


@pytest.mark.data
def test_stretched_crops_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "integral_decode")
    names = ("c", "wh", "scale", "rot", "fwd", "inv")
    rows = zip(*(published[f"aff_{name}"] for name in names), strict=True)
    for center, sides, scale, rotation, forward, inverse in rows:
        crop = Crop.stretched(center, sides * scale, (256, 256), float(rotation))
        assert_same_map(crop.matrix, forward)
        assert_same_map(crop.inverse, inverse)


@pytest.mark.data
def test_zoomed_pixels_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "simplebaseline_r18_narrow")
    people = People.around(corners(published["boxes_xywh"]), [1.0], (256, 192))
    assert_same_map(people.crops[0].matrix, published["trans"][0])
    np.testing.assert_array_equal(people.cut(published["image_rgb_u8"]), published["crop_u8"])


@pytest.mark.data
def test_stretched_pixels_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "integral_r18_narrow")
    # this image and its patches are BGR, as that code reads them; a warp does not mind
    for box, matrix, patch in zip(
        published["boxes_cxcywh"], published["trans"], published["patch_u8_bgr"], strict=True
    ):
        crop = Crop.stretched(box[:2], box[2:], (64, 64))
        assert_same_map(crop.matrix, matrix)
        np.testing.assert_array_equal(crop.cut(published["image_u8_bgr"]), patch)


@pytest.mark.data
def test_patch_points_come_back_as_by_the_authors_code(shared):
    published = parity.load(shared, "integral_r18_narrow")
    rows = (published[n] for n in ("boxes_cxcywh", "coords_patch_merged", "coords_image"))
    for box, patch, image in zip(*rows, strict=True):
        points = Crop.stretched(box[:2], box[2:], (64, 64)).to_image(patch[:, :2])
        np.testing.assert_allclose(points, image[:, :2], rtol=0, atol=DECODED_PIXELS)
