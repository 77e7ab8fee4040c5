"""SimpleBaseline's decoding: quarter cells, the flip test's shift, scores, the authors' numbers."""

import numpy as np
import parity
import pytest
from posetrack.engine.crop import Crop, People
from posetrack.engine.simple_baseline_decoder import (
    decode_people,
    heatmap_peaks,
    keypoints_in_image,
    merge_mirrored,
    pose_scores,
    refined_peaks,
    turn_back,
)
from posetrack.structures import COCO_17
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL

H, W = 64, 48


def spike(x, y, value=1.0, right=0.0, below=0.0):
    """One map with a peak and something beside it."""
    heatmap = np.zeros((1, 1, H, W), np.float32)
    heatmap[0, 0, y, x] = value
    if right:
        heatmap[0, 0, y, x + int(np.sign(right))] = abs(right)
    if below:
        heatmap[0, 0, y + int(np.sign(below)), x] = abs(below)
    return heatmap


# ---- peaks


@pytest.mark.parametrize(
    ("right", "below", "expected"),
    [
        (0.5, 0.0, (10.25, 20)),
        (-0.5, 0.5, (9.75, 20.25)),
        (0.1, -0.9, (10.25, 19.75)),
        (0, 0, (10, 20)),
    ],
)
def test_peak_moves_a_quarter_towards_the_higher_neighbour(right, below, expected):
    places, values = refined_peaks(spike(10, 20, right=right, below=below))
    np.testing.assert_array_equal(places, [[expected]])
    np.testing.assert_array_equal(values, [[1]])


@pytest.mark.parametrize(
    ("x", "y", "moves"),
    [(1, 20, False), (2, 20, True), (W - 2, 20, True), (W - 1, 20, False), (10, 1, False)],
)
def test_peaks_near_the_border_stay(x, y, moves):
    places, _ = refined_peaks(spike(x, y, right=-0.5))
    assert places[0, 0, 0] == (x - 0.25 if moves else x)


def test_map_without_anything_above_zero_gives_the_corner():
    heatmaps = np.stack((spike(10, 20, 0.0), spike(10, 20, -0.5) - 1))[:, 0]
    places, values = refined_peaks(heatmaps)
    np.testing.assert_array_equal(places, np.zeros((2, 1, 2)))
    np.testing.assert_array_equal(values, [[0], [-1]])


def test_first_of_equal_cells_wins():
    heatmap = spike(10, 20) + spike(30, 20) + spike(5, 21)
    np.testing.assert_array_equal(heatmap_peaks(heatmap)[0], [[[10, 20]]])


# ---- the flip test


def test_mirrored_map_is_turned_and_moved_right_by_one():
    mirrored = np.zeros((1, 17, H, W), np.float32)
    mirrored[0, 1, 20, W - 1 - 9] = 1  # the left eye, seen as the right one
    turned = turn_back(mirrored, COCO_17.mirror_order)
    assert turned[0, 2, 20, 10] == 1
    assert turned.sum() == 1


def test_first_column_of_the_turned_map_stays():
    mirrored = np.zeros((1, 17, H, W), np.float32)
    mirrored[0, 0, 20, W - 1] = 1
    turned = turn_back(mirrored, COCO_17.mirror_order)
    np.testing.assert_array_equal(turned[0, 0, 20, :3], [1, 1, 0])


def test_merged_maps_are_the_mean():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 1, 17, H, W)).astype(np.float32)
    merged = merge_mirrored(first, second, COCO_17.mirror_order)
    np.testing.assert_allclose(merged, (first + turn_back(second, COCO_17.mirror_order)) / 2)


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
    places, values = heatmap_peaks(heatmaps)
    np.testing.assert_array_equal(places, published["dec_argmax"])
    np.testing.assert_array_equal(values, published["dec_maxvals"][..., 0])
    places, _ = refined_peaks(heatmaps)
    names = ("dec_center", "dec_scale", "dec_preds")
    rows = zip(places, *(published[name] for name in names), strict=True)
    for cells, center, scale, expected in rows:
        keypoints = Crop.around(center, scale, (256, 192)).to_image(cells * 4)
        np.testing.assert_allclose(keypoints, expected, rtol=0, atol=DECODED_PIXELS)


@pytest.mark.data
def test_flip_test_and_keypoints_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "simplebaseline_r18_narrow")
    # the authors' code had exchanged left and right in place before this was stored
    mirrored = published["heatmaps_flip_raw"][:, COCO_17.mirror_order]
    turned = turn_back(mirrored, COCO_17.mirror_order)
    np.testing.assert_array_equal(turned, published["heatmaps_flip_back_shifted"])
    merged = merge_mirrored(published["heatmaps"], mirrored, COCO_17.mirror_order)
    np.testing.assert_allclose(merged, published["heatmaps_merged"], rtol=DECODED_SCORES_RTOL)
    np.testing.assert_array_equal(heatmap_peaks(merged)[0], published["argmax_xy"])
    x, y, width, height = published["boxes_xywh"][0]
    people = people_at([[x, y, x + width, y + height]], [1.0])
    for heatmaps, suffix in ((merged, ""), (published["heatmaps"], "_noflip")):
        keypoints, values = keypoints_in_image(heatmaps, people)
        expected = published[f"preds_image{suffix}"]
        np.testing.assert_allclose(keypoints, expected, rtol=0, atol=DECODED_PIXELS)
        expected = published[f"maxvals{suffix}"][..., 0]
        np.testing.assert_allclose(values, expected, rtol=DECODED_SCORES_RTOL)
