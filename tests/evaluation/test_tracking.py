"""Scores of tracks: each rule of poseval that is not followed, and what strange input gives."""

from dataclasses import replace

import numpy as np
import pytest
from annotated import frame, video
from posetrack.evaluation import ScoreSweep, TrackingEvaluation
from posetrack.evaluation.tracking_scores import PARTS
from posetrack.structures import POSETRACK_15

HEAD = 12.0  # pixels: the head size of `annotated.frame`
FAR = 500.0


def scores(truth, predictions, *, strict=False):
    evaluation = TrackingEvaluation(strict=strict)
    evaluation.add_video("video", zip(truth, predictions, strict=True))
    return evaluation.scores()


def total(truth, predictions, name, *, strict=False):
    return scores(truth, predictions, strict=strict).total[name]


def test_perfect_tracks_score_a_hundred():
    truth = video({1: 100, 2: 300}, {1: 110, 2: 310}, {1: 120, 2: 320})
    got = scores(truth, truth).total
    for name in ("AP", "MOTA", "MOTP", "precision", "recall", "HOTA", "IDF1", "box_MOTA"):
        assert got[name] == pytest.approx(100), name
    assert got["id_switches"] == got["fragmentations"] == got["misses"] == got["jitter"] == 0


def test_a_keypoint_matches_within_half_a_head_inclusive():
    truth = video({1: 100}, {1: 100})
    at_the_limit = video({1: 100 + HEAD / 2}, {1: 100 + HEAD / 2})
    beyond = video({1: 100.01 + HEAD / 2}, {1: 100.01 + HEAD / 2})
    assert total(truth, at_the_limit, "MOTA") == 100
    assert total(truth, at_the_limit, "MOTP") == pytest.approx(50)
    assert total(truth, beyond, "MOTA") == -100


# ---- one test for each rule of poseval that the plain rules mend


def test_the_last_frame_counts():
    truth = video({1: 100}, {1: 100})
    predictions = video({1: 100}, {1: FAR})
    assert total(truth, predictions, "MOTA", strict=True) == 100
    assert total(truth, predictions, "MOTA") == 0  # one of two found, one false positive
    assert scores(truth, predictions).differences["last_frames"] == 1


def test_predictions_where_nobody_is_are_false_positives():
    truth = video({1: 100}, {}, {1: 100})
    predictions = video({1: 100}, {1: 100, 2: FAR}, {1: 100})
    assert total(truth, predictions, "MOTA", strict=True) == 100
    assert total(truth, predictions, "MOTA") == 0
    assert scores(truth, predictions).differences["frames_without_truth"] == 1


def test_frames_that_nobody_labelled_count_for_nothing():
    truth = [frame({1: 100}), frame({}, labelled=False), frame({1: 100})]
    predictions = video({1: 100}, {1: 100, 2: FAR}, {1: 100})
    got = scores(truth, predictions)
    assert got.total["MOTA"] == got.total["box_MOTA"] == 100
    assert got.total["frames"] == 2


def test_a_frame_without_predictions_is_a_miss_of_everybody():
    truth = video({1: 100, 2: 300}, {1: 100, 2: 300}, {1: 100, 2: 300})
    predictions = video({1: 100, 2: 300}, {}, {1: 100, 2: 300})
    # 6 people, 2 missed
    assert total(truth, predictions, "MOTA") == pytest.approx(100 * 4 / 6)
    # the last frame is left out; the empty one is an object, a miss and a false positive
    assert total(truth, predictions, "MOTA", strict=True) == pytest.approx(100 * (1 - 2 / 3))
    assert scores(truth, predictions).differences["one_sided_frames"] == 1


def test_people_without_keypoints_are_nobody():
    """For poseval their frame has somebody in it, unless their keypoints have no place at all."""
    truth = video({1: 100}, {1: 100}, {1: 100})
    bare = frame({1: 100}, labels=np.zeros((1, len(POSETRACK_15))))
    predictions = [frame({1: 100}), bare, frame({1: 100})]
    assert total(truth, predictions, "MOTA") == pytest.approx(100 * 2 / 3)
    # of the two frames that count the second is a miss, and no false positive
    assert total(truth, predictions, "MOTA", strict=True) == 50
    predictions[1] = replace(bare, ignored=np.array([True]))
    assert total(truth, predictions, "MOTA", strict=True) == 0
    region = (np.array([[0.0, 0], [1, 0], [1, 1]]),)
    truth[1] = replace(truth[1], ignore_regions=region)
    predictions[1] = bare
    assert total(truth, predictions, "MOTA", strict=True) == 0


def test_keypoints_that_are_never_labelled_are_in_no_mean():
    labels = np.full((1, len(POSETRACK_15)), 2)
    labels[0, 13:] = 0
    truth = [frame({1: 100}, labels=labels) for _ in range(3)]
    predictions = [frame({1: 100}, labels=labels), frame({}), frame({1: 100}, labels=labels)]
    assert scores(truth, predictions).per_keypoint["nose"]["MOTA"] != 0  # NaN
    assert total(truth, predictions, "MOTA") == pytest.approx(100 * 2 / 3)
    strict = scores(truth, predictions, strict=True)
    assert strict.per_keypoint["nose"]["MOTA"] == -100


def test_keypoints_that_are_never_found_have_no_precision():
    labels = np.full((1, len(POSETRACK_15)), 2)
    labels[0, 13] = 0
    truth = video({1: 100}, {1: 100})
    predictions = [frame({1: 100}, labels=labels) for _ in range(2)]
    got = scores(truth, predictions)
    assert got.total["MOTP"] == 100
    assert got.differences["keypoints_never_found"] == 1
    assert got.per_keypoint["nose"]["recall"] == 0
    strict = scores(truth, predictions, strict=True)
    assert strict.total["MOTP"] == pytest.approx(100 * 14 / 15)


