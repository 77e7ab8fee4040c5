"""DEKR's decoding, from heads to poses in the image."""

import numpy as np
import parity
import pytest
from factories import person_keypoints
from posetrack.engine.decoders.dekr import DekrDecoder
from posetrack.structures import COCO_17, CROWDPOSE_14, ImageTransform
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL, FITTED_PIXELS

from ..published_maps import (
    ConstantScores,
    ScoringNetwork,
    blank_level,
    make_spec,
    network_heads,
    notional_heads,
    put_gaussians,
    put_pose,
)

SAME = ImageTransform.hrnet_affine((256, 256), 256)


def decode(*levels, companions=None, skeleton=COCO_17, **options):
    decoder = DekrDecoder(make_spec("dekr", skeleton, **options), companions or {})
    (poses,) = decoder(levels).to_host()
    return poses


def level_with(*people, scale=1.0, height=120.0):
    """One test scale with standing people (x, y, center value) under their heatmap's Gaussians."""
    transform = ImageTransform.hrnet_affine((256, 256), 256, scale)
    level = blank_level(*(side // 4 for side in transform.input_size), transform, scale)
    for x, y, value in people:
        keypoints = person_keypoints(x, y, height) * scale
        put_pose(level, keypoints, (round(x * scale / 4), round(y * scale / 4)), value)
        put_gaussians(level, keypoints)
    return level


def test_person_is_where_the_offsets_point_and_scored_by_the_heatmap():
    level = level_with((128, 128, 0.5))
    level.heads["heatmap"][0, :17] = 0.6
    poses = decode(level)
    expected = person_keypoints(128, 128, 120.0)
    np.testing.assert_allclose(poses.keypoints[0], expected, rtol=0, atol=DECODED_PIXELS)
    np.testing.assert_allclose(poses.keypoint_scores, np.full((1, 17), 0.3), rtol=1e-5)
    np.testing.assert_allclose(poses.scores, [0.3], rtol=1e-5)


def test_nobody_in_the_maps_is_nobody_in_the_image():
    for match in (False, True):
        poses = decode(blank_level(64, 64, SAME), match_heatmap=match, companions={"score": None})
        assert poses.keypoints.shape == (0, 17, 2)


def test_better_of_two_similar_poses_is_the_one_on_the_heatmap():
    level = level_with((128, 128, 0.3))
    put_pose(level, person_keypoints(128, 128, 120.0) + 3, (36, 32), 0.9)
    poses = decode(level)
    expected = person_keypoints(128, 128, 120.0)
    np.testing.assert_allclose(poses.keypoints, [expected], rtol=0, atol=DECODED_PIXELS)


def two_poses_apart(distance, near=17):
    level = blank_level(64, 64, SAME)
    keypoints = person_keypoints(128, 128, 120.0)
    other = keypoints + 60
    other[:near] = keypoints[:near] + np.float32([distance, 0])
    put_pose(level, keypoints, (28, 32), 0.4)
    put_pose(level, other, (36, 32), 0.4)
    return level


def test_similar_is_a_twentieth_of_the_diagonal():
    extent = np.ptp(person_keypoints(128, 128, 120.0), axis=0)
    limit = 0.05 * np.hypot(*extent)
    assert len(decode(two_poses_apart(limit - 0.1))) == 1
    assert len(decode(two_poses_apart(limit + 0.1))) == 2


def test_eight_near_keypoints_are_not_enough_to_be_the_same():
    assert len(decode(two_poses_apart(1, near=8))) == 2
    assert len(decode(two_poses_apart(1, near=9))) == 1
    assert len(decode(two_poses_apart(1, near=9), nms_keypoints=9)) == 2


def test_crowdpose_has_its_own_constants_unless_others_are_asked_for():
    def constants(**options):
        return DekrDecoder(make_spec("dekr", CROWDPOSE_14, **options), {}).constants

    assert (constants().nms_keypoints, constants().scale_decrease) == (7, 0.8)
    assert constants(nms_keypoints=9).nms_keypoints == 9
    coco = DekrDecoder(make_spec("dekr"), {}).constants
    assert (coco.nms_keypoints, coco.scale_decrease) == (8, 0.9)


def test_centers_of_other_test_scales_count_less():
    base = level_with((70, 128, 0.5))
    large = level_with((190, 128, 0.7), (70, 40, 0.35), scale=2.0, height=50.0)
    for level in (base, large):
        level.heads["heatmap"][0, :17] = 0.6
    poses = decode(base, large)
    # 0.5 itself; 0.9 of it for the highest of the larger scale; half of that for half as high
    np.testing.assert_allclose(poses.scores, 0.6 * np.array([0.5, 0.45, 0.225]), rtol=1e-5)
    expected = person_keypoints(190, 128, 50.0)
    np.testing.assert_allclose(poses.keypoints[1], expected, rtol=0, atol=DECODED_PIXELS)


def test_scale_one_without_people_counts_as_one():
    base, large = blank_level(64, 64, SAME), level_with((128, 128, 0.35), scale=2.0)
    for level in (base, large):
        level.heads["heatmap"][0, :17] = 0.6
    np.testing.assert_allclose(decode(base, large).scores, [0.6 * 0.9], rtol=1e-5)


def test_matching_moves_keypoints_and_leaves_the_scores():
    level = blank_level(64, 64, SAME)
    keypoints = person_keypoints(128, 128, 120.0)
    put_pose(level, keypoints + np.float32([4, 0]), (32, 32), 0.5)
    put_gaussians(level, keypoints)
    plain, matched = decode(level), decode(level, match_heatmap=True)
    assert np.abs(plain.keypoints[0] - keypoints).max() > 3.9
    assert np.abs(matched.keypoints[0] - keypoints).max() < 0.5
    np.testing.assert_array_equal(matched.keypoint_scores, plain.keypoint_scores)
    np.testing.assert_array_equal(matched.scores, plain.scores)


def test_scoring_network_multiplies():
    level = level_with((70, 128, 0.5), (190, 128, 0.4))
    plain = decode(level)
    poses = decode(level, companions={"score": ConstantScores(2.0, np.nan)})
    np.testing.assert_allclose(sorted(poses.scores), [0, 2 * plain.scores.max()], rtol=1e-6)


def test_thirty_people_with_the_most_heat_stay():
    # Twenty at scale 1 and twenty more, elsewhere, at scale 2.
    base, large = (
        level_with(
            *((x, y, 0.5) for x in range(30, 240, 50) for y in range(first, 256, 64)),
            scale=scale,
            height=12.0,
        )
        for first, scale in ((20, 1.0), (52, 2.0))
    )
    poses = decode(base, large)
    assert len(poses) == 30
    assert (poses.keypoint_scores > 0).all()


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="decoder options of dekr-test"):
        decode(blank_level(64, 64, SAME), nms=3)


def check(poses, expected, scores, atol=DECODED_PIXELS):
    order = np.argsort(-scores)
    np.testing.assert_allclose(poses.keypoints, expected[order][..., :2], rtol=0, atol=atol)
    stored = expected[order][..., 2]
    np.testing.assert_allclose(poses.keypoint_scores, stored, rtol=DECODED_SCORES_RTOL, atol=1e-9)
    np.testing.assert_allclose(poses.scores, scores[order], rtol=DECODED_SCORES_RTOL)


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_poses_are_those_of_the_released_code(shared, case):
    arrays, level = parity.load(shared, "decode_dekr"), notional_heads(shared, case)
    poses = decode(level, companions={"score": ScoringNetwork(arrays)})
    check(poses, arrays[f"{case}/final_image"], arrays[f"{case}/rescored"])
    matched = arrays[f"{case}/match_adjusted"].copy()
    matched[..., :2] = level.transform.to_image(matched[..., :2])
    poses = decode(level, match_heatmap=True)
    check(poses, matched, arrays[f"{case}/nms_scores"], FITTED_PIXELS)


@pytest.mark.data
def test_poses_of_network_maps_are_those_of_the_released_code(shared):
    arrays = parity.load(shared, "dekr_narrow")
    level = network_heads(arrays, "s1/heatmap", "s1/posemap")
    poses = decode(level, companions={"score": ScoringNetwork(arrays)})
    check(poses, arrays["final_image"], arrays["final_rescored"])
