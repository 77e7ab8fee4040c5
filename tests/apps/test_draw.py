from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from factories import people
from posetrack.apps.draw import PaintConfig, PosePainter, palette, render_tag
from posetrack.structures import COCO_17, CROWDPOSE_14, SKELETONS, Poses

H, W = 480, 640
GREY = np.full((H, W, 3), 90, np.uint8)
LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST = 5, 7, 9
PLAIN = PaintConfig(boxes=False, labels=False)


def changed(painted, image=GREY):
    return (painted != image).any(axis=2)


def paint(poses, image=GREY, config=None):
    return PosePainter(COCO_17, image.shape[:2], config).paint(image, poses)


def with_(poses, **values):
    names = ("keypoints", "keypoint_scores", "scores", "boxes", "track_ids", "track_states")
    return Poses(**({name: getattr(poses, name) for name in names} | values))


def tracked(poses, *ids):
    return with_(poses, track_ids=np.array(ids, np.int64))


def one_limb(score=0.9, end=(300, 200)):
    """Only the left upper arm of one person, from (200, 200)."""
    poses = people([(320, 240)])
    keypoints, scores = poses.keypoints.copy(), np.zeros_like(poses.keypoint_scores)
    keypoints[0, [LEFT_SHOULDER, LEFT_ELBOW]] = (200, 200), end
    scores[0, [LEFT_SHOULDER, LEFT_ELBOW]] = score
    return with_(poses, keypoints=keypoints, keypoint_scores=scores)


def test_the_image_given_is_not_touched():
    image = GREY.copy()
    image.flags.writeable = False
    painted = paint(tracked(people([200, 400]), 1, 2), image)
    assert changed(painted).any()
    np.testing.assert_array_equal(image, GREY)
    assert not np.shares_memory(image, painted)


def test_no_people_gives_an_equal_copy():
    image = np.random.default_rng(0).integers(0, 256, (H, W, 3), np.uint8)
    painted = paint(Poses.empty(17), image)
    np.testing.assert_array_equal(painted, image)
    assert not np.shares_memory(image, painted)


def test_out_is_painted_into_and_returned():
    out = np.zeros_like(GREY)
    poses = tracked(people([200]), 3)
    painter = PosePainter(COCO_17, (H, W))
    assert painter.paint(GREY, poses, out=out) is out
    np.testing.assert_array_equal(out, painter.paint(GREY, poses))


def test_a_limb_is_painted_from_end_to_end_and_nowhere_else():
    mask = changed(paint(one_limb(), config=PLAIN))
    assert mask[200, 200:301].all()
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max()) >= (195, 200)
    assert rows.max() <= 205
    assert columns.min() >= 195
    assert columns.max() <= 305


def test_every_keypoint_and_limb_of_a_person_is_painted():
    poses = people([(320, 240)], height=300)
    mask = changed(paint(poses, config=PLAIN))
    for x, y in poses.keypoints[0]:
        assert mask[round(float(y)), round(float(x))]
    for a, b in COCO_17.edges:
        x, y = np.rint(poses.keypoints[0, [a, b]].mean(axis=0)).astype(int)
        assert mask[y, x]


def test_a_lone_keypoint_is_painted_even_in_a_small_face():
    poses = people([(320, 240)], height=60)
    scores = np.zeros_like(poses.keypoint_scores)
    scores[0, 0] = 0.9
    mask = changed(paint(with_(poses, keypoint_scores=scores), config=PLAIN))
    x, y = np.rint(poses.keypoints[0, 0]).astype(int)
    assert mask[y, x]
    assert mask.sum() < 40


def test_keypoints_not_found_and_their_limbs_are_not_painted():
    poses = one_limb()
    keypoints = poses.keypoints.copy()
    keypoints[0, LEFT_WRIST] = 500, 400  # where its score is 0 it means nothing
    mask = changed(paint(with_(poses, keypoints=keypoints), config=PLAIN))
    assert not mask[206:].any()
    assert not mask[:, 306:].any()


@pytest.mark.parametrize(
    ("score", "limit", "seen"),
    [(0.0, 0.0, False), (0.001, 0.0, True), (0.127, 0.127, False), (0.13, 0.127, True)],
)
def test_keypoints_are_painted_above_the_least_score(score, limit, seen):
    config = replace(PLAIN, min_score=limit)
    assert changed(paint(one_limb(score), config=config)).any() == seen


def test_weak_limbs_are_thinner():
    strong, weak = (changed(paint(one_limb(s), config=PLAIN))[:, 250].sum() for s in (0.9, 0.2))
    assert 1 <= weak < strong


