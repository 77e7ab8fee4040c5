"""LOGO-CAP's decoding: the published poses, and each choice by hand-made maps."""

from dataclasses import replace

import numpy as np
import parity
import pytest
from posetrack.engine.decoders.logocap import LogoCapDecoder, LogoCapDecoding
from posetrack.engine.heads import View
from posetrack.structures import CROWDPOSE_14, ImageTransform
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL, EMBEDDING_ATOL

from ..published_maps import blank_level, make_spec, notional_heads, put_gaussians, put_pose

# An image that is its own input, and a person in it.
TRANSFORM = ImageTransform.hrnet_affine((256, 320), 256)
MAP_SIZE = (64, 80)
CENTER = (40, 32)  # cell
START = np.float32([2, 2])  # see `put_person`
PERSON = np.stack(
    (100 + 40 * np.cos(np.arange(17.0)), 120 + 60 * np.sin(np.arange(17.0))), axis=1
).astype(np.float32)


class GivenKernels:
    """A refinement network that always answers the same."""

    def __init__(self, kernels):
        self.kernels = np.float32(kernels)
        self.features = None  # what it was last asked about

    def run(self, arrays):
        self.features = arrays["features"]
        return {"kernels": self.kernels[: len(self.features)]}


def flat_kernels(count=17, side=11, value=1.0):
    return GivenKernels(np.full((30, count, side, side), value))


def point_kernels():
    """Kernels that move nothing."""
    kernels = np.zeros((30, 17, 11, 11))
    kernels[:, :, 5, 5] = 1
    return GivenKernels(kernels)


def decoder(refine=None, rules="released", max_people=30, **options):
    companions = {} if refine is None else {"refine": refine}
    spec = replace(make_spec("logocap", rules=rules, **options), max_people=max_people)
    decode = LogoCapDecoder(spec, companions)
    return lambda views: decode(views).to_host()[0]


def put_person(view, keypoints, center=CENTER, score=0.9):
    """Regress keypoints (K, 2) from a cell in which pixel (2, 2) of (0..3, 0..3) is the highest.

    The pose starts from that pixel with the cell's offset, so it comes out 2 pixels right and down.
    """
    put_pose(view, keypoints - START, center, score)
    x, y = center
    view.heads["heatmap"][0, -1, y : y + 2, x : x + 2] = [[score, score / 2], [score / 2, 0]]


def view_of(*people, test_scale=1.0):
    """A view of poses (K, 2), each with a lower center right of the last one's, and their peaks."""
    view = blank_level(*MAP_SIZE, TRANSFORM, test_scale)
    view.heads["embedding"] = np.zeros((1, 2, *MAP_SIZE), np.float32)
    # without a flip test the adaptation sees the same maps
    view.heads["adaptation_heatmap"] = view.heads["heatmap"][:, :-1]
    for i, keypoints in enumerate(people):
        put_person(view, keypoints, (CENTER[0] + 6 * i, CENTER[1]), 0.9 - 0.1 * i)
        put_gaussians(view, keypoints)
    return view


def network_view(arrays):
    """The published network's view of its image, averaged with the flipped image."""
    heads = {
        "heatmap": arrays["heatmaps_merged"],
        "offset": arrays["offsets_merged"],
        "embedding": arrays["embedding"],
    }
    image_size = arrays["image_rgb_u8"].shape[:2]
    return View(heads, ImageTransform.hrnet_affine(image_size, 256))


def assert_published(poses, xyv, scores, clear):
    """Poses are those rows, best first; `clear` (N, K) are the keypoints without ties."""
    order = np.argsort(-scores, kind="stable")
    xyv, clear = xyv[order], clear[order]
    assert len(poses) == len(xyv) > 0
    np.testing.assert_allclose(poses.scores, scores[order], rtol=DECODED_SCORES_RTOL)
    np.testing.assert_allclose(poses.keypoint_scores, xyv[..., 2], rtol=DECODED_SCORES_RTOL)
    places = poses.keypoints[clear]
    np.testing.assert_allclose(places, xyv[clear][:, :2], rtol=0, atol=DECODED_PIXELS)
    low, high = poses.keypoints.min(axis=1), poses.keypoints.max(axis=1)
    np.testing.assert_array_equal(poses.boxes, np.concatenate((low, high), axis=1))