def test_motp_is_the_mean_distance_of_what_was_found():
    """The released code, with a present-day motmetrics, counts every distance twice."""
    truth = video({1: 100}, {1: 100}, {1: 100})
    predictions = video({1: 103}, {1: 103}, {1: 103})
    assert total(truth, predictions, "MOTP") == pytest.approx(75)
    strict = scores(truth, predictions, strict=True).total
    assert strict["MOTP"] == pytest.approx(75)
    assert strict["MOTP_released"] == pytest.approx(50)


def test_equal_scores_count_together():
    """One right and one wrong keypoint of one score: AP must not hang on their order."""
    truth = video({1: 100, 2: 300})
    for people in ({1: 100, 2: FAR}, {2: FAR, 1: 100}):
        assert total(truth, video(people), "AP") == pytest.approx(25)
    orders = {
        total(truth, video(p), "AP", strict=True) for p in ({1: 100, 2: FAR}, {2: FAR, 1: 100})
    }
    assert orders == {25, 50}


def test_a_keypoint_without_a_score_has_that_of_its_pose():
    nothing = np.full((1, len(POSETRACK_15)), np.nan)
    truth = video({1: 100}, {1: 100})
    sure = frame({1: 100}, score=0.9)
    sure = [sure, frame({1: FAR}, keypoint_scores=nothing, scores=[0.1])]
    unsure = [frame({1: 100}, keypoint_scores=nothing, scores=[0.1]), frame({1: FAR}, score=0.9)]
    assert total(truth, sure, "AP") == pytest.approx(50)
    assert total(truth, unsure, "AP") == pytest.approx(25)


def test_track_ids_may_be_of_any_size():
    truth = video({10**12: 100}, {10**12: 100})
    assert total(truth, truth, "MOTA") == 100


# ---- what else decides a score


def test_a_switch_is_told_with_frame_and_ids():
    truth = video({7: 100}, {7: 100}, {7: 100})
    predictions = video({1: 100}, {2: 100}, {2: 100})
    got = scores(truth, predictions)
    (switch,) = got.switches["video"]
    assert (switch.frame, switch.person, switch.before, switch.after) == (1, 7, 1, 2)
    assert got.total["id_switches"] == 1
    assert got.total["keypoint_switches"] == 15
    assert got.total["MOTA"] == pytest.approx(100 * 2 / 3)


def test_ignore_regions_take_points_of_both_sides():
    region = (np.array([[400.0, 0], [600, 0], [600, 400], [400, 400]]),)
    truth = [frame({1: 100, 2: 500}, ignore_regions=region) for _ in range(2)]
    predictions = video({1: 100, 3: 520}, {1: 100, 3: 520})
    got = scores(truth, predictions).total
    assert (got["MOTA"], got["box_MOTA"], got["people"]) == (100, 100, 2)


def test_sums_of_videos_are_no_means_of_videos():
    evaluation = TrackingEvaluation()
    good = video({1: 0}, {1: 0}, {1: 0})
    evaluation.add_video("good", zip(good, good, strict=True))
    evaluation.add_video("bad", zip(video({1: 0}), video({}), strict=True))
    got = evaluation.scores()
    assert got.total["MOTA"] == pytest.approx(75)
    assert [row["MOTA"] for row in got.per_video.values()] == [100, 0]


def test_parts_are_means_of_their_keypoints():
    truth = video({1: 100})
    got = scores(truth, truth)
    assert sorted(name for names in PARTS.values() for name in names) == sorted(
        POSETRACK_15.keypoints
    )
    assert got.per_part["head"]["AP"] == 100


def test_a_sweep_drops_keypoints_below_each_score():
    truth = video({1: 100}, {1: 100})
    weak = frame({1: 100, 2: FAR}, keypoint_scores=np.repeat([[0.8], [0.3]], 15, axis=1))
    sweep = ScoreSweep((0.0, 0.3, 0.5, 0.9))
    sweep.add_video(zip(truth, [weak, weak], strict=True))
    assert [row["MOTA"] for row in sweep.scores()] == [0, 0, 100, 0]
    assert [row["recall"] for row in sweep.scores()] == [100, 100, 100, 0]


@pytest.mark.parametrize("strict", [False, True])
def test_no_predictions_at_all_are_scored(strict):
    truth = video({1: 100}, {1: 100})
    got = scores(truth, video({}, {}), strict=strict).total
    assert got["AP"] == got["HOTA"] == got["recall"] == got["IDF1"] == 0


def test_nobody_on_either_side_gives_no_number():
    got = scores(video({}, {}), video({}, {})).total
    assert all(np.isnan(got[name]) for name in ("AP", "MOTA", "HOTA", "IDF1", "jitter"))


def test_ids_that_stand_twice_in_a_frame_are_refused():
    twice = frame({1: 100, 2: 300}, track_ids=[4, 4])
    with pytest.raises(ValueError, match="video: frame 1: two predicted persons have track_id 4"):
        scores(video({1: 100}, {1: 100}), [frame({1: 100}), twice])


def test_a_person_without_id_or_head_is_refused():
    nameless = frame({1: 100}, track_ids=[-1])
    with pytest.raises(ValueError, match="frame 0: a true person has no track_id"):
        scores([nameless], video({1: 100}))
    for head in ([np.nan] * 4, [np.nan, 5, 9, 9], [5, 5, np.nan, 9], [5, 5, 5, 5]):
        headless = frame({3: 100}, head_boxes=[head])
        with pytest.raises(ValueError, match="the true person with track_id 3 has no head box"):
            scores([headless], video({1: 100}))


def test_nothing_to_score_is_refused():
    with pytest.raises(ValueError, match="no video was evaluated"):
        TrackingEvaluation().scores()
