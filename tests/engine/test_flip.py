"""Flip test: what the flipped image says is turned back before the mean is taken."""

from dataclasses import replace

import numpy as np
import parity
import pytest
from factories import make_spec
from posetrack.engine.decoders.movenet import MoveNetDecoder
from posetrack.structures import COCO_17, HeadSpec, Skeleton
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL, FLIP_PIXELS, POSE_SCORES

from .hand_made import average_flipped, blank_heads, poses_of, run_activated

ROW, COLUMN, WIDTH = 1, 2, 7
LEFT_EYE, RIGHT_EYE, NOSE = 1, 2, 0
CENTER = 17


def flipped_name(name):
    side, _, part = name.partition("_")
    return {"left": f"right_{part}", "right": f"left_{part}"}.get(side, name)


def flip_of(heads, shift):
    """The heads that a perfect network gives for the flipped image, cell by cell and by name."""
    names = COCO_17.keypoints
    partner = [names.index(flipped_name(name)) for name in names]
    width = heads["heatmap"].shape[3]
    flipped = {name: np.empty_like(head) for name, head in heads.items()}
    for column in range(width):
        there = width - 1 - column
        for k, p in enumerate(partner):
            flipped["heatmap"][:, k, :, column] = heads["heatmap"][:, p, :, there]
            for name in ("offset", "local_offset"):
                flipped[name][:, 2 * k, :, column] = shift - heads[name][:, 2 * p, :, there]
                flipped[name][:, 2 * k + 1, :, column] = heads[name][:, 2 * p + 1, :, there]
        flipped["heatmap"][:, CENTER, :, column] = heads["heatmap"][:, CENTER, :, there]
        flipped["box_size"][..., column] = heads["box_size"][..., there]
        flipped["box_offset"][:, 0, :, column] = shift - heads["box_offset"][:, 0, :, there]
        flipped["box_offset"][:, 1, :, column] = heads["box_offset"][:, 1, :, there]
    return flipped


def one_value(name, channel, value, image, spec):
    """The average of two blank images with one value at (ROW, COLUMN) of one of them."""
    heads = blank_heads(3, WIDTH, batch=2)
    heads[name][image, channel, ROW, COLUMN] = value
    blank = average_flipped(blank_heads(3, WIDTH, batch=2), spec, 4 * WIDTH)
    merged = average_flipped(heads, spec, 4 * WIDTH)
    return {n: head - blank[n] for n, head in merged.items()}


def only(differences, name, channel, column):
    """The change at (ROW, column) of one channel, after a check that nothing else changed."""
    value = differences[name][0, channel, ROW, column]
    differences[name][0, channel, ROW, column] = 0
    assert not any(head.any() for head in differences.values())
    return value


@pytest.mark.parametrize(
    ("name", "channel"),
    [("heatmap", LEFT_EYE), ("heatmap", CENTER), ("offset", 5), ("local_offset", 4)],
)
def test_straight_image_counts_half_where_it_is(name, channel, spec):
    differences = one_value(name, channel, 0.5, 0, spec)
    assert only(differences, name, channel, COLUMN) == 0.25


@pytest.mark.parametrize(
    ("name", "channel", "turned_channel", "sign"),
    [
        ("heatmap", LEFT_EYE, RIGHT_EYE, 1),
        ("heatmap", NOSE, NOSE, 1),
        ("heatmap", CENTER, CENTER, 1),
        ("offset", 2 * LEFT_EYE, 2 * RIGHT_EYE, -1),
        ("offset", 2 * LEFT_EYE + 1, 2 * RIGHT_EYE + 1, 1),
        ("local_offset", 2 * NOSE, 2 * NOSE, -1),
        ("local_offset", 2 * RIGHT_EYE + 1, 2 * LEFT_EYE + 1, 1),
        ("box_size", 0, 0, 1),
        ("box_size", 1, 1, 1),
        ("box_offset", 0, 0, -1),
        ("box_offset", 1, 1, 1),
    ],
)
def test_flipped_image_counts_half_where_it_belongs(name, channel, turned_channel, sign, spec):
    differences = one_value(name, channel, 0.5, 1, spec)
    assert only(differences, name, turned_channel, WIDTH - 1 - COLUMN) == sign * 0.25