# ---- the published poses


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_shared_maps_give_the_published_poses(shared, case):
    arrays = parity.load(shared, "decode_logocap")
    view = notional_heads(shared, case)
    view.heads["embedding"] = np.zeros((1, 2, 112, 128), np.float32)
    poses = decoder(GivenKernels(arrays[f"{case}/kam_preclamp"]))([view])
    assert_published(
        poses,
        arrays[f"{case}/final_image_xyv"],
        arrays[f"{case}/final_scores"],
        ~arrays[f"{case}/kp_ambiguous"],
    )


@pytest.mark.data
def test_maps_of_a_network_give_the_published_poses(shared):
    arrays = parity.load(shared, "logocap_narrow")
    refine = GivenKernels(arrays["kam_preclamp"])
    poses = decoder(refine)([network_view(arrays)])
    assert refine.features.shape == (7, 17 * 8, 11, 11)
    expected = arrays["kem_features_first3"]
    np.testing.assert_allclose(refine.features[:3], expected, rtol=0, atol=EMBEDDING_ATOL)
    assert_published(
        poses,
        arrays["final_poses_image_xyv"],
        arrays["final_scores_after_nms"],
        ~arrays["kp_ambiguous"][arrays["nms_keep"]],
    )


@pytest.mark.data
@pytest.mark.parametrize("adaptation", ["partial", "none"])
def test_less_adaptation_gives_the_published_poses(shared, adaptation):
    arrays = parity.load(shared, "logocap_narrow")
    xyv = arrays[f"{adaptation}_poses_input_xyv"].copy()
    view = network_view(arrays)
    xyv[..., :2] = view.transform.to_image(xyv[..., :2])
    # the stored poses are those before the suppression
    refine = GivenKernels(arrays["kam_preclamp"])
    decode = decoder(refine, adaptation=adaptation, nms_distance=1e-6)
    everywhere = np.ones(xyv.shape[:2], bool)
    assert_published(decode([view]), xyv, arrays[f"{adaptation}_scores"], everywhere)


# ---- the rules one by one


def test_image_without_people_gives_none():
    poses = decoder(flat_kernels())([view_of()])
    assert len(poses) == 0
    assert poses.keypoints.shape == (0, 17, 2)


def test_initial_poses_are_what_the_offsets_say():
    poses = decoder(adaptation="none")([view_of(PERSON)])
    assert len(poses) == 1
    np.testing.assert_allclose(poses.keypoints[0], PERSON, rtol=0, atol=1e-4)


def test_where_no_center_is_likely_the_release_keeps_the_best_and_the_paper_none():
    view = view_of(PERSON, PERSON + np.float32([150, 0]))
    view.heads["heatmap"][0, -1] *= 0.01
    assert len(decoder(adaptation="none")([view])) == 1
    assert len(decoder(adaptation="none", min_center=0.005)([view])) == 2
    for adaptation in ("none", "partial", "full"):
        poses = decoder(flat_kernels(), rules="paper", adaptation=adaptation)([view])
        assert poses.keypoints.shape == (0, 17, 2)
    view.heads["heatmap"][0, -1, CENTER[1], CENTER[0]] = 0.02  # 0.0153 when enlarged
    assert len(decoder(adaptation="none", rules="paper")([view])) == 1


def test_windows_pull_keypoints_to_the_peaks_of_the_heatmap():
    wrong = PERSON + np.float32([6, -5])
    view = view_of(PERSON)
    put_person(view, wrong)
    poses = decoder(point_kernels())([view])
    assert len(poses) == 1
    # The Gaussian of 16 pixels pulls a peak of 8 back by a fifth; cells lie half a stride off.
    errors = np.abs(poses.keypoints[0] - PERSON - np.float32([1.2, -1]) - 1.5)
    assert errors.max() < 1.5


