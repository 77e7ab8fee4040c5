"""Integral's decoding: expectations, the flip, depth, and the authors' numbers."""

import numpy as np
import parity
import pytest
from factories import make_spec
from posetrack.engine.top_down.crop import Crop, People
from posetrack.engine.top_down.integral import (
    IntegralDecoder,
    hard_argmax,
    keypoint_scores,
    to_patch,
)
from posetrack.kernels import soft_argmax
from posetrack.structures import DecoderSpec, HeadSpec, InputSizing
from tolerances import DECODED_PIXELS, SOFT_ARGMAX

from ..hand_made import average_flipped


def decoder(crop=(256, 256), **options):
    spec = make_spec(
        sizing=InputSizing(rule="crop", crop=crop), decoder=DecoderSpec("integral", options)
    )
    return IntegralDecoder(spec)


def people_of(crops):
    """One person of score 1 for each crop."""
    boxes = np.zeros((len(crops), 4), np.float32)
    ones = np.ones(len(crops), np.float32)
    return People(boxes, ones, ones, tuple(crops))


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
    decode = decoder(method="i*", depth_mm=2000.0)
    poses = decode({"coordinates": np.zeros((0, 17, 3), np.float32)}, people_of([]))
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


def test_people_come_back_into_the_image_with_their_depth():
    crops = [
        Crop.stretched((100, 60), (50, 200), (256, 256)),
        Crop.stretched((300, 90), (100, 100), (256, 256)),
    ]
    places = np.float32([[[-0.5, -0.5, 0.25]], [[0, 0, -0.1]]])
    decode = decoder(method="i*", depth_mm=2000.0)
    poses = decode({"coordinates": places}, people_of(crops))
    expected = [[[75, -40]], [[300, 90]]]
    np.testing.assert_allclose(poses.keypoints, expected, rtol=0, atol=1e-3)
    np.testing.assert_allclose(poses.depth_mm, [[500], [-200]], rtol=1e-6)
    np.testing.assert_array_equal(poses.keypoint_scores, [[1], [1]])


def test_boxes_are_padded_to_the_inputs_shape_and_cut():
    decode = decoder((384, 288), method="r1")
    (crop,) = decode.people(np.float32([[100, 50, 200, 250]]), np.float32([1])).crops
    corners = np.float32([[0, 0], [288, 384], [144, 192]])
    # 200 pixels of height and 3/4 of it, both times 1.25, around (150, 150)
    expected = [[150 - 93.75, 150 - 125], [150 + 93.75, 150 + 125], [150, 150]]
    np.testing.assert_allclose(crop.to_image(corners), expected, rtol=0, atol=1e-3)


def flip_tested(straight, flipped, method):
    """x of the nose from a row of heatmap cells, 8 pixels each, and the row of the flipped crop."""
    size = (8, 8 * len(straight))
    rows = [np.broadcast_to(np.float32(row), (1, 17, 1, len(row))) for row in (straight, flipped)]
    heads = {"heatmap": np.ascontiguousarray(np.concatenate(rows))}
    specs = [HeadSpec("heatmap", "heatmap", 17, 8)]
    if method.startswith("i"):
        heads["coordinates"] = soft_argmax(heads["heatmap"])[0]
        specs.append(HeadSpec("coordinates", "coordinates", 34, 1))
    spec = make_spec(
        sizing=InputSizing(rule="crop", crop=size),
        heads=tuple(specs),
        cell_origin="corner",
        decoder=DecoderSpec("integral", {"method": method}),
        flip="around",
        flip_shift=8,
    )
    crop = Crop.stretched((size[1] / 2, size[0] / 2), size[::-1], size)  # the image itself
    merged = average_flipped(heads, spec, size[1])
    return IntegralDecoder(spec)(merged, people_of([crop])).keypoints[0, 0, 0]


def test_flip_test_of_the_paper_averages_maps_and_reads_their_mean():
    """Section 6.1, "the flip test trick as used in [29]", then equations 4 to 6."""
    straight, back = np.zeros(8), np.zeros(8)
    straight[[1, 5]], back[[1, 5]] = (10, 8), (2, 9)
    flipped = np.roll(back, -1)[::-1]  # what is flipped back lies a cell too far left
    mean = (straight + back) / 2
    mean[0] = 1  # the first column of the flipped map, back[1], stays too

    def expectation(logits):
        return 8 * (np.exp(logits) / np.exp(logits).sum()) @ np.arange(8)

    x = flip_tested(straight, flipped, "i1")
    np.testing.assert_allclose(x, expectation(mean), rtol=1e-4)
    of_coordinates = (expectation(straight) + expectation(back)) / 2
    assert abs(x - of_coordinates) > 8
    assert flip_tested(straight, flipped, "h1") == 8 * 5  # the highest cell of the mean


def test_flip_test_leaves_people_where_they_are():
    """Pixel 24 of 64, cell 3, is pixel 39 of the flipped crop, cell 4.875."""

    def gaussian(center):
        return -((np.arange(8) - center) ** 2) / 2

    # the flipped map moves by whole cells: half a pixel of the eight is left
    assert flip_tested(gaussian(3), gaussian(4.875), "i1") == pytest.approx(24.5, abs=0.3)
    assert flip_tested(gaussian(3), gaussian(4.875), "h1") == 24


def test_heatmaps_alone_are_read_by_their_maximum_and_the_best_person_comes_first():
    heatmaps = np.zeros((2, 1, 64, 64), np.float32)
    heatmaps[0, 0, 16, 32], heatmaps[1, 0, 32, 32] = 0.5, 0.8
    decode = decoder(method="h1")
    boxes = np.float32([[0, 0, 100, 100], [200, 0, 300, 100]])
    poses = decode({"heatmap": heatmaps}, decode.people(boxes, np.float32([0.5, 1])))
    np.testing.assert_allclose(poses.scores, [0.8, 0.25], rtol=1e-6)
    np.testing.assert_allclose(poses.keypoints[:, 0], [[250, 50], [50, 18.75]], atol=1e-3)
    assert poses.depth_mm is None


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
def test_poses_in_space_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "integral_r18_narrow")
    merged = published["coords_patch_merged"][..., :3] / 64 - [0.5, 0.5, 0]
    crops = [Crop.stretched(box[:2], box[2:], (64, 64)) for box in published["boxes_cxcywh"]]
    decode = decoder((64, 64), method="i*", depth_mm=2000.0)
    poses = decode({"coordinates": np.float32(merged)}, people_of(crops))
    image = published["coords_image"]
    np.testing.assert_allclose(poses.keypoints, image[..., :2], rtol=0, atol=DECODED_PIXELS)
    np.testing.assert_allclose(poses.depth_mm, image[..., 2], rtol=0, atol=SOFT_ARGMAX * 2000)
    np.testing.assert_array_equal(poses.keypoint_scores, image[..., 3])
