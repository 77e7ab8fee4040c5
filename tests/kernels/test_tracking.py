"""The native steps of the tracker against the reference, frame after frame."""

import numpy as np
import pytest
from factories import people, person_keypoints
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack.kernels import tracking
from posetrack.kernels.reference import tracking as reference
from posetrack.kernels.tracking import CONFIG, TRACK, TRACKER, PoseArrays, TrackTable
from posetrack.structures import COCO_17, Poses
from posetrack.trackers import TrackerConfig
from posetrack.trackers.cues import GEOMETRY

from .crowds import crowd_of, frame

SIGMAS = COCO_17.sigma_array
CONFIGS = {
    "fast": TrackerConfig(),
    "every cue": TrackerConfig(motion_weight=0.3),
    "a model's limits": TrackerConfig(
        birth_score=0.5, confident_score=0.4, confirm_score=0.5, moving_score=0.3
    ),
    "boxes alone, frame to frame": TrackerConfig(oks_weight=0.0, frame_to_frame=True),
    "impatient": TrackerConfig(
        lost_s=0.2, tentative_gap_s=0.05, coast_s=0.1, keypoint_memory_s=0.1
    ),
}


def assert_same(table, other):
    """Two tables hold the same tracks."""
    for name in ("tracks", "next_id", "scores"):
        assert table.tracker[name] == other.tracker[name], name
    for name in TRACK.names:
        got, wanted = table.rows[name], other.rows[name]
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9, err_msg=name)
    for name in ("birth", "confident", "newest_scores", "ranked_scores"):
        np.testing.assert_allclose(table.tracker[name], other.tracker[name], rtol=1e-12)
    np.testing.assert_allclose(table.keypoints, other.keypoints, rtol=1e-6, atol=1e-4)
    np.testing.assert_array_equal(table.keypoint_scores, other.keypoint_scores)
    np.testing.assert_array_equal(table.keypoint_seen_s, other.keypoint_seen_s)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("seed", range(4))
def test_every_frame_is_as_the_reference_says(name, seed):
    rng, config = np.random.default_rng(seed), CONFIGS[name].native()
    people = crowd_of(rng, 9)
    native, right, time_s, seen = TrackTable(SIGMAS), TrackTable(SIGMAS), 0.0, set()
    for _ in range(60):
        step_s = float(rng.choice([0.02, 0.04, 0.5]))
        time_s += step_s
        poses = PoseArrays(frame(rng, people))
        for module, table in ((tracking, native), (reference, right)):
            module.predict_tracks(table, config, time_s=time_s, step_s=step_s)
        t, n = len(native), len(poses)
        more = {"more_cost": rng.random((t, n)) * 0.2, "more_weight": 0.2} if seed % 2 else {}
        looks = rng.random((t, n)) * 0.6 if seed > 1 else None
        costs = [
            m.track_costs(x, poses, config, time_s=time_s, **more)
            for m, x in ((tracking, native), (reference, right))
        ]
        np.testing.assert_allclose(*costs, atol=2e-6)
        got, wanted = (
            module.follow_poses(table, poses, config, time_s=time_s, gate=0.9, looks=looks, **more)
            for module, table in ((tracking, native), (reference, right))
        )
        for one, other in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
        assert_same(native, right)
        seen.update(zip(got.track_states.tolist(), np.sign(got.sources).tolist(), strict=False))
    assert {state for state, _ in seen} == {0, 1, 2}