def test_repeated_person_is_kept_once_by_the_released_rules_alone():
    view = view_of(PERSON, PERSON + 1, PERSON + np.float32([150, 0]))
    assert len(decoder(adaptation="none")([view])) == 2
    assert len(decoder(adaptation="none", rules="paper")([view])) == 3


def test_no_more_people_than_asked_for():
    view = view_of(PERSON, PERSON + np.float32([150, 0]))
    assert len(decoder(adaptation="none")([view])) == 2
    poses = decoder(adaptation="none", max_people=1)([view])
    assert len(poses) == 1
    assert poses.keypoints[0, :, 0].mean() < 150


def test_kernels_of_the_released_rules_are_clamped_and_divided():
    view = view_of(PERSON)
    ones = decoder(flat_kernels())([view])
    larger = decoder(flat_kernels(value=7))([view])
    paper = decoder(flat_kernels(), rules="paper")([view])
    np.testing.assert_array_equal(larger.keypoint_scores, ones.keypoint_scores)
    np.testing.assert_allclose(paper.keypoint_scores[:1], ones.keypoint_scores * 121, rtol=1e-5)
    assert len(decoder(flat_kernels(value=-1))([view])) == 0


def test_keypoints_without_a_score_count_as_not_found_by_the_rules_of_the_paper():
    view = view_of(PERSON)
    view.heads["heatmap"][0, :4] = -0.5
    released = decoder(adaptation="none")([view])
    paper = decoder(adaptation="none", rules="paper")([view])
    assert (released.keypoint_scores[0, :4] < 0).all()
    assert (paper.keypoint_scores[0, :4] == 0).all()
    np.testing.assert_array_equal(paper.keypoint_scores[0, 4:], released.keypoint_scores[0, 4:])
    np.testing.assert_allclose(paper.scores, paper.keypoint_scores.mean(axis=1), rtol=1e-6)
    found = paper.keypoints[0, 4:]
    np.testing.assert_array_equal(paper.boxes[0], [*found.min(axis=0), *found.max(axis=0)])


def test_scores_of_the_paper_are_the_products_of_keypoints_with_their_center():
    """Equation 3: value times center for each keypoint, of which those above 0 stay."""
    view = view_of(PERSON)
    view.heads["heatmap"][0, :-1] = np.linspace(-0.8, 0.8, 17, dtype=np.float32)[:, None, None]
    center = view.heads["heatmap"][0, -1]
    # the pixel from which the person starts, 2 of 0..3 right and down, lies an eighth off its cell
    weights = np.float32([0.875, 0.125])
    x, y = CENTER
    peak = weights @ center[y : y + 2, x : x + 2] @ weights
    poses = decoder(adaptation="none", rules="paper")([view])
    expected = np.maximum(np.linspace(-0.8, 0.8, 17), 0) * peak
    np.testing.assert_allclose(poses.keypoint_scores, [expected], rtol=1e-5)
    np.testing.assert_allclose(poses.scores, [expected.mean()], rtol=1e-5)


