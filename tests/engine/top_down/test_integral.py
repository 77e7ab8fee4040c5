"""Integral's decoding: expectations, the flip, depth, and the authors' numbers."""

import numpy as np
import parity
import pytest
from posetrack.engine.top_down.crop import Crop
from posetrack.engine.top_down.integral import (
    hard_argmax,
    keypoint_scores,
    keypoints_in_image,
    merge_flipped,
    spatial_poses,
    to_patch,
)
from posetrack.kernels import soft_argmax
from tolerances import DECODED_PIXELS, SOFT_ARGMAX


def flip_order(published):
    order = np.arange(17)
    for a, b in published["flip_pairs"]:
        order[a], order[b] = b, a
    return order


# ---- reading the maps


def test_maximum_is_counted_like_the_expectation():
    heatmaps = np.random.default_rng(0).normal(size=(2, 3, 6, 8)).astype(np.float32)
    np.testing.assert_allclose(hard_argmax(heatmaps), soft_argmax(heatmaps * 1e4)[0], atol=1e-6)


def test_map_of_nan_gives_its_first_cell():
    np.testing.assert_array_equal(
        hard_argmax(np.full((1, 1, 4, 8), np.float32("nan"))), [[[-0.5, -0.5]]]
    )


def test_nobody_is_nobody():
    assert hard_argmax(np.zeros((0, 17, 4, 4), np.float32)).shape == (0, 17, 2)
    poses = spatial_poses(np.zeros((0, 17, 3)), [], 2000.0)
    assert (poses.keypoints.shape, poses.depth_mm.shape) == ((0, 17, 2), (0, 17))


# ---- scores


def test_scores_are_what_the_heatmaps_were_trained_for():
    heatmaps = np.zeros((1, 1, 2, 2), np.float32)
    heatmaps[0, 0, 0, 1] = 2
    scores = {m: float(keypoint_scores(heatmaps, m)[0, 0]) for m in ("h1", "i2", "i*", "h3", "i3")}
    softmax, sigmoid = np.exp(2) / (np.exp(2) + 3), 1 / (1 + np.exp(-2))
    expected = {"h1": 2, "i2": softmax, "i*": softmax, "h3": sigmoid, "i3": sigmoid}
    assert scores == pytest.approx(expected)


def test_very_low_logits_score_zero():
    heatmaps = np.full((1, 1, 2, 2), -1e4, np.float32)
    assert keypoint_scores(heatmaps, "h3")[0, 0] == 0
    assert keypoint_scores(heatmaps, "h2")[0, 0] == 0.25


def test_direct_regression_has_no_scores():
    with pytest.raises(ValueError, match=r"method must be one with heatmaps: .* got 'r1'"):
        keypoint_scores(np.zeros((1, 1, 2, 2), np.float32), "r1")


# ---- places


def test_coordinates_are_shares_of_the_patch():
    points = to_patch(np.float32([[[-0.5, -0.5, 0.1], [0.25, 0, 0.2]]]), (384, 288))
    np.testing.assert_array_equal(points, [[[0, 0], [216, 192]]])


def test_pixel_of_the_flipped_image_is_the_width_less_one_less_itself():
    order = np.array([1, 0])
    straight = np.float32([[[-0.25, 0.1, 0.3], [0.25, 0.2, -0.1]]])
    pixels = to_patch(straight, (64, 64))
    flipped = straight[:, order].copy()
    flipped[..., 0] = (64 - 1 - pixels[:, order, 0]) / 64 - 0.5
    np.testing.assert_allclose(merge_flipped(straight, flipped, 64, order), straight, atol=1e-7)
    shifted = flipped + np.float32([2 / 64, 0, 0.2])
    expected = straight + np.float32([-1 / 64, 0, 0.1])
    np.testing.assert_allclose(merge_flipped(straight, shifted, 64, order), expected, atol=1e-6)


def test_people_come_back_into_the_image_with_their_depth():
    crops = [
        Crop.stretched((100, 60), (50, 200), (256, 256)),
        Crop.stretched((300, 90), (100, 100), (256, 256)),
    ]
    places = np.float32([[[-0.5, -0.5, 0.25]], [[0, 0, -0.1]]])
    poses = spatial_poses(places, crops, 2000.0)
    expected = [[[75, -40]], [[300, 90]]]
    np.testing.assert_allclose(poses.keypoints, expected, rtol=0, atol=1e-3)
    np.testing.assert_allclose(poses.depth_mm, [[500], [-200]], rtol=1e-6)
    np.testing.assert_array_equal(poses.keypoint_scores, [[1], [1]])
    np.testing.assert_array_equal(keypoints_in_image(places, crops), poses.keypoints)


# ---- against the authors' code


@pytest.mark.data
@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_expectation_is_that_of_the_authors_code(shared, case):
    published = parity.load(shared, "integral_decode")
    keypoints, depth, height, width = published[f"{case}_shape"]
    volume = published[f"{case}_volume"].reshape(-1, keypoints, depth, height, width)
    expected = published[f"{case}_pred"]
    np.testing.assert_allclose(soft_argmax(volume)[0], expected, rtol=0, atol=SOFT_ARGMAX)
    if depth == 1:
        flat, _ = soft_argmax(volume[:, :, 0])
        np.testing.assert_allclose(flat, expected[..., :2], rtol=0, atol=SOFT_ARGMAX)


@pytest.mark.data
def test_patch_pixels_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "integral_r18_narrow")
    patch = published["coords_patch"]
    points = to_patch(published["pred_norm_xyz"], (64, 64))
    np.testing.assert_allclose(points, patch[..., :2], rtol=0, atol=DECODED_PIXELS)
    # z counts from the pelvis, in pixels of the patch's width
    depth = published["pred_norm_xyz"][..., 2] * 64
    np.testing.assert_allclose(depth, patch[..., 2], rtol=0, atol=DECODED_PIXELS)


@pytest.mark.data
def test_flip_test_and_poses_in_space_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "integral_r18_narrow")
    flipped = published["coords_patch_flip_raw"][..., :3] / 64 - [0.5, 0.5, 0]
    straight = published["pred_norm_xyz"]
    merged = merge_flipped(straight, flipped, 64, flip_order(published))
    patch = published["coords_patch_merged"]
    points = np.concatenate((to_patch(merged, (64, 64)), merged[..., 2:] * 64), axis=2)
    np.testing.assert_allclose(points, patch[..., :3], rtol=0, atol=DECODED_PIXELS)
    crops = [Crop.stretched(box[:2], box[2:], (64, 64)) for box in published["boxes_cxcywh"]]
    poses = spatial_poses(merged, crops, 2000.0)
    image = published["coords_image"]
    np.testing.assert_allclose(poses.keypoints, image[..., :2], rtol=0, atol=DECODED_PIXELS)
    np.testing.assert_allclose(poses.depth_mm, image[..., 2], rtol=0, atol=SOFT_ARGMAX * 2000)
    np.testing.assert_array_equal(poses.keypoint_scores, image[..., 3])