@given(st.integers(0, 5), st.integers(1, 70), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_any_number_of_people_and_keypoints(people, k, seed):
    rng, sigmas = np.random.default_rng(seed), np.full(k, 0.07, np.float32)
    crowd = rng.uniform(50, 300, (people, 3))
    native, right, config = TrackTable(sigmas), TrackTable(sigmas), TrackerConfig().native()
    for i in range(4):
        poses = PoseArrays(frame(rng, crowd, k))
        for module, table in ((tracking, native), (reference, right)):
            module.predict_tracks(table, config, time_s=i * 0.1, step_s=0.1)
            module.follow_poses(table, poses, config, time_s=i * 0.1, gate=0.9)
        assert_same(native, right)


def test_hundreds_of_people_find_room():
    rng, table, config = np.random.default_rng(0), TrackTable(SIGMAS), TrackerConfig().native()
    grid = np.stack(np.meshgrid(np.arange(25) * 80, np.arange(20) * 220), axis=-1).reshape(-1, 2)
    people = np.concatenate((grid, np.full((500, 1), 180.0)), axis=1)
    poses = PoseArrays(frame(rng, people.copy()))
    found = tracking.follow_poses(table, poses, config, time_s=0.0, gate=0.9)
    assert table.room >= len(table) == (found.track_ids > 0).sum() > 300
    assert sorted(found.track_ids[found.track_ids > 0]) == list(range(1, len(table) + 1))


def test_poses_of_another_skeleton_are_refused():
    table, config = TrackTable(SIGMAS), TrackerConfig().native()
    poses = PoseArrays(Poses.empty(14))
    with pytest.raises(ValueError, match="must have the 17 keypoints of the tracks, got 14"):
        tracking.follow_poses(table, poses, config, time_s=0.0, gate=0.9)


def test_costs_of_another_shape_are_refused():
    table, config, poses = TrackTable(SIGMAS), TrackerConfig().native(), Poses.empty(17)
    with pytest.raises(ValueError, match=r"float64 of shape \(0, 0\), got \(2, 0\)"):
        tracking.follow_poses(
            table, PoseArrays(poses), config, time_s=0.0, gate=0.9, looks=np.zeros((2, 0))
        )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"gate": np.nan}, "gate must be finite"),
        ({"gate": np.inf}, "gate must be finite"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(change, text):
    table, config = TrackTable(SIGMAS), TrackerConfig().native()
    numbers = {"time_s": 0.0, "gate": 0.9} | change
    with pytest.raises(ValueError, match=f"pt_follow_poses: {text}"):
        tracking.follow_poses(table, PoseArrays(Poses.empty(17)), config, **numbers)


def test_time_does_not_run_backwards():
    with pytest.raises(ValueError, match=r"step_s must be at least 0, got -0\.1"):
        tracking.predict_tracks(
            TrackTable(SIGMAS), TrackerConfig().native(), time_s=0.0, step_s=-0.1
        )


def test_structs_are_as_the_compiler_lays_them_out():
    """All members have eight bytes, so there is no padding to know of."""
    for dtype in (TRACK, TRACKER, CONFIG):
        assert {dtype[name].base.itemsize for name in dtype.names} == {8}
        assert dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names)


# ---- which pose belongs to which track, by costs that are given


def staged(cost, confident, gate=0.8, weak_gate=0.8):
    """The row of each pose's track, -1 for none, of tracks and poses with these costs (T, N)."""
    cost = np.array(cost, np.float64)
    config = TrackerConfig(
        birth_score=0.8, confident_score=0.5, weak_gate=weak_gate, gate=gate
    ).native()
    config["oks_weight"] = config["iou_weight"] = 0
    table = TrackTable(SIGMAS)
    for time_s, poses in (
        (0.0, people([300.0 * i for i in range(len(cost))], scores=0.9)),
        (
            0.1,
            people([300.0 * i for i in range(cost.shape[1])], scores=np.where(confident, 0.7, 0.2)),
        ),
    ):
        more = {"more_cost": cost, "more_weight": 1.0} if time_s else {}
        found = tracking.follow_poses(
            table, PoseArrays(poses), config, time_s=time_s, gate=gate, **more
        )
    return found.rows.tolist()


def test_total_cost_decides_not_the_best_single_pair():
    assert staged([[0.1, 0.2], [0.2, 0.7]], [True, True]) == [1, 0]


def test_pair_at_the_gate_is_no_match():
    assert staged([[0.5]], [True], gate=0.5) == [-1]
    assert staged([[0.49]], [True], gate=0.5) == [0]