def test_convolution_of_the_paper_is_that_of_equation_2():
    """A heatmap of one cell, moved and weighed by a kernel with a negative entry, by NumPy."""
    view = blank_level(*MAP_SIZE, TRANSFORM)
    put_person(view, PERSON)
    view.heads["embedding"] = np.zeros((1, 2, *MAP_SIZE), np.float32)
    view.heads["adaptation_heatmap"] = np.ones((1, 17, *MAP_SIZE), np.float32)
    kernels = np.zeros((30, 17, 11, 11))
    kernels[:, :, 5, 5], kernels[:, :, 5, 6] = 3, -1
    poses = decoder(GivenKernels(kernels), rules="paper")([view])
    steps = np.arange(97) - 48.0
    gaussian = np.exp(-(steps[:, None] ** 2 + steps**2) / (2 * 16.0**2))
    left = np.pad(gaussian, ((0, 0), (1, 0)))[:, :-1]  # entry (5, 6) takes what lies one left
    refined = 3 * gaussian - left
    first, second = np.argsort(-refined, axis=None, kind="stable")[:2]
    rows, columns = np.divmod([first, second], 97)
    moved = np.stack((columns, rows), axis=1) - 48
    expected = PERSON + 0.75 * moved[0] + 0.25 * moved[1]
    np.testing.assert_allclose(poses.keypoints, [expected], rtol=0, atol=1e-3)
    values = refined.flat[first] * 0.75 + refined.flat[second] * 0.25
    center = poses.keypoint_scores / values
    np.testing.assert_allclose(center, center[0, 0], rtol=1e-4)
    assert 0.7 < center[0, 0] < 0.9  # the interpolated peak of a center of 0.9


def test_flip_test_of_the_paper_leaves_the_adaptation_alone():
    """Appendix A: heatmaps and offsets are averaged, the adaptation sees the unflipped image."""
    view = view_of()
    put_person(view, PERSON)
    own, averaged = PERSON + np.float32([6, 0]), PERSON - np.float32([6, 0])
    put_gaussians(view, averaged, sigma=1.0)
    view.heads["adaptation_heatmap"] = view_of(own).heads["heatmap"][:, :-1]
    paper = decoder(point_kernels(), rules="paper")([view]).keypoints[0, 0]
    released = decoder(point_kernels())([view]).keypoints[0, 0]
    assert paper[0] > PERSON[0, 0] + 2
    assert released[0] < PERSON[0, 0] - 2


@pytest.mark.parametrize(("rules", "smallest"), [("released", 0.025), ("paper", 0.062)])
def test_rules_decide_which_sigma_has_a_mesh_of_one_pixel(rules, smallest):
    view = blank_level(*MAP_SIZE, TRANSFORM, count=14)
    put_pose(view, PERSON[:14], CENTER, 0.9)
    view.heads["embedding"] = np.indices(MAP_SIZE, dtype=np.float32)[1:][None]  # the column
    view.heads["adaptation_heatmap"] = view.heads["heatmap"][:, :-1]
    refine = flat_kernels(count=14)
    LogoCapDecoder(make_spec("logocap", CROWDPOSE_14, rules=rules), {"refine": refine})([view])
    across = np.diff(refine.features[0, :, 0], axis=1)[:, 0] * 4  # pixels between two points
    np.testing.assert_allclose(across, CROWDPOSE_14.sigma_array / smallest, rtol=1e-3)


def test_prior_decides_whether_far_peaks_are_weighed_down():
    near, far = PERSON + np.float32([8, 0]), PERSON + np.float32([40, 0])
    view = view_of()
    put_person(view, PERSON)
    put_gaussians(view, near, height=0.5, sigma=1.0)
    put_gaussians(view, far, height=0.9, sigma=1.0)
    priors = ("kam", "both")
    nose = {p: decoder(point_kernels(), prior=p)([view]).keypoints[0, 0] for p in priors}
    assert abs(nose["kam"] - far[0]).max() < 3
    assert abs(nose["both"] - near[0]).max() < 3


@pytest.mark.parametrize("rules", ["released", "paper"])
def test_kems_alone_hold_no_heatmap(rules):
    """Table 7: the highest cells of the Gaussian are its middle and the one above it."""
    view = view_of(PERSON)
    poses = decoder(prior="kem", rules=rules)([view])
    start = decoder(adaptation="none", rules=rules)([view])
    expected = start.keypoints - np.float32([0, 0.25])
    np.testing.assert_allclose(poses.keypoints, expected, rtol=0, atol=1e-4)
    view.heads["heatmap"][0, :-1] = 1  # so that the initial pose scores its center
    center = decoder(adaptation="none", rules=rules)([view]).keypoint_scores
    value = 0.75 + 0.25 * np.exp(-1 / (2 * 16.0**2))
    np.testing.assert_allclose(poses.keypoint_scores, center * value, rtol=1e-5)


