import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posetrack.trackers import motion
from posetrack.trackers.motion import BoxMotion, MotionNoise

NOISE = MotionNoise()
START = np.array([[100.0, 50.0, 180.0, 250.0], [400.0, 300.0, 420.0, 350.0]])


def drifting(speed, time_s, boxes=START):
    return boxes + np.array([*speed, *speed]) * time_s


def after_watching(speed, step_s, frames):
    state = motion.start(drifting(speed, 0.0), NOISE)
    for i in range(1, frames):
        state = motion.predict(state, step_s, NOISE)
        state = motion.correct(state, drifting(speed, i * step_s), NOISE)
    return state


@pytest.mark.parametrize("fps", [3, 25, 60])
def test_constant_velocity_is_predicted_exactly_after_a_while(fps):
    speed, frames = (120.0, -35.0), 20 * fps
    state = after_watching(speed, 1 / fps, frames)
    np.testing.assert_allclose(state.velocity[:, :2], [speed, speed], atol=0.01)
    np.testing.assert_allclose(state.velocity[:, 2:], 0, atol=0.01)
    later = motion.predict(state, 0.7, NOISE)
    expected = drifting(speed, (frames - 1) / fps + 0.7)
    np.testing.assert_allclose(later.boxes, expected, atol=0.01)


def test_many_boxes_at_once_equal_one_by_one():
    rng = np.random.default_rng(4)
    corner = rng.uniform(0, 500, (6, 2))
    boxes = np.concatenate((corner, corner + rng.uniform(20, 200, (6, 2))), axis=1)

    def watch(boxes):
        state = motion.start(boxes, NOISE)
        for shift in (3.0, 5.0, 11.0):
            state = motion.correct(motion.predict(state, 0.1, NOISE), boxes + shift, NOISE)
        return state

    together = watch(boxes)
    for i in range(6):
        for all_rows, row in zip(together, watch(boxes[[i]]), strict=True):
            np.testing.assert_array_equal(all_rows[[i]], row)


def test_equals_the_matrix_form_of_the_kalman_filter():
    state = after_watching((40.0, 10.0), 0.2, 4)
    box, step = drifting((60.0, 0.0), 1.0), 0.3
    result = motion.correct(motion.predict(state, step, NOISE), box, NOISE)
    height = state.position[0, 3]
    walk = (NOISE.center_walk * height) ** 2
    move = np.array([[1, step], [0, 1]])
    mean = move @ [state.position[0, 0], state.velocity[0, 0]]
    p, c, v = (a[0, 0] for a in (state.position_var, state.covariance, state.velocity_var))
    noise = walk * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
    spread = move @ np.array([[p, c], [c, v]]) @ move.T + noise
    look = np.array([[1.0, 0.0]])
    error = (NOISE.center_error * (box[0, 3] - box[0, 1])) ** 2
    gain = spread @ look.T / (look @ spread @ look.T + error)
    mean = mean + gain[:, 0] * ((box[0, 0] + box[0, 2]) / 2 - mean[0])
    spread = (np.eye(2) - gain @ look) @ spread
    ours = [a[0, 0] for a in result]
    expected = [mean[0], mean[1], spread[0, 0], spread[0, 1], spread[1, 1]]
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_two_short_steps_equal_one_long_step(first, second):
    state = after_watching((40.0, 10.0), 0.1, 5)._replace(
        velocity=np.full((2, 4), [30.0, -8, 0, 0])
    )
    twice = motion.predict(motion.predict(state, first, NOISE), second, NOISE)
    for a, b in zip(twice, motion.predict(state, first + second, NOISE), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_uncertainty_grows_with_the_step_and_with_the_size_of_the_person():
    small = motion.start(START[:1], NOISE)
    large = motion.start(START[:1] * 2, NOISE)
    short = motion.predict(small, 0.1, NOISE)
    long = motion.predict(small, 0.4, NOISE)
    assert np.all(long.position_var > short.position_var)
    assert np.all(short.position_var > small.position_var)
    grown = motion.predict(large, 0.1, NOISE)
    np.testing.assert_allclose(grown.position_var, 4 * short.position_var)


def test_corrected_box_lies_between_prediction_and_what_was_seen():
    state = motion.predict(motion.start(START, NOISE), 0.1, NOISE)
    corrected = motion.correct(state, START + 10, NOISE)
    assert np.all(corrected.boxes > START)
    assert np.all(corrected.boxes < START + 10)
    assert np.all(corrected.position_var < state.position_var)


def test_box_never_gets_thinner_than_a_pixel():
    state = motion.start(np.array([[10.0, 10.0, 10.0, 5.0]]), NOISE)
    np.testing.assert_array_equal(state.position[0, 2:], 1)
    state = motion.start(START, NOISE)._replace(velocity=np.full((2, 4), -500.0))
    np.testing.assert_array_equal(motion.predict(state, 1.0, NOISE).position[:, 2:], 1)


def test_input_is_not_changed():
    state = motion.start(START, NOISE)
    before = BoxMotion(*(array.copy() for array in state))
    boxes = START + 3
    motion.correct(motion.predict(state, 0.1, NOISE), boxes, NOISE)
    for a, b in zip(before, state, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(boxes, START + 3)


def test_noise_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"center_error must be above 0, got 0\.0"):
        MotionNoise(center_error=0.0)