def test_weak_pose_never_takes_a_track_from_a_confident_one():
    assert staged([[0.5, 0.0]], [True, False]) == [0, -1]


def test_weak_pose_gets_a_track_that_is_left_over():
    assert staged([[0.1, 0.3], [0.6, 0.3]], [True, False]) == [0, 1]


def test_weak_pose_must_fit_better():
    cost = [[0.5, 1.0], [1.0, 0.5]]
    assert staged(cost, [True, False], weak_gate=0.4) == [0, -1]
    assert staged(cost, [True, False], weak_gate=0.6) == [0, 1]


def test_nobody_is_matched_without_tracks_or_poses():
    assert staged(np.zeros((0, 2)), [True, False]) == [-1, -1]
    assert staged(np.zeros((2, 0)), np.zeros(0, bool)) == []


# ---- costs


def cost_of(cue, before, now, predicted_s=0.0):
    """(T, N) of one cue, of tracks that poses have started and of poses a while later."""
    config, table = TrackerConfig(double_oks=1.0).native(), TrackTable(SIGMAS)
    config["double_oks"] = np.inf
    for name in GEOMETRY:
        config[f"{name}_weight"] = float(name == cue)
    tracking.follow_poses(table, PoseArrays(before), config, time_s=0.0, gate=0.9)
    tracking.predict_tracks(table, config, time_s=predicted_s, step_s=predicted_s)
    return tracking.track_costs(table, PoseArrays(now), config, time_s=predicted_s)


@pytest.mark.parametrize("cue", GEOMETRY)
def test_same_pose_costs_nothing_and_a_far_one_everything(cue):
    cost = cost_of(cue, people([100.0, 900.0]), people([900.0, 100.0, 2000.0]))
    np.testing.assert_allclose(cost, [[1, 0, 1], [0, 1, 1]], atol=1e-6)


@pytest.mark.parametrize("cue", GEOMETRY)
@given(st.lists(st.floats(-1e4, 1e4), max_size=4), st.lists(st.floats(-1e4, 1e4), max_size=4))
def test_every_cost_lies_between_zero_and_one(cue, old, new):
    cost = cost_of(cue, people(old), people(new))
    assert cost.shape == (len(old), len(new))
    assert np.all((cost >= 0) & (cost <= 1))


def test_iou_of_boxes_shifted_by_half_is_a_third():
    poses = people([100.0])
    width = poses.boxes[0, 2] - poses.boxes[0, 0]
    assert cost_of("iou", poses, people([100.0 + width / 2]))[0, 0] == pytest.approx(
        2 / 3, abs=1e-6
    )


def test_keypoints_that_either_side_lacks_do_not_count():
    before, now = people([100.0]), people([100.0])
    before.keypoint_scores[0, :5] = 0
    before.keypoints[0, :5] = 1e6
    now.keypoint_scores[0, 12:] = 0
    now.keypoints[0, 12:] = np.nan
    assert cost_of("oks", before, now)[0, 0] == pytest.approx(0, abs=1e-6)


def test_one_common_keypoint_is_little_proof():
    now = people([100.0])
    now.keypoint_scores[0, 1:] = 0
    assert cost_of("oks", people([100.0]), now)[0, 0] == pytest.approx(2 / 3, abs=1e-6)


def test_pose_without_keypoints_costs_everything():
    now = people([100.0])
    now.keypoint_scores[:] = 0
    assert cost_of("oks", people([100.0]), now)[0, 0] == 1


def test_other_posture_at_the_same_place_costs_keypoints_but_not_boxes():
    now = people([100.0])
    upside_down = now.keypoints * (1, -1) + (0, 600)
    turned = Poses(upside_down.astype(np.float32), now.keypoint_scores, now.scores, now.boxes)
    assert cost_of("iou", people([100.0]), turned)[0, 0] == pytest.approx(0, abs=1e-6)
    assert cost_of("oks", people([100.0]), turned)[0, 0] > 0.5


def test_uncertain_track_forgives_a_larger_step():
    before, step = people([100.0]), people([150.0])
    assert cost_of("oks", before, step, 0.5)[0, 0] < cost_of("oks", before, step)[0, 0] - 0.2