def test_left_and_right_differ_but_both_belong_to_the_person():
    image = paint(people([(320, 240)], height=300), config=PLAIN)
    poses = people([(320, 240)], height=300)
    left, right = (
        tuple(image[tuple(np.rint(poses.keypoints[0, pair].mean(axis=0)).astype(int)[::-1])])
        for pair in ([11, 13], [12, 14])
    )
    assert left == palette(0)[4]
    assert right == palette(0)[2]
    assert left != right


def test_a_track_keeps_its_colour_in_every_frame_and_row():
    config = PaintConfig(boxes=False)
    first = paint(tracked(people([200, 450]), 7, 8), config=config)
    moved = paint(tracked(people([450, 200]), 8, 7), config=config)
    np.testing.assert_array_equal(first, moved)
    swapped = paint(tracked(people([200, 450]), 8, 7), config=config)
    assert (first != swapped).any()


def test_without_ids_people_are_coloured_by_row():
    painted = paint(people([200, 450]), config=PLAIN)
    np.testing.assert_array_equal(painted, paint(tracked(people([200, 450]), -1, -1), config=PLAIN))
    np.testing.assert_array_equal(painted, paint(tracked(people([200, 450]), 0, 1), config=PLAIN))


def test_the_first_thirty_ids_have_distinct_colours():
    base = np.array([palette(i)[3] for i in range(1, 31)], float)
    gaps = [np.linalg.norm(a - b) for a, b in combinations(base, 2)]
    assert min(gaps) > 20
    neighbours = np.linalg.norm(np.diff(base, axis=0), axis=1)
    assert neighbours.min() > 100


def luminance(colour):
    c = np.asarray(colour, float) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def test_text_on_tags_has_readable_contrast():
    for index in range(1, 200):
        ink, base = palette(index)[0], palette(index)[3]
        contrast = (luminance(base) + 0.05) / (luminance(ink) + 0.05)
        assert contrast >= 4.5  # WCAG 2, level AA


def test_a_tag_holds_its_text_with_space_around():
    tag = render_tag("1234", 20, (200, 220, 240))
    dark = tag.paint.max(axis=2) < 100
    opaque = tag.clear.max(axis=2) == 0
    rows, columns = np.nonzero(dark & opaque)
    height, width = dark.shape
    assert height == 20
    assert width > 2 * height
    assert rows.min() >= 2
    assert rows.max() <= height - 3
    assert columns.min() >= 2
    assert columns.max() <= width - 3
    assert tag.clear[0, 0, 0] > 128  # a round corner


@pytest.mark.parametrize(
    "box", [(-50, -60, 60, 90), (600, 440, 900, 900), (630, -20, 700, 30), (-200, 200, 20, 400)]
)
def test_the_label_stays_inside_the_image(box):
    poses = one_limb(score=0.0)
    poses = tracked(with_(poses, boxes=np.array([box], np.float32)), 1234)
    mask = changed(paint(poses, config=PaintConfig(boxes=False)))
    tag = render_tag("1234", int(np.ptp(np.nonzero(mask)[0])) + 1, palette(1234)[3])
    assert mask.sum() >= 0.9 * (tag.clear.max(axis=2) < 256).sum() > 200


def test_the_label_sits_on_the_top_left_corner_of_the_box():
    poses = tracked(one_limb(score=0.0), 5)
    x1, y1 = poses.boxes[0, :2]
    rows, columns = np.nonzero(changed(paint(poses, config=PaintConfig(boxes=False))))
    assert columns.min() == round(float(x1))
    assert rows.max() == round(float(y1)) - 1


def test_a_person_without_a_track_has_no_label():
    poses = one_limb(score=0.0)
    config = PaintConfig(boxes=False)
    assert not changed(paint(poses, config=config)).any()
    assert not changed(paint(tracked(poses, -1), config=config)).any()


def test_the_box_is_thin_translucent_and_where_it_should_be():
    poses = with_(one_limb(score=0.0), boxes=np.array([[100, 50, 200, 250]], np.float32))
    painted = paint(poses)
    rows, columns = np.nonzero(changed(painted))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (50, 250, 100, 200)
    np.testing.assert_allclose(painted[50, 150], (90 + np.array(palette(0)[3])) / 2, atol=1)
    assert not changed(painted)[52:249, 102:199].any()
    assert not changed(painted)[50, 100]


