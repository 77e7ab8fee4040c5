"""OGN's decoding: the fusion undoes the labels, and what suppression drops."""

import numpy as np
import pytest
from factories import make_spec
from posetrack.engine.padded_poses import PaddedPoses
from posetrack.engine.top_down.ogn import OgnDecoder, OgnDecoding
from posetrack.kernels import fuse_offsets
from posetrack.structures import DecoderSpec, HeadSpec, InputSizing

STRIDE, RADIUS = 8, 25 / 8
CROP = (256, 192)
MAP = (CROP[0] // STRIDE, CROP[1] // STRIDE)


def decoder(**options):
    spec = make_spec(
        sizing=InputSizing(rule="crop", crop=CROP),
        heads=(
            HeadSpec("heatmap", "heatmap", 17, STRIDE),
            HeadSpec("offset", "vector", 34, STRIDE),
        ),
        decoder=DecoderSpec("ogn", {"radius": RADIUS, **options}),
        cell_origin="half-pixel",
    )
    return OgnDecoder(spec)


DECODE = decoder()
STANDING = np.stack((60 + 4 * np.arange(17.0), 20 + 12 * np.arange(17.0)), axis=1)


def labels(keypoints, radius=RADIUS, size=MAP):
    """Equations 1 and 2 of the paper for (N, K, 2) keypoints in cells."""
    n, k = keypoints.shape[:2]
    y, x = np.mgrid[: size[0], : size[1]]
    steps = keypoints[:, :, :, None, None] - np.stack((x, y))
    inside = np.sqrt((steps**2).sum(axis=2)) <= radius
    offsets = np.where(inside[:, :, None], steps / radius, 0).reshape(n, 2 * k, *size)
    return inside.astype(np.float32), offsets.astype(np.float32)


def heads_of(heatmap, offset):
    return {"heatmap": heatmap, "offset": offset}


def in_cells(pixels):
    return (np.asarray(pixels) + 0.5) / STRIDE - 0.5


def people_at(boxes, scores):
    return DECODE.people(np.float32(boxes), np.float32(scores))


# ---- fusion


@pytest.mark.parametrize("radius", [25 / 8, 25 / 16])
@pytest.mark.parametrize("smoothing", [0.0, 1.0])
def test_fusion_finds_the_place_that_the_labels_were_drawn_for(radius, smoothing):
    keypoints = np.random.default_rng(0).uniform([2, 2], [21, 29], (3, 17, 2))
    heatmaps, offsets = labels(keypoints, radius)
    places, values = fuse_offsets(heatmaps, offsets, radius, smoothing)
    assert places.dtype == values.dtype == np.float32
    np.testing.assert_allclose(places, keypoints, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(values, np.ones((3, 17)))


def test_keypoint_at_the_maps_corner_is_found():
    keypoints = np.array([[[0.3, 0.2], [MAP[1] - 1.2, MAP[0] - 0.7]]])
    heatmaps, offsets = labels(keypoints)
    places, _ = fuse_offsets(heatmaps, offsets, RADIUS)
    np.testing.assert_allclose(places, keypoints, rtol=0, atol=1e-5)


def test_smoothing_prefers_a_disk_to_a_higher_spike():
    heatmaps, offsets = labels(np.array([[[8.0, 10.0]]]))
    heatmaps[0, 0, 25, 20] = 1.5
    spiked, values = fuse_offsets(heatmaps, None, RADIUS, smoothing=0.0)
    np.testing.assert_array_equal(spiked, [[[20, 25]]])
    np.testing.assert_array_equal(values, [[1.5]])
    places, values = fuse_offsets(heatmaps, offsets, RADIUS, smoothing=1.0)
    np.testing.assert_allclose(places, [[[8, 10]]], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(values, [[1]])


# ---- people


def test_person_comes_back_into_the_image():
    people = people_at([[100, 50, 220, 210]], [0.9])
    keypoints = np.float32(STANDING * np.array([1, 0.8]) + np.array([60, 40]))[None]
    cells = in_cells(people.crops[0].to_input(keypoints))
    poses = DECODE(heads_of(*labels(cells)), people)
    np.testing.assert_allclose(poses.keypoints, keypoints, rtol=0, atol=1e-3)
    np.testing.assert_allclose(poses.scores, [0.9], rtol=1e-6)
    np.testing.assert_array_equal(poses.boxes, people.boxes)


def test_boxes_are_enlarged_by_a_choice_that_the_paper_does_not_make():
    """Section 4.1: RoIs are "adjusted to a fixed ratio 3:4", here 120 x 160, and nothing else."""
    box, score = np.float32([[100, 50, 220, 170]]), np.float32([0.9])
    corners = np.float32([[0, 0], [CROP[1], CROP[0]]])
    for padding, half in ((1.0, (60, 80)), (1.25, (75, 100))):
        (crop,) = decoder(padding=padding).people(box, score).crops
        middle = np.float32([160, 110])
        np.testing.assert_allclose(
            crop.to_image(corners), [middle - half, middle + half], rtol=0, atol=1e-3
        )
    np.testing.assert_array_equal(
        DECODE.people(box, score).crops[0].matrix, crop.matrix
    )  # the default


def test_score_is_the_boxes_times_the_mean_of_the_keypoints():
    people = people_at([[100, 50, 220, 210], [400, 50, 520, 210]], [0.5, 0.9])
    cells = np.repeat(in_cells(STANDING)[None], 2, axis=0)
    heatmaps, offsets = labels(cells)
    heatmaps[1, :8] *= 0.25
    poses = DECODE(heads_of(heatmaps, offsets), people)
    expected = 0.9 * (8 * 0.25 + 9) / 17
    np.testing.assert_allclose(poses.scores, [expected, 0.5], rtol=1e-6)
    np.testing.assert_array_equal(poses.boxes, people.boxes[[1, 0]])


def test_nobody_gives_no_poses():
    heatmaps, offsets = np.zeros((0, 17, *MAP), np.float32), np.zeros((0, 34, *MAP), np.float32)
    poses = DECODE(heads_of(heatmaps, offsets), people_at(np.zeros((0, 4)), []))
    assert poses.keypoints.shape == (0, 17, 2)


# ---- suppression


@pytest.mark.parametrize(
    ("box_step", "pose_step", "either", "both"),
    [
        (100, 200, [0, 1], [0, 1]),
        (5, 200, [0], [0, 1]),  # the boxes overlap, the poses are apart
        (100, 1, [0], [0, 1]),  # the other way round
        (5, 1, [0], [0]),
    ],
)
def test_poses_are_compared_by_box_and_by_keypoints(box_step, pose_step, either, both):
    box = np.float32([100, 50, 220, 210])
    people = people_at([box, box + np.float32([box_step, 0, box_step, 0])], [0.9, 0.8])
    keypoints = np.float32([[STANDING, STANDING + np.array([pose_step, 0])]])
    scores = np.float32([[0.9, 0.8]])
    poses = PaddedPoses(keypoints, keypoints[..., 0].copy(), scores, people.boxes[None], None)
    for suppress, expected in (("either", either), ("both", both)):
        rows, counts = decoder(suppress=suppress).kept(poses, people)
        assert rows[0, : counts[0]].tolist() == expected


def test_unknown_way_of_suppression_is_refused():
    with pytest.raises(ValueError, match="suppress must be 'either' or 'both', got 'none'"):
        OgnDecoding(RADIUS, suppress="none")
