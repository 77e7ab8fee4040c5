"""Greedy box generation as the engine gives it; the rules are tested with the kernel."""

import numpy as np
from posetrack.engine.top_down.greedy_boxes import BoxGeneration, generate_boxes


def test_generated_boxes_are_three_by_four_and_hold_the_detected_ones():
    boxes = np.float32([[10, 20, 70, 220], [300, 0, 500, 100]])
    extended, values = generate_boxes(boxes, np.float32([0.85, 0.95]))
    assert extended.dtype == values.dtype == np.float32
    np.testing.assert_allclose(values, [0.95, 0.85])
    sides = extended[:, 2:] - extended[:, :2]
    np.testing.assert_allclose(sides[:, 0] / sides[:, 1], 3 / 4, rtol=1e-6)
    inner = boxes[[1, 0]]
    assert (extended[:, :2] <= inner[:, :2] + 1e-3).all()
    assert (extended[:, 2:] >= inner[:, 2:] - 1e-3).all()


def test_detections_may_be_columns_of_a_larger_array():
    detections = np.array([[0, 0, 60, 200, 0.9], [2, 0, 62, 200, 0.5], [300, 0, 360, 200, 0.7]])
    extended, values = generate_boxes(detections[:, :4], detections[:, 4])
    assert values.tolist() == [np.float32(0.9), np.float32(0.5)]
    one_each = BoxGeneration(per_group=1)
    assert len(generate_boxes(detections[:, :4], detections[:, 4], one_each)[0]) == 1
    assert len(extended) == 2


def test_where_the_detector_is_sure_of_nobody_there_is_nobody():
    """Section 3.1.1 to the letter: all other boxes need one that scores above 0.8."""
    boxes = np.float32([[0, 0, 60, 200], [2, 0, 62, 200]])
    assert len(generate_boxes(boxes, np.float32([0.8, 0.79]))[0]) == 0
    assert len(generate_boxes(boxes, np.float32([0.81, 0.79]))[0]) == 2
    unsure = BoxGeneration(reliable_score=0.7)
    assert len(generate_boxes(boxes, np.float32([0.8, 0.79]), unsure)[0]) == 2


def test_without_boxes_there_are_none():
    extended, values = generate_boxes(np.zeros((0, 4)), np.zeros(0))
    assert extended.shape == (0, 4)
    assert values.shape == (0,)
