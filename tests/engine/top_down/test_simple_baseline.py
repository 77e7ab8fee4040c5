"""SimpleBaseline's decoding: scores, suppression, the authors' numbers."""

import numpy as np
import parity
import pytest
from factories import make_spec
from posetrack.engine.top_down.crop import Crop
from posetrack.engine.top_down.simple_baseline import SimpleBaselineDecoder
from posetrack.kernels import quarter_offset_argmax
from posetrack.structures import DecoderSpec, HeadSpec, InputSizing
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL

H, W = 64, 48
SPEC = make_spec(
    sizing=InputSizing(rule="crop", crop=(256, 192)),
    heads=(HeadSpec("heatmap", "heatmap", 17),),
    decoder=DecoderSpec("simple-baseline"),
)
DECODE = SimpleBaselineDecoder(SPEC)


# ---- people


def test_pose_score_counts_what_was_found():
    people = people_at([[0, 0, 9, 9], [0, 0, 9, 9]], [0.5, 1])
    heatmaps = np.zeros((2, 17, H, W), np.float32)
    heatmaps[0, :4, 5, 5], heatmaps[1, :2, 5, 5] = (0.9, 0.5, 0.2, 0.1), (0.2, 0.1)
    scores = DECODE({"heatmap": heatmaps}, people).scores
    np.testing.assert_allclose(scores, [0.35, 0], rtol=1e-6)


def people_at(boxes, scores):
    return DECODE.people(np.float32(boxes), np.float32(scores))


def test_keypoints_come_back_into_the_image():
    people = people_at([[50, 50, 200, 250]], [1.0])
    heatmaps = np.zeros((1, 17, H, W), np.float32)
    heatmaps[0, :, 32, 24] = 0.7  # cell (24, 32) is the middle: input pixel (96, 128)
    keypoints, values = DECODE.keypoints({"heatmap": heatmaps})
    np.testing.assert_array_equal(keypoints, np.broadcast_to([96, 128], (1, 1, 17, 2)))
    expected = np.broadcast_to([125, 150], (1, 1, 17, 2))
    np.testing.assert_allclose(people.to_image(keypoints), expected, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(values, np.full((1, 1, 17), np.float32(0.7)))


def test_second_detection_of_a_person_is_suppressed():
    box = [50, 50, 200, 250]
    people = people_at([box, [400, 50, 550, 250], box], [0.6, 0.5, 0.9])
    heatmaps = np.zeros((3, 17, H, W), np.float32)
    heatmaps[:, np.arange(17), 10 + 2 * np.arange(17), 20] = 0.5
    poses = DECODE({"heatmap": heatmaps}, people)
    np.testing.assert_array_equal(poses.boxes, people.boxes[[2, 1]])
    np.testing.assert_allclose(poses.scores, [0.45, 0.25], rtol=1e-6)


def test_nobody_gives_no_poses():
    poses = DECODE(
        {"heatmap": np.zeros((0, 17, H, W), np.float32)}, people_at(np.zeros((0, 4)), [])
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
def test_keypoints_are_those_of_the_authors_code(shared):
    published = parity.load(shared, "simplebaseline_r18_narrow")
    x, y, width, height = published["boxes_xywh"][0]
    people = people_at([[x, y, x + width, y + height]], [1.0])
    for name, suffix in (("heatmaps_merged", ""), ("heatmaps", "_noflip")):
        places, _ = quarter_offset_argmax(published["heatmaps_merged"], quarter=0.0)
        np.testing.assert_array_equal(places, published["argmax_xy"])
        keypoints, values = DECODE.keypoints({"heatmap": published[name]})
        places, expected = people.to_image(keypoints)[0], published[f"preds_image{suffix}"]
        np.testing.assert_allclose(places, expected, rtol=0, atol=DECODED_PIXELS)
        expected = published[f"maxvals{suffix}"][..., 0]
        np.testing.assert_allclose(values[:, 0], expected, rtol=DECODED_SCORES_RTOL)
