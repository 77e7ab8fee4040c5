"""AP by object keypoint similarity: pycocotools' numbers, mistakes by kind, bounds, comparisons."""

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
from coco_scenes import predicted, random_scenes, truth_image
from posetrack.evaluation.keypoints import evaluate_keypoints
from posetrack.evaluation.oks import areas_of, oks
from posetrack.evaluation.oks_ap import OksAp
from posetrack.evaluation.paired_bootstrap import RankedMatches, compare
from posetrack.evaluation.pose_errors import pose_errors
from posetrack.evaluation.upper_bounds import with_true_boxes, with_true_centers
from posetrack.formats import (
    AnnotatedImages,
    read_coco,
    read_coco_results,
    write_coco,
    write_coco_results,
)
from posetrack.structures import COCO_17
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NAMES = (
    "AP", "AP50", "AP75", "AP_medium", "AP_large", "AR", "AR50", "AR75", "AR_medium", "AR_large",
)  # fmt: skip
OFFICIAL = 1e-9


def pycocotools_scores(truth, results):
    with contextlib.redirect_stdout(io.StringIO()):
        api = COCO(str(truth))
        evaluation = COCOeval(api, api.loadRes(str(results)), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = [np.nan if value == -1 else value for value in evaluation.stats]
    return dict(zip(NAMES, stats, strict=True))


@pytest.fixture(params=range(3))
def scenes(request):
    return random_scenes(request.param)


def test_scores_are_those_of_pycocotools(scenes, tmp_path):
    files = tmp_path / "truth.json", tmp_path / "results.json"
    write_coco(files[0], AnnotatedImages(files[0], COCO_17, scenes[0]))
    write_coco_results(files[1], AnnotatedImages(files[1], COCO_17, scenes[1]))
    wanted = pycocotools_scores(*files)
    assert 0 < wanted["AP"] < 1
    truth = read_coco(files[0])
    results = read_coco_results(files[1], truth.skeleton)
    got = OksAp(truth.images, results.images, COCO_17).scores()
    assert got == pytest.approx(wanted, abs=OFFICIAL, nan_ok=True)


@pytest.mark.data
def test_scores_are_those_of_pycocotools_on_the_coco_subset(shared, tmp_path):
    path = shared / "data" / "coco_keypoints" / "person_keypoints_val2017_subset.json"
    truth = read_coco(path)
    rng = np.random.default_rng(0)
    results = [
        predicted(
            image,
            keypoints=image.keypoints + rng.normal(0, 5, image.keypoints.shape),
            scores=rng.random(len(image)),
        )
        for image in truth.images
    ]
    file = tmp_path / "results.json"
    write_coco_results(file, AnnotatedImages(file, COCO_17, results))
    read = read_coco_results(file, COCO_17).images
    got = OksAp(truth.images, read, COCO_17).scores()
    assert got == pytest.approx(pycocotools_scores(path, file), abs=OFFICIAL)


@pytest.mark.data
def test_crowdpose_is_scored_by_its_classes_and_boxes(shared):
    truth = read_coco(shared / "data/mmpose_samples/crowdpose/test_crowdpose.json")
    results = [predicted_like(image, truth.skeleton) for image in truth.images]
    scores = OksAp(truth.images, results, truth.skeleton).scores()
    assert scores["AP"] == scores["AP_medium"] == pytest.approx(1)  # crowd indices 0.33 and 0.39
    assert np.isnan(scores["AP_easy"])
    assert "AP_large" not in scores
    person = truth.images[0].boxes[0]
    sides = person[2:] - person[:2]
    assert areas_of(truth.images[0])[0] == pytest.approx(0.53 * sides.prod())


def predicted_like(image, skeleton):
    image = image[~image.ignored]
    n, k = len(image), len(skeleton)
    return replace(
        image,
        labels=np.full((n, k), 2, np.uint8),
        scores=np.linspace(0.9, 0.5, n),
        keypoint_scores=np.ones((n, k)),
    )


@pytest.mark.data
def test_ochuman_is_scored_like_coco(shared):
    truth = read_coco(shared / "data/mmpose_samples/ochuman/test_ochuman.json")
    results = [predicted_like(image, COCO_17) for image in truth.images]
    assert OksAp(truth.images, results, COCO_17).scores()["AP"] == pytest.approx(1)


def test_oks_by_hand():
    truth = truth_image(1, [(100, 100)])
    one_off = truth.keypoints.copy()
    one_off[0, 0, 0] += 10  # the nose
    area = truth.areas[0]
    nose = np.exp(-(10**2) / (2 * area * (2 * 0.026) ** 2))
    assert oks(predicted(truth, keypoints=one_off), truth, COCO_17).item() == pytest.approx(
        (16 + nose) / 17
    )


def test_own_ranking_gives_the_same_ap(scenes):
    truth, results = scenes
    own = RankedMatches(truth, results, COCO_17).average_precision()
    assert own == pytest.approx(OksAp(truth, results, COCO_17).scores()["AP"], abs=OFFICIAL)


def test_images_that_count_twice_are_two_images(scenes):
    truth, results = scenes
    weights = np.ones(len(truth))
    weights[:4] = 2
    again = [replace(image, image_id=100 + image.image_id) for image in truth[:4]]
    more = [
        replace(image, image_id=100 + image.image_id) for image in results if image.image_id <= 4
    ]
    twice = RankedMatches([*truth, *again], [*results, *more], COCO_17).average_precision()
    once = RankedMatches(truth, results, COCO_17).average_precision(weights)
    assert once == pytest.approx(twice, abs=0.02)  # the order of equal scores may differ


def test_a_comparison_with_itself_finds_no_difference(scenes):
    truth, results = scenes
    same = compare(truth, results, results, COCO_17)
    assert (same.difference, same.low, same.high, same.better) == (0, 0, 0, 0)


def test_a_comparison_is_paired_and_repeatable():
    truth = [truth_image(i, [(100, 100), (300, 100)]) for i in range(30)]
    good = [predicted(image) for image in truth]
    bad = [
        predicted(image[[0]]) if i % 2 else image_
        for i, (image, image_) in enumerate(zip(truth, good, strict=True))
    ]
    found = compare(truth, good, bad, COCO_17)
    assert 0 < found.low < found.difference < found.high
    assert found.better == 1
    assert found == compare(truth, good, bad, COCO_17)


# ---- mistakes


def moved(truth, keypoint, x, y=0.0, person=0):
    keypoints = truth.keypoints.copy()
    keypoints[person, COCO_17.keypoints.index(keypoint)] += (x, y)
    return predicted(truth, keypoints=keypoints)


def place(truth, keypoint, person=0):
    return truth.keypoints[person, COCO_17.keypoints.index(keypoint)]


TWO = truth_image(1, [(100.0, 200.0), (400.0, 200.0)], height=200.0)


@pytest.mark.parametrize(
    ("pixels", "kind"), [(0, "good"), (5, "good"), (8, "jitter"), (60, "miss")]
)
def test_distance_decides_between_good_jitter_and_miss(pixels, kind):
    errors = pose_errors([TWO], [moved(TWO, "left_wrist", 0, pixels)], COCO_17)
    assert {k for k, count in errors.counts["left_wrist"].items() if count} == {"good", kind}


def test_exchanged_sides_are_inversions():
    keypoints = TWO.keypoints.copy()
    keypoints[0] = keypoints[0][COCO_17.flip_order]
    errors = pose_errors([TWO], [predicted(TWO, keypoints=keypoints)], COCO_17)
    assert errors.counts["left_wrist"]["inversion"] == 1
    assert errors.counts["nose"] == {"good": 2, "jitter": 0, "inversion": 0, "swap": 0, "miss": 0}


@pytest.mark.parametrize("taken", ["left_wrist", "right_wrist"])
def test_the_keypoint_of_another_person_is_a_swap(taken):
    x, y = place(TWO, taken, person=1) - place(TWO, "left_wrist")
    errors = pose_errors([TWO], [moved(TWO, "left_wrist", x, y)], COCO_17)
    assert errors.counts["left_wrist"]["swap"] == 1


def test_a_mistake_costs_what_ap_gains_without_it():
    x, y = place(TWO, "left_wrist", person=1) - place(TWO, "left_wrist")
    errors = pose_errors([TWO], [moved(TWO, "left_wrist", x, y)], COCO_17)
    np.testing.assert_allclose(errors.corrected["swap"][0].keypoints, TWO.keypoints)
    assert not np.allclose(errors.corrected["miss"][0].keypoints, TWO.keypoints)
    assert errors.shares["swap"] == pytest.approx(1 / 34)


def test_keypoints_that_nobody_labelled_are_no_mistakes():
    labels = np.full((1, 17), 2)
    labels[0, :5] = 0
    truth = truth_image(1, [(100, 100)], labels=labels)
    errors = pose_errors([truth], [predicted(truth)], COCO_17)
    assert sum(errors.counts["nose"].values()) == 0
    assert np.isnan(errors.similarity["nose"])


# ---- bounds


def test_bounds_drop_false_people_and_ranking():
    truth = truth_image(1, [(100, 200), (400, 200)])
    wrong = predicted(truth_image(1, [(250, 500)]), scores=[0.99])
    right = predicted(truth, scores=[0.2, 0.1])
    everything = replace(
        right,
        **{
            name: np.concatenate((getattr(wrong, name), getattr(right, name)))
            for name in ("keypoints", "labels", "keypoint_scores", "scores", "boxes", "areas",
                         "head_boxes", "track_ids", "crowd", "ignored")
        },
    )  # fmt: skip
    assert OksAp([truth], [everything], COCO_17).scores()["AP"] < 0.7
    for choose in (with_true_boxes, with_true_centers):
        (chosen,) = choose([truth], [everything], COCO_17)
        assert chosen.scores.tolist() == [1, 1]
        assert OksAp([truth], [chosen], COCO_17).scores()["AP"] == pytest.approx(1)


def test_results_without_boxes_have_no_bound_by_boxes():
    truth = [truth_image(1, [(100, 200)])]
    boxless = [predicted(truth[0], boxes=np.full((1, 4), np.nan))]
    got = evaluate_keypoints(truth, boxless, COCO_17, upper_bounds=True)
    assert list(got.upper_bounds) == ["true centers"]
    boxed = evaluate_keypoints(truth, [predicted(truth[0])], COCO_17, upper_bounds=True)
    assert set(boxed.upper_bounds) == {"true centers", "true boxes"}


# ---- strange input


def test_no_results_score_zero():
    got = evaluate_keypoints(
        [truth_image(1, [(100, 200)])], [], COCO_17, errors=True, upper_bounds=True, against=[]
    )
    assert got.total["AP"] == got.total["AR"] == 0
    assert got.total["predictions"] == 0
    assert np.isnan(got.errors["miss"]["share"])


def test_no_people_give_no_number():
    got = evaluate_keypoints([truth_image(1, [])], [], COCO_17)
    assert np.isnan(got.total["AP"])
    assert got.total["people"] == 0


def test_results_of_unknown_images_are_refused():
    with pytest.raises(ValueError, match="results of image 2, which has no truth"):
        OksAp([truth_image(1, [])], [predicted(truth_image(2, [(1, 1)]))], COCO_17)


def test_a_person_without_area_and_box_is_refused():
    nothing = truth_image(3, [(100, 200)], areas=[np.nan], boxes=np.full((1, 4), np.nan))
    with pytest.raises(ValueError, match="image 3: a person has neither area nor box"):
        OksAp([nothing], [], COCO_17)