@pytest.mark.parametrize(
    ("cell_origin", "stride", "shift"),
    [("corner", 4, 0.75), ("corner", 8, 0.875), ("half-pixel", 4, 0.0)],
)
def test_flipped_image_shifts_places_by_the_origin_of_a_cell(cell_origin, stride, shift, spec):
    heads = tuple(replace(head, stride=stride) for head in spec.heads)
    other = replace(spec, cell_origin=cell_origin, heads=heads)
    merged = average_flipped(blank_heads(3, WIDTH, batch=2), other, stride * WIDTH)
    for name in ("offset", "local_offset", "box_offset"):
        np.testing.assert_array_equal(merged[name][:, 0::2], np.float32(shift / 2), err_msg=name)
        assert not merged[name][:, 1::2].any()
    assert not merged["box_size"].any()
    assert not merged["heatmap"].any()


@pytest.mark.parametrize(("cell_origin", "shift"), [("corner", 0.75), ("half-pixel", 0.0)])
def test_image_and_its_perfect_flip_average_to_the_image(cell_origin, shift, spec):
    rng = np.random.default_rng(0)
    heads = {
        n: rng.uniform(-1, 1, h.shape).astype(np.float32) for n, h in blank_heads(5, 8).items()
    }
    flipped = flip_of(heads, shift)
    pair = {name: np.concatenate((head, flipped[name])) for name, head in heads.items()}
    merged = average_flipped(pair, replace(spec, cell_origin=cell_origin), 32)
    for name, head in heads.items():
        assert merged[name].shape == head.shape
        assert merged[name].flags.c_contiguous
        np.testing.assert_allclose(merged[name], head, atol=1e-6, err_msg=name)


def test_heads_handed_in_stay_as_they_are(spec):
    heads = {n: np.ones_like(h) for n, h in blank_heads(3, 4, batch=2).items()}
    average_flipped(heads, spec, 4 * WIDTH)
    assert all((head == 1).all() for head in heads.values())


@pytest.fixture(scope="module")
def both_ways(engine, spec, whole_cells):
    """Flip test of an image and of its flipped image: two sets of heads (1, C, h, w)."""
    images = np.stack((whole_cells, whole_cells[:, ::-1]))
    pair = run_activated(engine.session, spec, images)
    swapped = {name: np.ascontiguousarray(head[::-1]) for name, head in pair.items()}
    width = images.shape[2]
    return average_flipped(pair, spec, width), average_flipped(swapped, spec, width)


def test_flip_test_of_the_flipped_image_is_the_flip_of_the_flip_test(both_ways, spec):
    merged, of_flipped = both_ways
    stride = spec.heads[0].stride
    for name, head in flip_of(merged, 0.75).items():
        atol = POSE_SCORES if name == "heatmap" else FLIP_PIXELS / stride
        np.testing.assert_allclose(of_flipped[name], head, rtol=0, atol=atol, err_msg=name)


def test_poses_of_the_flipped_image_are_the_flip_of_the_poses(both_ways, spec, whole_cells):
    width = whole_cells.shape[1]
    poses, of_flipped = (poses_of(MoveNetDecoder(spec), heads)[0] for heads in both_ways)
    found = poses.scores > spec.min_score
    assert found.sum() == 2
    boxes = of_flipped.boxes[:, [2, 1, 0, 3]].copy()
    boxes[:, [0, 2]] = width - 1 - boxes[:, [0, 2]]
    np.testing.assert_allclose(boxes[found], poses.boxes[found], rtol=0, atol=FLIP_PIXELS)
    keypoints = of_flipped.keypoints[:, spec.skeleton.flip_order].copy()
    keypoints[..., 0] = width - 1 - keypoints[..., 0]
    apart = np.abs(keypoints - poses.keypoints)[found].max(axis=2)
    # the window around a regressed keypoint is measured to the corner of a cell, the right one in
    # one image and the left one in the other: a few keypoints take the neighbouring cell
    assert (apart <= FLIP_PIXELS).mean() > 0.8
    assert apart.max() < 2 * spec.heads[0].stride


# ---- crops of single people


HEATMAP = HeadSpec("heatmap", "heatmap", 17)
SHIFTED = make_spec(heads=(HEATMAP,), flip="around", flip_shift=4, flip_fill="keep")
MAP = (1, 17, 64, 48)


def turned_back(flipped):
    """What the flipped maps of SimpleBaseline add to the mean, doubled."""
    heads = {"heatmap": np.concatenate((np.zeros_like(flipped), flipped))}
    return 2 * average_flipped(heads, SHIFTED, 192)["heatmap"]


