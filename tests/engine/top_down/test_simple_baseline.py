"""SimpleBaseline's decoding: the flip test's shift, scores, the authors' numbers."""

import numpy as np
import parity
import pytest
from posetrack.engine.top_down.crop import Crop, People
from posetrack.engine.top_down.simple_baseline import (
    decode_people,
    keypoints_in_image,
    merge_flipped,
    pose_scores,
)
from posetrack.kernels import quarter_offset_argmax
from posetrack.structures import COCO_17
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL

H, W = 64, 48


# ---- the flip test


def turned_back(flipped):
    """What the flipped maps add to the mean, doubled."""
    return 2 * merge_flipped(np.zeros_like(flipped), flipped, COCO_17.flip_order)


def test_flipped_map_is_turned_and_moved_right_by_one():
    flipped = np.zeros((1, 17, H, W), np.float32)
    flipped[0, 1, 20, W - 1 - 9] = 1  # the left eye, seen as the right one
    turned = turned_back(flipped)
    assert turned[0, 2, 20, 10] == 1
    assert turned.sum() == 1


def test_first_column_of_the_turned_map_stays():
    flipped = np.zeros((1, 17, H, W), np.float32)
    flipped[0, 0, 20, W - 1] = 1
    np.testing.assert_array_equal(turned_back(flipped)[0, 0, 20, :3], [1, 1, 0])


def test_merged_maps_are_the_mean():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 1, 17, H, W)).astype(np.float32)
    merged = merge_flipped(first, second, COCO_17.flip_order)
    np.testing.assert_allclose(merged, (first + turned_back(second)) / 2)


# ---- people


def test_pose_score_counts_what_was_found():
    scores = np.float32([[0.9, 0.5, 0.2, 0.1], [0.2, 0.1, 0, 0]])
    np.testing.assert_allclose(pose_scores(scores, np.float32([0.5, 1])), [0.35, 0], rtol=1e-6)


def people_at(boxes, scores):
    return People.around(np.float32(boxes), np.float32(scores), (256, 192))


def test_keypoints_come_back_into_the_image():
    people = people_at([[50, 50, 200, 250]], [1.0])
    heatmaps = np.zeros((1, 17, H, W), np.float32)
    heatmaps[0, :, 32, 24] = 0.7  # cell (24, 32) is the middle: input pixel (96, 128)
    keypoints, values = keypoints_in_image(heatmaps, people)
    expected = np.broadcast_to([125, 150], (1, 17, 2))
    np.testing.assert_allclose(keypoints, expected, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(values, np.full((1, 17), np.float32(0.7)))


def test_second_detection_of_a_person_is_suppressed():
    box = [50, 50, 200, 250]
    people = people_at([box, [400, 50, 550, 250], box], [0.6, 0.5, 0.9])
    heatmaps = np.zeros((3, 17, H, W), np.float32)
    heatmaps[:, np.arange(17), 10 + 2 * np.arange(17), 20] = 0.5
    poses = decode_people(heatmaps, people, COCO_17)
    np.testing.assert_array_equal(poses.boxes, people.boxes[[2, 1]])
    np.testing.assert_allclose(poses.scores, [0.45, 0.25], rtol=1e-6)


def test_nobody_gives_no_poses():
    poses = decode_people(
        np.zeros((0, 17, H, W), np.float32), people_at(np.zeros((0, 4)), []), COCO_17
    )
    assert poses.keypoints.shape == (0, 17, 2)


# ---- against the authors' code


@pytest.mark.data
def test_synthetic_maps_are_decoded_as_by_the_authors_code(shared):
    published = parity.load(shared, "simplebaseline_decode")
    heatmaps = published["dec_heatmaps"]
    places, values = quarter_offset_argmax(heatmaps, quarter=0.0)
    np.testing.assert_array_equal(places, published["dec_argmax"])
    np.testing.assert_array_equal(values, published["dec_maxvals"][..., 0])
    places, _ = quarter_offset_argmax(heatmaps)
    names = ("dec_center", "dec_scale", "dec_preds")
    rows = zip(places, *(published[name] for name in names), strict=True)
    for cells, center, scale, expected in rows:
        keypoints = Crop.around(center, scale, (256, 192)).to_image(cells * 4)
        np.testing.assert_allclose(keypoints, expected, rtol=0, atol=DECODED_PIXELS)


@pytest.mark.data
def test_flip_test_and_keypoints_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "simplebaseline_r18_narrow")
    # the authors' code had exchanged left and right in place before this was stored
    flipped = published["heatmaps_flip_raw"].take(COCO_17.flip_order, axis=1)
    np.testing.assert_array_equal(turned_back(flipped), published["heatmaps_flip_back_shifted"])
    merged = merge_flipped(published["heatmaps"], flipped, COCO_17.flip_order)
    np.testing.assert_allclose(merged, published["heatmaps_merged"], rtol=DECODED_SCORES_RTOL)
    places, _ = quarter_offset_argmax(merged, quarter=0.0)
    np.testing.assert_array_equal(places, published["argmax_xy"])
    x, y, width, height = published["boxes_xywh"][0]
    people = people_at([[x, y, x + width, y + height]], [1.0])
    for heatmaps, suffix in ((merged, ""), (published["heatmaps"], "_noflip")):
        keypoints, values = keypoints_in_image(heatmaps, people)
        expected = published[f"preds_image{suffix}"]
        np.testing.assert_allclose(keypoints, expected, rtol=0, atol=DECODED_PIXELS)
        expected = published[f"maxvals{suffix}"][..., 0]
        np.testing.assert_allclose(values, expected, rtol=DECODED_SCORES_RTOL)