@pytest.mark.parametrize("side", [7, 15, 19])
def test_other_local_windows_ask_for_other_meshes(side):
    refine = flat_kernels(side=side)
    poses = decoder(refine, local_window=side)([view_of(PERSON)])
    assert len(poses) == 1
    assert refine.features.shape == (1, 17 * 2, side, side)


# ---- several scales


def test_scales_are_averaged_but_poses_start_from_scale_one():
    base, other = view_of(PERSON), view_of(PERSON + 50, test_scale=2.0)
    other.heads["heatmap"][:] = 0
    alone = decoder(adaptation="none")([base])
    both = decoder(adaptation="none")([other, base])
    np.testing.assert_array_equal(both.keypoints, alone.keypoints)
    np.testing.assert_allclose(both.keypoint_scores, alone.keypoint_scores / 4, rtol=1e-6)


def test_embeddings_of_all_scales_are_averaged():
    base = view_of(PERSON)
    other = blank_level(128, 160, TRANSFORM, 2.0)
    other.heads["embedding"] = np.full((1, 2, 128, 160), 3, np.float32)
    refine = flat_kernels()
    decoder(refine)([base, other])
    np.testing.assert_allclose(refine.features, 1.5, rtol=0, atol=EMBEDDING_ATOL)


def test_keypoints_of_several_scales_are_clamped_to_the_image():
    outside = PERSON - np.float32([90, 0])
    base, other = view_of(outside), view_of(outside, test_scale=2.0)
    assert decoder(adaptation="none")([base]).keypoints[..., 0].min() < -20
    assert decoder(adaptation="none")([base, other]).keypoints[..., 0].min() == 0


def test_test_without_scale_one_is_refused():
    with pytest.raises(ValueError, match=r"scales must include 1, .*, got 2"):
        decoder(adaptation="none")([view_of(PERSON, test_scale=2.0)])


# ---- what is refused


@pytest.mark.parametrize("adaptation", ["full", "partial"])
def test_missing_refinement_is_refused(adaptation):
    with pytest.raises(ValueError, match=r"needs its refinement network .*'none'"):
        decoder(adaptation=adaptation)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adaptation": "some"}, "adaptation must be one of 'full', 'partial', 'none', got 'some'"),
        ({"prior": "gaussian"}, "prior must be one of 'both', 'kem', 'kam', got 'gaussian'"),
        ({"local_window": 10}, "local_window must be odd and at least 3, got 10"),
        ({"global_window": 1}, "global_window must be odd and at least 3, got 1"),
        ({"windows": 11}, "decoder options of logocap-test"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        decoder(flat_kernels(), **options)


def test_kernels_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"shape \(1, 17, 11, 11\), got \(1, 17, 7, 7\)"):
        decoder(flat_kernels(side=7))([view_of(PERSON)])


def test_published_constants_are_the_defaults():
    own = {"adaptation": "full", "prior": "both", "local_window": 11, "global_window": 97}
    assert LogoCapDecoding(**own) == LogoCapDecoding(
        **own, min_center=0.01, first_weight=0.75, nms_distance=0.05, nms_keypoints=8
    )


@pytest.mark.parametrize("missing", ["adaptation", "prior", "local_window", "global_window"])
def test_what_the_network_was_built_for_must_be_said(missing):
    spec = make_spec("logocap")
    options = {name: v for name, v in spec.decoder.options.items() if name != missing}
    with pytest.raises(ValueError, match=f"decoder options of logocap-test: .*'{missing}'"):
        LogoCapDecoder(replace(spec, decoder=replace(spec.decoder, options=options)), {})