def test_flipped_map_is_turned_and_moved_right_by_one():
    flipped = np.zeros(MAP, np.float32)
    flipped[0, LEFT_EYE, 20, 47 - 9] = 1
    turned = turned_back(flipped)
    assert turned[0, RIGHT_EYE, 20, 10] == 1
    assert turned.sum() == 1


def test_first_column_of_the_turned_map_stays():
    flipped = np.zeros(MAP, np.float32)
    flipped[0, NOSE, 20, 47] = 1
    np.testing.assert_array_equal(turned_back(flipped)[0, NOSE, 20, :3], [1, 1, 0])


def test_merged_maps_of_several_people_are_the_mean_of_each():
    first, second = np.random.default_rng(0).normal(size=(2, 3, *MAP[1:])).astype(np.float32)
    merged = average_flipped({"heatmap": np.concatenate((first, second))}, SHIFTED, 192)
    turned = np.concatenate([turned_back(maps[None]) for maps in second])
    np.testing.assert_allclose(merged["heatmap"], (first + turned) / 2, atol=1e-6)


@pytest.mark.data
def test_flipped_maps_are_turned_as_by_the_authors_of_simple_baseline(shared):
    published = parity.load(shared, "simplebaseline_r18_narrow")
    # the authors' code had exchanged left and right in place before this was stored
    flipped = published["heatmaps_flip_raw"].take(COCO_17.flip_order, axis=1)
    np.testing.assert_array_equal(turned_back(flipped), published["heatmaps_flip_back_shifted"])
    pair = {"heatmap": np.concatenate((published["heatmaps"], flipped))}
    merged = average_flipped(pair, SHIFTED, 192)["heatmap"]
    np.testing.assert_allclose(merged, published["heatmaps_merged"], rtol=DECODED_SCORES_RTOL)


# ---- coordinates


def merged_coordinates(straight, flipped, width, skeleton):
    head = HeadSpec("coordinates", "coordinates", straight[0].size, 1)
    spec = make_spec(heads=(head,), skeleton=skeleton, flip="around")
    pair = np.concatenate((straight, flipped))
    return average_flipped({"coordinates": pair}, spec, width)["coordinates"]


def test_pixel_of_the_flipped_image_is_the_width_less_one_less_itself():
    pair = Skeleton("pair", ("left_eye", "right_eye"), (), ((0, 1),), (0.1, 0.1))
    straight = np.float32([[[-0.25, 0.1, 0.3], [0.25, 0.2, -0.1]]])
    pixels = (straight + 0.5) * 64
    flipped = straight[:, [1, 0]].copy()
    flipped[..., 0] = (64 - 1 - pixels[:, [1, 0], 0]) / 64 - 0.5
    merged = merged_coordinates(straight, flipped, 64, pair)
    np.testing.assert_allclose(merged, straight, atol=1e-7)
    shifted = flipped + np.float32([2 / 64, 0, 0.2])
    expected = straight + np.float32([-1 / 64, 0, 0.1])
    np.testing.assert_allclose(merged_coordinates(straight, shifted, 64, pair), expected, atol=1e-6)


@pytest.mark.data
def test_coordinates_are_averaged_as_by_the_authors_of_integral(shared):
    published = parity.load(shared, "integral_r18_narrow")
    names = tuple(f"keypoint_{i}" for i in range(17))
    pairs = tuple((int(a), int(b)) for a, b in published["flip_pairs"])
    skeleton = Skeleton("h36m-17", names, (), pairs, (1.0,) * 17)
    flipped = published["coords_patch_flip_raw"][..., :3] / 64 - [0.5, 0.5, 0]
    merged = merged_coordinates(published["pred_norm_xyz"], flipped, 64, skeleton)
    points = np.concatenate(((merged[..., :2] + 0.5) * 64, merged[..., 2:] * 64), axis=2)
    expected = published["coords_patch_merged"][..., :3]
    np.testing.assert_allclose(points, expected, rtol=0, atol=DECODED_PIXELS)


def test_features_are_those_of_the_unflipped_image():
    spec = make_spec(heads=(HeadSpec("embedding", "feature", 4),), flip="around")
    pair = np.random.default_rng(0).normal(size=(2, 4, 3, 5)).astype(np.float32)
    merged = average_flipped({"embedding": pair}, spec, 20)
    np.testing.assert_array_equal(merged["embedding"], pair[:1])