def test_a_box_partly_outside_shows_only_the_edges_inside():
    poses = with_(one_limb(score=0.0), boxes=np.array([[-1e9, 50, 200, 1e30]], np.float32))
    mask = changed(paint(poses))
    assert mask[50, :200].all()
    assert mask[60:, 200].all()
    assert not mask[52:, :199].any()


@pytest.mark.parametrize("far", [-1e3, 1e6, 1e9, -1e20, 3e38])
def test_far_off_coordinates_do_not_overflow(far):
    mask = changed(paint(one_limb(end=(far, 200)), config=PLAIN))
    assert mask[200, 200]
    assert not mask[:190].any()
    assert not mask[211:].any()
    outside = one_limb(end=(far, far))
    keypoints, boxes = np.full_like(outside.keypoints, far), np.full_like(outside.boxes, far)
    gone = tracked(with_(outside, keypoints=keypoints, boxes=boxes), 4)
    assert not changed(paint(gone)).any()


def test_a_limb_leaving_the_image_keeps_its_direction():
    mask = changed(paint(one_limb(end=(100_200, 50_200)), config=PLAIN))
    assert mask[300, 400]
    assert not mask[280, 400]
    assert not mask[320, 400]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_coordinates_that_are_not_finite_are_left_out(bad):
    poses = tracked(people([200, 450]), 1, 2)
    keypoints, boxes = poses.keypoints.copy(), poses.boxes.copy()
    scores = poses.keypoint_scores.copy()
    keypoints[1], boxes[1] = bad, bad
    broken = with_(poses, keypoints=keypoints, boxes=boxes)
    np.testing.assert_array_equal(paint(broken), paint(poses[:1]))
    scores[1] = np.nan
    no_score = with_(poses, keypoint_scores=scores, boxes=boxes)
    np.testing.assert_array_equal(paint(no_score), paint(poses[:1]))


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 400), (240, 320), (1080, 1920), (2160, 3840)])
def test_images_of_any_size(size):
    height, width = size
    image = np.zeros((*size, 3), np.uint8)
    poses = tracked(people([(width / 2, height / 2)], height=0.8 * height), 1)
    painted = PosePainter(COCO_17, size).paint(image, poses)
    assert painted.shape == image.shape
    assert painted.any()


def test_lines_grow_with_the_image_and_with_the_person():
    def width(size, height):
        x, y = size[1] // 2, size[0] // 2
        poses = people([(x, y)], height=height)
        config = PaintConfig(boxes=False, labels=False)
        image = np.full((*size, 3), 90, np.uint8)
        mask = changed(PosePainter(COCO_17, size, config).paint(image, poses), image)
        thigh = poses.keypoints[0, [11, 13]].mean(axis=0)
        row = mask[round(float(thigh[1])), x:]
        return int(row.sum())

    assert width((2160, 3840), 1000) > width((1080, 1920), 500) > width((240, 320), 110)
    assert width((1080, 1920), 40) < width((1080, 1920), 500)
    assert width((1080, 1920), 40) <= 6


def test_the_first_row_is_on_top():
    poses = tracked(people([300, 300]), 1, 2)
    x, y = np.rint(poses.keypoints[0, [11, 13]].mean(axis=0)).astype(int)
    assert tuple(paint(poses)[y, x]) == palette(1)[4]
    assert tuple(paint(poses[[1, 0]])[y, x]) == palette(2)[4]


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_every_skeleton_is_painted(skeleton):
    k = len(skeleton)
    places = np.random.default_rng(1).uniform(50, 400, (1, k, 2)).astype(np.float32)
    poses = Poses(
        places, np.ones((1, k), np.float32), np.ones(1, np.float32), np.full((1, 4), 9, np.float32)
    )
    mask = changed(PosePainter(skeleton, (H, W)).paint(GREY, poses))
    for x, y in np.rint(places[0]).astype(int):
        assert mask[y, x]


def test_what_does_not_fit_is_refused():
    painter = PosePainter(COCO_17, (H, W))
    with pytest.raises(ValueError, match=r"image must be \(480, 640, 3\) uint8"):
        painter.paint(GREY[1:], Poses.empty(17))
    with pytest.raises(ValueError, match="out must be C-contiguous"):
        painter.paint(GREY, Poses.empty(17), out=np.zeros((H, 2 * W, 3), np.uint8)[:, ::2])
    with pytest.raises(ValueError, match="17 keypoints of coco-17, got 14"):
        painter.paint(GREY, Poses.empty(14))
    with pytest.raises(ValueError, match="at least 1x1"):
        PosePainter(CROWDPOSE_14, (0, 5))
