"""The Kalman filters of boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posetrack.kernels.tracking import TRACK, PoseArrays, TrackTable, follow_poses, predict_tracks
from posetrack.structures import COCO_17, Poses
from posetrack.trackers import TrackerConfig
from posetrack.trackers.motion import MotionNoise

NOISE = MotionNoise()
LIMITS = TrackerConfig(birth_score=0.0, confident_score=0.0, coast_s=9.0).native()
LIMITS["oks_weight"] = LIMITS["iou_weight"] = 0  # each box to the track of its row
LIMITS["tentative_s"] = np.inf
START = np.array([[100.0, 50.0, 180.0, 250.0], [400.0, 300.0, 420.0, 350.0]])


def see(table, boxes):
    """Take the box of each row (T, 4) into its track, or start one."""
    n = len(boxes)
    poses = Poses(
        np.zeros((n, 17, 2), np.float32),
        np.zeros((n, 17), np.float32),
        np.ones(n, np.float32),
        boxes.astype(np.float32),
    )
    more = {"more_cost": 1 - np.eye(n), "more_weight": 1.0} if len(table) else {}
    found = follow_poses(table, PoseArrays(poses), LIMITS, time_s=0.0, gate=0.9, **more)
    assert found.rows.tolist() == list(range(n))


def started(boxes):
    table = TrackTable(COCO_17.sigma_array)
    see(table, boxes)
    return table


def predict(table, step_s):
    predict_tracks(table, LIMITS, time_s=0.0, step_s=step_s)


def boxes_of(table):
    center, half = np.split(table.rows["position"] * (1, 1, 0.5, 0.5), 2, axis=1)
    return np.concatenate((center - half, center + half), axis=1)


def drifting(speed, time_s, boxes=START):
    return boxes + np.array([*speed, *speed]) * time_s


def after_watching(speed, step_s, frames):
    table = started(drifting(speed, 0.0))
    for i in range(1, frames):
        predict(table, step_s)
        see(table, drifting(speed, i * step_s))
    return table


@pytest.mark.parametrize("fps", [3, 25, 60])
def test_constant_velocity_is_predicted_exactly_after_a_while(fps):
    speed, frames = (120.0, -35.0), 20 * fps
    table = after_watching(speed, 1 / fps, frames)
    np.testing.assert_allclose(table.rows["velocity"][:, :2], [speed, speed], atol=0.01)
    np.testing.assert_allclose(table.rows["velocity"][:, 2:], 0, atol=0.01)
    predict(table, 0.7)
    expected = drifting(speed, (frames - 1) / fps + 0.7)
    np.testing.assert_allclose(boxes_of(table), expected, atol=0.01)


def test_many_boxes_at_once_equal_one_by_one():
    rng = np.random.default_rng(4)
    corner = rng.uniform(0, 500, (6, 2))
    boxes = np.concatenate((corner, corner + rng.uniform(20, 200, (6, 2))), axis=1)

    def watch(boxes):
        table = started(boxes)
        for shift in (3.0, 5.0, 11.0):
            predict(table, 0.1)
            see(table, boxes + shift)
        return table.rows

    together = watch(boxes)
    for i in range(6):
        alone = watch(boxes[[i]])
        for name in set(TRACK.names) - {"id"}:
            np.testing.assert_array_equal(together[name][i], alone[name][0], err_msg=name)


def test_equals_the_matrix_form_of_the_kalman_filter():
    table = after_watching((40.0, 10.0), 0.2, 4)
    before = table.rows[0].copy()
    box, step = drifting((60.0, 0.0), 1.0), 0.3
    predict(table, step)
    see(table, box)
    walk = (NOISE.center_walk * before["position"][3]) ** 2
    move = np.array([[1, step], [0, 1]])
    mean = move @ [before["position"][0], before["velocity"][0]]
    names = ("position_variance", "covariance", "velocity_variance")
    p, c, v = (before[name][0] for name in names)
    noise = walk * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
    spread = move @ np.array([[p, c], [c, v]]) @ move.T + noise
    look = np.array([[1.0, 0.0]])
    error = (NOISE.center_error * (box[0, 3] - box[0, 1])) ** 2
    gain = spread @ look.T / (look @ spread @ look.T + error)
    mean = mean + gain[:, 0] * ((box[0, 0] + box[0, 2]) / 2 - mean[0])
    spread = (np.eye(2) - gain @ look) @ spread
    ours = [table.rows[name][0, 0] for name in ("position", "velocity", *names)]
    expected = [mean[0], mean[1], spread[0, 0], spread[0, 1], spread[1, 1]]
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_two_short_steps_equal_one_long_step(first, second):
    twice, once = after_watching((40.0, 10.0), 0.1, 5), after_watching((40.0, 10.0), 0.1, 5)
    for table in (twice, once):
        table.rows["velocity"] = (30.0, -8, 0, 0)
    predict(twice, first)
    predict(twice, second)
    predict(once, first + second)
    for name in TRACK.names:
        np.testing.assert_allclose(twice.rows[name], once.rows[name], rtol=1e-9, err_msg=name)


def test_uncertainty_grows_with_the_step_and_with_the_size_of_the_person():
    small, longer, large = started(START[:1]), started(START[:1]), started(START[:1] * 2)
    at_first = small.rows["position_variance"].copy()
    predict(small, 0.1)
    predict(large, 0.1)
    predict(longer, 0.4)
    short, long, grown = (t.rows["position_variance"] for t in (small, longer, large))
    assert np.all(long > short)
    assert np.all(short > at_first)
    np.testing.assert_allclose(grown, 4 * short)


def test_corrected_box_lies_between_prediction_and_what_was_seen():
    table = started(START)
    predict(table, 0.1)
    before = table.rows["position_variance"].copy()
    see(table, START + 10)
    assert np.all(boxes_of(table) > START)
    assert np.all(boxes_of(table) < START + 10)
    assert np.all(table.rows["position_variance"] < before)


def test_box_never_gets_thinner_than_a_pixel():
    table = started(np.array([[10.0, 10.0, 10.0, 5.0]]))
    np.testing.assert_array_equal(table.rows["position"][0, 2:], 1)
    table = started(START)
    table.rows["velocity"] = -500.0
    predict(table, 1.0)
    np.testing.assert_array_equal(table.rows["position"][:, 2:], 1)


def test_noise_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"center_error must be above 0, got 0\.0"):
        MotionNoise(center_error=0.0)
