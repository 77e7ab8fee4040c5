"""MoveNet's decoding: the published poses, and our own rule by hand-made examples."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from posetrack.engine.decoders.movenet import MoveNetDecoder
from posetrack.engine.heads import activate
from posetrack.structures import DecoderSpec, Poses
from tolerances import POSE_PIXELS, POSE_SCORES

from ...models.published import house_heads, read_arrays
from ..hand_made import STRIDE, Person, blank_heads, heads_of, poses_of, put_person, run_activated

PREFIXES = ("multipose_square", "multipose_wide")
SIZES = {"multipose_square": (256, 256), "multipose_wide": (256, 448)}  # height, width
PUBLISHED_PEOPLE = 6
COLUMNS = ("keypoints", "keypoint_scores", "scores", "boxes")


def decoder(spec, max_people=30, **options):
    chosen = DecoderSpec("movenet", {"rule": "adaptive", **options})
    return partial(poses_of, MoveNetDecoder(replace(spec, max_people=max_people, decoder=chosen)))


def official_poses(rows, height, width):
    """Poses with a score from (6, 56) rows: 17 x [y, x, score], box [y1, x1, y2, x2], score."""
    rows = rows[rows[:, 55] > 0]
    rows = rows[np.argsort(-rows[:, 55], kind="stable")]
    triples = rows[:, :51].reshape(-1, 17, 3)
    return Poses(
        keypoints=triples[:, :, 1::-1] * np.float32([width, height]),
        keypoint_scores=triples[:, :, 2].copy(),
        scores=rows[:, 55].copy(),
        boxes=rows[:, [52, 51, 54, 53]] * np.float32([width, height, width, height]),
    )


def assert_poses_close(poses, expected):
    assert len(expected) > 0
    first = poses[: len(expected)]
    for name in COLUMNS:
        atol = POSE_SCORES if "scores" in name else POSE_PIXELS
        np.testing.assert_allclose(
            getattr(first, name), getattr(expected, name), rtol=0, atol=atol, err_msg=name
        )
    assert not poses.scores[len(expected) :].any()


def assert_same(poses, expected):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(poses, name), getattr(expected, name), err_msg=name)


def one_person(area=(10, 8)):
    """A map of 20 x 30 cells with one center at column 10, row 12, all keypoints regressed there.

    Every keypoint lies in that cell with 0.8; the Gaussian's denominator is 0.05 x area.
    """
    heads = blank_heads(20, 30)
    heads["heatmap"][0, :, 12, 10] = 0.8
    heads["box_size"][0, :, 12, 10] = area
    return heads


# ---- the published rule


@pytest.mark.parametrize(("prefix", "people"), [("multipose_square", 4), ("multipose_wide", 6)])
def test_published_heads_give_the_official_poses(extract, spec, prefix, people):
    heads = activate(house_heads(extract, prefix), spec)
    (poses,) = decoder(spec, PUBLISHED_PEOPLE, rule="released")(heads)
    official = official_poses(extract[f"{prefix}_official"][0], *SIZES[prefix])
    assert len(official) == people
    assert_poses_close(poses, official)


@pytest.mark.data
@pytest.mark.parametrize("prefix", PREFIXES)
def test_model_that_ships_gives_the_official_poses(shared, engine, spec, prefix):
    published = read_arrays(shared / "weights" / "movenet_parity.npz")
    heads = run_activated(engine.session, spec, published[f"{prefix}_image"][None])
    (poses,) = decoder(spec, PUBLISHED_PEOPLE, rule="released")(heads)
    official = official_poses(published[f"{prefix}_official"][0], *SIZES[prefix])
    assert_poses_close(poses, official)


@pytest.mark.data
@pytest.mark.parametrize("prefix", PREFIXES)
def test_published_heads_in_full_give_the_official_poses(shared, spec, prefix):
    published = read_arrays(shared / "weights" / "movenet_parity.npz")
    heads = activate(house_heads(published, prefix), spec)
    (poses,) = decoder(spec, PUBLISHED_PEOPLE, rule="released")(heads)
    official = official_poses(published[f"{prefix}_official"][0], *SIZES[prefix])
    assert_poses_close(poses, official)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [((12, 14), (12, 15)), ((12, 5), (12, 4)), ((15, 10), (16, 10)), ((8, 10), (7, 10))],
)
def test_published_rule_looks_inside_the_box_only(spec, inside, outside):
    heads = one_person((10, 8))  # columns 5 to 14, rows 8 to 15
    heads["heatmap"][0, 3] = 0
    heads["heatmap"][0, 3][outside] = 0.9
    heads["heatmap"][0, 3][inside] = 0.1
    (poses,) = decoder(spec, rule="released")(heads)
    np.testing.assert_array_equal(poses.keypoints[0, 3], [4 * inside[1], 4 * inside[0]])


# ---- the adaptive rule


def test_keypoint_is_the_mean_of_what_nine_cells_say(spec):
    heads = one_person()
    heads["heatmap"][0, 0, 12, 11] = 0.4
    heads["heatmap"][0, 0, 11, 10] = 0.2
    heads["heatmap"][0, 0, 14, 10] = 0.7  # two cells away: does not count
    heads["local_offset"][0, :2, 12, 10] = 0.25, -0.5
    heads["local_offset"][0, :2, 12, 11] = -1.0, 0.0
    heads["local_offset"][0, :2, 11, 10] = 0.5, 1.5
    heads["local_offset"][0, :2, 14, 10] = 9, 9
    (poses,) = decoder(spec)(heads)
    x = (0.8 * 10.25 + 0.4 * 10.0 + 0.2 * 10.5) / 1.4
    y = (0.8 * 11.5 + 0.4 * 12.0 + 0.2 * 12.5) / 1.4
    np.testing.assert_allclose(poses.keypoints[0, 0], [4 * x, 4 * y], rtol=1e-6)
    np.testing.assert_allclose(poses.keypoint_scores[0, 0], 0.8, rtol=1e-6)
    np.testing.assert_array_equal(poses.keypoints[0, 1], [40, 48])


def test_published_rule_asks_the_best_cell_alone(spec):
    heads = one_person()
    heads["heatmap"][0, 0, 12, 11] = 0.4
    heads["local_offset"][0, :2, 12, 10] = 0.25, -0.5
    heads["local_offset"][0, :2, 12, 11] = -1.0, 0.0
    (poses,) = decoder(spec, rule="released")(heads)
    np.testing.assert_array_equal(poses.keypoints[0, 0], [41, 46])


@pytest.mark.parametrize(
    ("row", "column", "step"), [(0, 0, 1), (19, 29, -1), (0, 29, -1), (19, 0, 1)]
)
def test_cells_beyond_the_map_do_not_count(spec, row, column, step):
    heads = blank_heads(20, 30)
    heads["heatmap"][0, :, row, column] = 0.5
    heads["heatmap"][0, :17, row, column + step] = 0.25
    heads["local_offset"][:, :, row, column] = 3.0
    heads["box_size"][0, :, row, column] = 10, 8
    (poses,) = decoder(spec)(heads)
    x, y = column + (0.5 * 3 + 0.25 * step) / 0.75, row + 0.5 * 3 / 0.75
    expected = np.broadcast_to([4 * x, 4 * y], (17, 2))
    np.testing.assert_allclose(poses.keypoints[0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("area", "spread"),
    [((10, 8), 4.0), ((20, 20), 20.0), ((1, 2), 0.45), ((-3, 40), 0.45), ((3, 3), 0.45)],
)
def test_window_grows_with_the_box_and_has_a_least_size(spec, area, spread):
    heads = one_person(area)
    heads["heatmap"][0, 3] = 0
    heads["heatmap"][0, 3, 13, 11] = 0.6  # sqrt(2) from where it was regressed
    (poses,) = decoder(spec)(heads)
    expected = 0.6 * np.exp(-2 / spread)
    np.testing.assert_allclose(poses.keypoint_scores[0, 3], expected, rtol=1e-5)


def test_near_cell_wins_over_a_higher_one_far_away(spec):
    heads = one_person()
    heads["heatmap"][0, 3] = 0
    heads["heatmap"][0, 3, 12, 13] = 0.9  # 3 cells: 0.9 exp(-9 / 4) = 0.095
    heads["heatmap"][0, 3, 12, 10] = 0.2
    (poses,) = decoder(spec)(heads)
    np.testing.assert_array_equal(poses.keypoints[0, 3], [40, 48])
    np.testing.assert_allclose(poses.keypoint_scores[0, 3], 0.2, rtol=1e-6)


@pytest.mark.parametrize("rule", ["adaptive", "released"])
def test_keypoint_without_a_cell_stays_where_it_was_regressed(spec, rule):
    heads = one_person()
    heads["heatmap"][0, 5] = 0
    heads["offset"][0, 10:12, 12, 10] = 2.5, -1.25
    heads["local_offset"][0, 10:12] = 7
    (poses,) = decoder(spec, rule=rule)(heads)
    np.testing.assert_array_equal(poses.keypoints[0, 5], [50, 43])
    assert poses.keypoint_scores[0, 5] == 0


# ---- both rules


@pytest.mark.parametrize("rule", ["adaptive", "released"])
def test_pose_score_is_center_times_mean_of_found_keypoints(spec, rule):
    heads = one_person()
    heads["heatmap"][0, :17, 12, 10] = 0.5
    heads["heatmap"][0, :4, 12, 10] = 0.12, 0.127, 0.128, 0.0
    heads["heatmap"][0, 17, 12, 10] = 0.4
    (poses,) = decoder(spec, rule=rule)(heads)
    expected = np.float32(0.4) * (13 * 0.5 + 0.128) / 14
    np.testing.assert_allclose(poses.scores, [expected], rtol=1e-6)
    np.testing.assert_allclose(poses.keypoint_scores[0, :4], [0.12, 0.127, 0.128, 0], rtol=1e-6)


def test_pose_without_found_keypoints_has_score_zero(spec):
    heads = one_person()
    heads["heatmap"][0, :17, 12, 10] = 0.1
    (poses,) = decoder(spec)(heads)
    assert poses.scores.tolist() == [0]


def test_boxes_lie_around_the_center_and_its_offset(spec):
    heads = one_person((10, 8))
    heads["box_offset"][0, :, 12, 10] = 0.5, -1
    (poses,) = decoder(spec)(heads)
    np.testing.assert_array_equal(poses.boxes, [[4 * 5.5, 4 * 7, 4 * 15.5, 4 * 15]])


def test_people_are_found_where_they_were_drawn_best_first(spec):
    drawn = [Person(60, 90, 80, 0.5), Person(150, 80, 100, 0.9), Person(250, 100, 60, 0.7, 0.95)]
    (poses,) = decoder(spec)(heads_of(drawn, 48, 80))
    assert len(poses) == 3
    by_score = [drawn[1], drawn[2], drawn[0]]
    for i, person in enumerate(by_score):
        np.testing.assert_allclose(poses.boxes[i], person.box, atol=1e-3)
        # the eyes and ears of one figure share cells: the others have their own
        alone = slice(5, None)
        distance = np.linalg.norm(poses.keypoints[i, alone] - person.keypoints[alone], axis=1)
        assert distance.max() < STRIDE
    assert (np.diff(poses.scores) <= 0).all()


def test_order_follows_the_pose_score_not_the_center(spec):
    drawn = [Person(60, 90, 80, 0.9, 0.3), Person(180, 90, 80, 0.6, 0.9)]
    (poses,) = decoder(spec)(heads_of(drawn, 48, 64))
    assert poses.boxes[0, 0] > poses.boxes[1, 0]
    assert poses.scores[0] > poses.scores[1] > 0


def test_at_most_max_people_with_the_highest_centers(spec):
    drawn = [Person(40 + 60 * i, 90, 50, score) for i, score in enumerate((0.5, 0.9, 0.4, 0.8))]
    heads = heads_of(drawn, 48, 80)
    (poses,) = decoder(spec, max_people=2)(heads)
    np.testing.assert_allclose(poses.boxes[:, 0], [100 - 10, 220 - 10], atol=1e-3)


def test_nobody_gives_no_rows(spec):
    (poses,) = decoder(spec)(blank_heads(8, 8))
    assert len(poses) == 0
    assert poses.keypoints.shape == (0, 17, 2)


# ---- several images


@pytest.mark.parametrize("rule", ["adaptive", "released"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_each_image_of_a_batch_is_decoded_as_if_alone(extract, spec, rule, order):
    first = activate(house_heads(extract, "multipose_square"), spec)
    shifted = {name: np.roll(head, (5, 9), axis=(2, 3)) for name, head in first.items()}
    empty = {name: np.zeros_like(head) for name, head in first.items()}
    images = [first, shifted, empty]
    decode = decoder(spec, rule=rule)
    alone = [decode(heads)[0] for heads in images]
    assert [len(poses) > 0 for poses in alone] == [True, True, False]
    batch = {name: np.concatenate([images[i][name] for i in order]) for name in first}
    together = decode(batch)
    assert len(together) == 3
    for poses, i in zip(together, order, strict=True):
        assert_same(poses, alone[i])


def test_shifted_heads_give_shifted_poses(spec):
    drawn = Person(80, 70, 60)
    heads, shifted = heads_of([drawn], 48, 48), blank_heads(48, 48)
    put_person(shifted, Person(drawn.x + 8, drawn.y + 12, drawn.height))
    (poses,), (moved,) = decoder(spec)(heads), decoder(spec)(shifted)
    np.testing.assert_allclose(moved.keypoints, poses.keypoints + np.float32([8, 12]), atol=1e-3)


# ---- what is refused


def test_unknown_option_is_refused_by_its_name(spec):
    with pytest.raises(ValueError, match=r"decoder options of movenet-multipose: .*'colour'"):
        decoder(spec, colour=3)


def test_unknown_rule_is_refused_with_the_choice(spec):
    with pytest.raises(ValueError, match="rule must be 'adaptive' or 'released', got 'best'"):
        decoder(spec, rule="best")


def test_options_override_the_constants(spec):
    heads = one_person((10, 8))
    heads["heatmap"][0, 3] = 0
    heads["heatmap"][0, 3, 12, 11] = 0.6
    (poses,) = decoder(spec, adaptive_spread=0.1)(heads)
    expected = 0.6 * np.exp(-1 / 8)
    np.testing.assert_allclose(poses.keypoint_scores[0, 3], expected, rtol=1e-5)


def test_cells_must_lie_at_their_corner(spec):
    with pytest.raises(ValueError, match="cell_origin of a MoveNet must be 'corner'"):
        decoder(replace(spec, cell_origin="half-pixel"))
