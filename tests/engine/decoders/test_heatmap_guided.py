"""Heatmap-guided decoding, from heads to poses in the image."""

from dataclasses import replace

import numpy as np
import parity
import pytest
from factories import person_keypoints
from posetrack.engine.decoders.heatmap_guided import HeatmapGuidedDecoder
from posetrack.structures import ImageTransform
from posetrack.structures.pose_links import POSE_LINKS
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

# Image and input are the same: the affine map is the identity.
SAME = ImageTransform.hrnet_affine((256, 256), 256)
OFF = np.float32([6, 0])  # by which the regression misses


def decode(*levels, companions=None, rules="released", max_people=30, **options):
    spec = replace(make_spec("heatmap-guided", rules=rules, **options), max_people=max_people)
    (poses,) = HeatmapGuidedDecoder(spec, companions or {})(levels).to_host()
    return poses


class Asked(ConstantScores):
    """A scoring network that remembers what it was asked about."""

    def run(self, arrays):
        self.features = arrays["features"]
        return super().run(arrays)


def level_with(*people, scale=1.0):
    """One test scale with standing people (x, y, center value), their offsets 6 pixels off."""
    transform = ImageTransform.hrnet_affine((256, 256), 256, scale)
    level = blank_level(*(side // 4 for side in transform.input_size), transform, scale)
    for x, y, value in people:
        keypoints = person_keypoints(x, y, 120.0) * scale
        cell = (round(x * scale / 4), round(y * scale / 4))
        put_pose(level, keypoints + OFF, cell, value)
        put_gaussians(level, keypoints)
    return level


def test_person_is_found_where_the_heatmap_shows_it():
    poses = decode(level_with((128, 128, 0.5)))
    assert len(poses) == 1
    # the Gaussians are of the upsampled map, straight between cells
    error = np.abs(poses.keypoints[0] - person_keypoints(128, 128, 120.0))
    assert error.max() < 0.5
    np.testing.assert_allclose(poses.keypoint_scores[0], 0.5 * 0.9, rtol=0.05)
    np.testing.assert_allclose(poses.scores[0], poses.keypoint_scores[0].mean(), rtol=1e-6)


def test_regression_is_left_where_the_offsets_point():
    poses = decode(level_with((128, 128, 0.5)), output="regression")
    expected = person_keypoints(128, 128, 120.0) + OFF
    np.testing.assert_allclose(poses.keypoints[0], expected, rtol=0, atol=DECODED_PIXELS)


def test_nobody_in_the_maps_is_nobody_in_the_image():
    for output in ("final", "regression"):
        poses = decode(blank_level(64, 64, SAME), output=output, companions={"score": None})
        assert poses.keypoints.shape == (0, 17, 2)


def test_keypoint_far_from_all_peaks_takes_the_transposed_heat_of_the_release():
    level = blank_level(64, 64, SAME)
    keypoints = np.full((17, 2), (200, 40), np.float32)
    put_pose(level, keypoints, (20, 20), 0.5)
    level.heads["heatmap"][0, :17, 50, 10] = 0.04  # at x 40, y 200: where (200, 40) is looked up
    level.heads["heatmap"][0, :17, 32, 0] = 0.03
    # a peak in every window of the map but those near the keypoint, so that 30 are found far off
    level.heads["heatmap"][0, :17, 40:64:2, 2:36:3] += 0.05
    poses = decode(level, output="final")
    np.testing.assert_allclose(poses.keypoints[0], keypoints, atol=DECODED_PIXELS)
    there = level.heads["heatmap"][0, 0, 50, 10]
    np.testing.assert_allclose(poses.keypoint_scores[0], 0.5 * there, rtol=1e-5)
    paper = decode(level, output="final", rules="paper")
    np.testing.assert_array_equal(paper.keypoint_scores[0], np.zeros(17))  # nothing at x 200, y 40


def test_snapped_keypoint_of_a_weak_peak_scores_nothing_in_the_release():
    level = blank_level(64, 64, SAME)
    put_pose(level, person_keypoints(128, 128, 120.0), (32, 32), 0.5)
    put_gaussians(level, person_keypoints(128, 128, 120.0), height=0.008)
    np.testing.assert_array_equal(decode(level).keypoint_scores, np.zeros((1, 17)))
    regressed = decode(level, output="regression")
    paper = decode(level, rules="paper")  # such a peak is none: the keypoint stays
    np.testing.assert_array_equal(paper.keypoints, regressed.keypoints)


def test_limits_of_the_paper_count_themselves():
    """Section 3.2: candidates "smaller than 0.01" go, those "within 75 pixels" are absorbed."""
    level = blank_level(64, 64, SAME)
    keypoints = np.full((17, 2), (120, 120), np.float32)
    put_pose(level, keypoints, (30, 30), 0.5)
    level.heads["heatmap"][0, :17, 45, 45] = 0.01  # pixel (180, 180), as high as the limit
    level.heads["heatmap"][0, :17, 45, 15] = 0.0099
    distance = float(np.float32(60 * 2**0.5))
    near = decode(level, rules="paper", snap_distance=distance)
    np.testing.assert_array_equal(near.keypoints[0], np.full((17, 2), 180))
    np.testing.assert_allclose(near.keypoint_scores[0], 0.5 * 0.01, rtol=1e-6)
    apart = decode(level, rules="paper", snap_distance=np.nextafter(np.float32(distance), 0))
    np.testing.assert_array_equal(apart.keypoints[0], keypoints)
    released = decode(level, snap_distance=distance)
    assert not released.keypoint_scores.any()


def test_keypoint_of_the_paper_without_a_candidate_has_the_heat_where_it_lies():
    level = blank_level(64, 64, SAME)
    keypoints = np.full((17, 2), (122, 121), np.float32)
    put_pose(level, keypoints, (30, 30), 0.5)
    level.heads["heatmap"][0, :17, 30, 30] = 0.4  # at (120, 120); it is the peak, but too far
    poses = decode(level, rules="paper", snap_distance=1.0)
    np.testing.assert_array_equal(poses.keypoints[0], keypoints)
    np.testing.assert_allclose(poses.keypoint_scores[0], 0.5 * 0.4 * 0.5 * 0.75, rtol=1e-5)


@pytest.mark.parametrize("rules", ["released", "paper"])
def test_candidates_are_not_fewer_where_fewer_people_are_wanted(rules):
    level = level_with((70, 128, 0.5))
    put_gaussians(level, person_keypoints(190, 128, 120.0), height=1.0)  # higher, of no center
    alone = decode(level, rules=rules, max_people=1)
    np.testing.assert_array_equal(alone.keypoints, decode(level, rules=rules).keypoints)
    assert np.abs(alone.keypoints[0] - person_keypoints(70, 128, 120.0)).max() <= 2
    one = decode(level, rules=rules, max_people=1, keypoint_candidates=1)
    assert np.abs(one.keypoints[0] - alone.keypoints[0]).max() > 2


def test_scoring_network_of_the_paper_sees_pixels_and_heat():
    """Section 3.2: {h_k(p_k)}, {p_i - p_j} and {d_ij}, as they are."""
    level, asked = level_with((128, 128, 0.5)), Asked(0.7)
    poses = decode(level, companions={"score": asked}, rules="paper")
    first, second = (list(ends) for ends in zip(*POSE_LINKS[17], strict=True))
    vectors = poses.keypoints[0, first] - poses.keypoints[0, second]
    heat = poses.keypoint_scores[0] / 0.5
    expected = np.concatenate((vectors.reshape(-1), np.hypot(*vectors.T), heat))
    assert asked.features.shape == (1, 74)
    np.testing.assert_allclose(asked.features[0], expected, rtol=1e-5)
    np.testing.assert_array_equal(poses.scores, np.float32([0.7]))
    released = Asked(0.7)
    decode(level, companions={"score": released})
    assert np.abs(released.features[0, :57]).max() < 10  # in torsos
    assert np.abs(asked.features[0, :57]).max() > 20


def test_paper_finds_candidates_in_the_finer_heatmap_alone():
    """Footnote 3: grouping cues from stride 4, keypoint candidates from stride 2."""
    level = level_with((128, 128, 0.5))
    level.heads["heatmap_2x"] = np.zeros((1, 17, 128, 128), np.float32)
    level.heads["heatmap_2x"][0, :, 70, 60] = 0.3  # pixel (120, 140)
    keypoints = np.full((17, 2), (118, 138), np.float32)
    put_pose(level, keypoints, (32, 32), 0.5)
    level.heads["heatmap"][0, :17] = 0
    level.heads["heatmap"][0, :17, 34, 29] = 0.6  # pixel (116, 136) of stride 4, as near
    paper = decode(level, rules="paper")
    np.testing.assert_array_equal(paper.keypoints[0], np.full((17, 2), (120, 140)))
    np.testing.assert_allclose(paper.keypoint_scores[0], 0.5 * 0.3, rtol=1e-6)
    released = decode(level)
    assert np.abs(released.keypoints[0] - (120, 140)).max() > 1


def test_paper_neither_fits_nor_suppresses():
    level = level_with((128, 128, 0.5))
    put_pose(level, person_keypoints(128, 128, 120.0) + OFF, (36, 32), 0.4)
    assert len(decode(level)) == 1
    paper = decode(level, rules="paper")
    assert len(paper) == 2
    np.testing.assert_array_equal(paper.keypoints % 1, np.zeros((2, 17, 2)))  # whole pixels


def test_same_person_of_two_centers_is_the_better_one():
    level = blank_level(64, 64, SAME)
    keypoints = person_keypoints(128, 128, 120.0)
    put_pose(level, keypoints, (28, 32), 0.4)
    put_pose(level, keypoints + 7, (36, 32), 0.5)  # 9.9 pixels away
    poses = decode(level, output="regression")
    np.testing.assert_allclose(poses.keypoints, [keypoints + 7], atol=DECODED_PIXELS)
    put_pose(level, keypoints + 8, (36, 32), 0.5)  # 11.3
    assert len(decode(level, output="regression")) == 2


def test_ten_near_keypoints_are_not_enough_to_be_the_same():
    level = blank_level(64, 64, SAME)
    keypoints = person_keypoints(128, 128, 120.0)
    for near, found in ((10, 2), (11, 1)):
        other = keypoints + 20
        other[:near] = keypoints[:near] + 5
        put_pose(level, keypoints, (28, 32), 0.4)
        put_pose(level, other, (36, 32), 0.5)
        assert len(decode(level, output="regression")) == found


def test_other_test_scale_only_adds_people():
    base = level_with((70, 128, 0.5))
    large = level_with((70, 128, 0.9), (190, 128, 0.7), scale=2.0)
    poses = decode(base, large)
    assert len(poses) == 2
    assert np.abs(poses.keypoints[0] - person_keypoints(70, 128, 120.0)).max() < 1
    assert np.abs(poses.keypoints[1] - person_keypoints(190, 128, 120.0)).max() < 1
    # its center counts a thousandth, measured by the highest of its own scale
    for level in (base, large):
        level.heads["heatmap"][0, :17] = 0.6
    scores = decode(base, large, output="regression").scores
    np.testing.assert_allclose(scores, 0.6 * np.array([0.5, 0.5 * 0.001 * 0.7 / 0.9]), rtol=1e-5)


def test_order_of_the_test_scales_does_not_matter():
    levels = [level_with((70, 128, 0.5), scale=scale) for scale in (0.5, 1.0, 2.0)]
    first, second = decode(*levels), decode(*levels[::-1])
    np.testing.assert_array_equal(first.keypoints, second.keypoints)
    assert len(first) == 1


def test_finer_heatmap_places_the_same_person():
    level = level_with((128, 128, 0.5))
    finer = blank_level(128, 128, SAME)
    put_gaussians(finer, person_keypoints(128, 128, 120.0), stride=2)
    level.heads["heatmap_2x"] = finer.heads["heatmap"][:, :-1]
    poses = decode(level)
    assert len(poses) == 1
    error = np.abs(poses.keypoints[0] - person_keypoints(128, 128, 120.0))
    assert error.max() < 0.5
    regression = decode(level, output="regression")
    expected = person_keypoints(128, 128, 120.0) + OFF
    np.testing.assert_allclose(regression.keypoints[0], expected, rtol=0, atol=DECODED_PIXELS)


def test_scoring_network_multiplies_in_the_release_and_rules_in_the_paper():
    level = level_with((70, 128, 0.5), (190, 128, 0.4))
    plain = decode(level)
    companions = {"score": ConstantScores(0.5, 3.0)}
    poses = decode(level, companions=companions)
    np.testing.assert_allclose(poses.scores, plain.scores[::-1] * np.float32([3.0, 0.5]), rtol=1e-6)
    np.testing.assert_array_equal(poses.keypoints, plain.keypoints[::-1])
    np.testing.assert_array_equal(
        decode(level, companions=companions, rules="paper").scores, [3.0, 0.5]
    )


def test_poses_come_back_to_the_image():
    transform = ImageTransform.hrnet_affine((128, 128), 256)  # twice as large
    level = blank_level(64, 64, transform)
    put_pose(level, person_keypoints(128, 128, 120.0), (32, 32), 0.5)
    poses = decode(level, output="regression")
    expected = person_keypoints(64, 64, 60.0)
    np.testing.assert_allclose(poses.keypoints[0], expected, rtol=0, atol=DECODED_PIXELS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nms": 3}, "decoder options of heatmap-guided-test"),
        ({"output": "best"}, "output must be 'final' or 'regression', got 'best'"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        HeatmapGuidedDecoder(make_spec("heatmap-guided", **options), {})


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
@pytest.mark.parametrize(("output", "prefix"), [("regression", "reg"), ("final", "heat")])
def test_poses_are_those_of_the_released_code(shared, case, output, prefix):
    arrays = parity.load(shared, "decode_hrbu")
    companions = {"score": ScoringNetwork(arrays)}
    poses = decode(notional_heads(shared, case), companions=companions, output=output)
    scores = arrays[f"{case}/{prefix}_rescored"]
    order = np.argsort(-scores)
    expected = arrays[f"{case}/{prefix}_final_image"][order]
    atol = FITTED_PIXELS if output == "final" else DECODED_PIXELS
    np.testing.assert_allclose(poses.keypoints, expected[..., :2], rtol=0, atol=atol)
    np.testing.assert_allclose(poses.keypoint_scores, expected[..., 2], rtol=DECODED_SCORES_RTOL)
    np.testing.assert_allclose(poses.scores, scores[order], rtol=DECODED_SCORES_RTOL)


@pytest.mark.data
def test_poses_of_network_maps_are_those_of_the_released_code(shared):
    arrays = parity.load(shared, "hrbu_narrow")
    level = network_heads(arrays, "s1/heatmaps_avg", "s1/reg_kpts_avg")
    companions = {"score": ScoringNetwork(arrays)}
    for output, prefix in (("regression", "reg_"), ("final", "")):
        poses = decode(level, companions=companions, output=output)
        order = np.argsort(-arrays[f"{prefix or 'final_'}rescored"])
        expected = arrays[f"{prefix}final_image"][order]
        scores = arrays[f"{prefix or 'final_'}rescored"][order]
        # random maps have no well-formed peaks: where a fit sends a keypoint far off, how far
        # depends on the solver's version, and the one row of pixels that is left of a window
        # before the map does not determine a Gaussian at all
        near = np.abs(expected[..., :2]).max(axis=2) < 2 * 240
        if output == "regression":
            assert near.all()
        else:
            y = arrays["absorbed"][order][..., 1]
            near &= (y < -8) | (y > -5)
            assert (~near).sum() == 2
        same = np.isclose(poses.scores, scores, rtol=DECODED_SCORES_RTOL, atol=0)
        assert same[near.all(axis=1)].all()
        assert same.sum() >= len(same) - 1
        np.testing.assert_allclose(
            poses.keypoints[near], expected[near][:, :2], rtol=0, atol=FITTED_PIXELS
        )