def test_distance_counts_in_the_uncertainty_of_the_track():
    before, step = people([100.0]), people([130.0])
    sure = cost_of("motion", before, step)[0, 0]
    assert 0 < cost_of("motion", before, step, 0.5)[0, 0] < 0.6 * sure


def test_where_no_cue_says_anything_nobody_is_alike():
    assert cost_of("none", people([100.0]), people([100.0])).tolist() == [[1.0]]


# ---- keypoints and scores of a track


def test_keypoints_move_and_grow_with_the_predicted_box():
    config, table = TrackerConfig().native(), TrackTable(SIGMAS)
    tracking.follow_poses(table, PoseArrays(people([100.0])), config, time_s=0.0, gate=0.9)
    table.rows["velocity"] = (50, 10, 8, 20)  # px/s: the box becomes a tenth larger
    config["coast_s"] = 2
    tracking.predict_tracks(table, config, time_s=1.0, step_s=1.0)
    expected = person_keypoints(150.0, 310.0, height=220.0)
    np.testing.assert_allclose(table.keypoints[0], expected, atol=1e-3)


def watched(scores, fps, memory_s=2.0):
    """The table after a person who stands still was seen with these scores."""
    config = TrackerConfig(score_memory_s=memory_s, birth_score=0.0, confident_score=0.0).native()
    table = TrackTable(SIGMAS)
    for i, score in enumerate(scores):
        poses = PoseArrays(people([100.0], scores=score))
        tracking.follow_poses(table, poses, config, time_s=i / fps, gate=0.9)
    assert len(table) == 1
    return table


def test_score_is_a_plain_mean_at_first():
    table = watched([0.2, 0.3, 0.7], fps=100)
    assert table.rows["score"][0] == pytest.approx((0.2 + 0.3 + 0.7) / 3)
    assert table.rows["matches"][0] == 3


@pytest.mark.parametrize("fps", [5, 50])
def test_old_scores_are_forgotten_by_time_at_any_frame_rate(fps):
    scores = [0.1] * 10 * fps + [0.5] * 9 * fps
    second = watched(scores[: 11 * fps], fps, memory_s=1.0)
    assert second.rows["score"][0] == pytest.approx(0.5 - 0.4 * np.exp(-1), abs=1e-6)
    assert watched(scores, fps, memory_s=1.0).rows["score"][0] == pytest.approx(0.5, abs=1e-4)


def test_only_tracks_that_are_matched_are_corrected():
    config, table = TrackerConfig().native(), TrackTable(SIGMAS)
    tracking.follow_poses(
        table, PoseArrays(people([100.0, 300.0, 500.0])), config, time_s=0.0, gate=0.9
    )
    now = people([510.0, 110.0])
    now.keypoint_scores[0] = 0.9
    tracking.follow_poses(table, PoseArrays(now), config, time_s=0.1, gate=0.9)
    np.testing.assert_array_equal(table.rows["seen_s"], [0.1, 0.0, 0.1])
    np.testing.assert_array_equal(table.rows["matches"], [2, 1, 2])
    assert table.keypoints[:, 0, 0].tolist() == [110.0, 300.0, 510.0]
    np.testing.assert_allclose(table.keypoint_scores[:, 4], [0.5, 0.5, 0.9])
    assert table.rows["position"][1, 0] == 300.0
    assert 500 < table.rows["position"][2, 0] < 510


def test_tracks_do_not_share_memory_with_the_poses_that_started_them():
    config, table, poses = TrackerConfig().native(), TrackTable(SIGMAS), people([100.0])
    tracking.follow_poses(table, PoseArrays(poses), config, time_s=0.0, gate=0.9)
    poses.keypoints[:] = poses.keypoint_scores[:] = poses.scores[:] = poses.boxes[:] = 0
    assert table.keypoints[0, 0, 0] == 100
    assert table.keypoint_scores[0, 0] == 0.5
    assert table.rows["position"][0, 0] == 100
