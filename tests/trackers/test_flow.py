"""Optical flow: what it says of points, and what trackers make of it."""

from dataclasses import replace

import cv2
import numpy as np
import onnx
import pytest
from factories import people
from onnx import TensorProto, helper
from posetrack.engine import open_session
from posetrack.structures import COCO_17, FlowField, Observation, SessionOptions
from posetrack.trackers import WITH_FLOW, PoseTracker, TrackerConfig, preset
from posetrack.trackers.flow import DisFlow, NetworkFlow

SIZE = (400, 600)


def shift(dx, dy, size=SIZE):
    """Everything moves alike."""
    vectors = np.zeros((10, 15, 2), np.float32)
    vectors[:] = dx, dy
    return FlowField(vectors, size)


def texture(seed=0):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (50, 75, 3)).astype(np.uint8)
    return cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_CUBIC)


def moved_picture(image, dx, dy):
    motion = np.float32([[1, 0, dx], [0, 1, dy]])
    return cv2.warpAffine(image, motion, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)


# --- fields


def test_points_move_between_cells_linearly_and_beyond_the_border_as_it_does():
    vectors = np.zeros((2, 2, 2), np.float32)
    vectors[:, 1, 0] = 8.0  # the right half moves right
    field = FlowField(vectors, (100, 200))  # cells have their middles at 50 and 150
    points = np.array([[50, 25], [100, 50], [125, 50], [150, 80], [900, -5]], float)
    way = field.moved(points) - points
    np.testing.assert_allclose(way[:, 0], [0, 4, 6, 8, 8])
    np.testing.assert_array_equal(way[:, 1], 0)
    assert field.moved(np.zeros((3, 17, 2))).shape == (3, 17, 2)


def test_a_field_has_cells():
    with pytest.raises(ValueError, match=r"vectors must have shape \(h, w, 2\)"):
        FlowField(np.zeros((0, 4, 2), np.float32), SIZE)


# --- kinds of flow


@pytest.mark.parametrize("way", [(0, 0), (9, -5), (-20, 12)])
def test_dis_finds_how_a_picture_moved(way):
    flow, before = DisFlow(), texture()
    pictures = [flow.prepared(one) for one in (before, moved_picture(before, *way))]
    field = flow.between(*pictures, SIZE)
    points = np.random.default_rng(1).uniform((80, 80), (520, 320), (50, 2))
    np.testing.assert_allclose(np.median(field.moved(points) - points, axis=0), way, atol=0.5)


@pytest.mark.parametrize("size", [(4, 6), (2000, 30), (17, 4000)])
def test_dis_takes_pictures_of_any_size(size):
    image = np.zeros((*size, 3), np.uint8)
    flow = DisFlow()
    small = flow.prepared(image)
    assert max(small.shape) <= 320
    assert flow.between(small, small, size).size == size


def network(path, *, channels, sides=("h", "w"), out_channels=2):
    """A file whose flow is the difference of the two pictures' first two channels."""
    names = [f"in{i}" for i in range(len(channels))]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, c, *sides))
        for name, c in zip(names, channels, strict=True)
    ]
    begins, ends = np.int64([0]), np.int64([out_channels])
    nodes = []
    if len(channels) == 1:
        nodes.append(helper.make_node("Split", names, ["a", "b"], axis=1, num_outputs=2))
        names = ["a", "b"]
    nodes += [
        helper.make_node("Sub", names[::-1], ["way"]),
        helper.make_node("Slice", ["way", "begins", "ends", "axis"], ["flow"]),
    ]
    constants = {"begins": begins, "ends": ends, "axis": np.int64([1])}
    graph = helper.make_graph(
        nodes,
        "flow",
        inputs,
        [helper.make_tensor_value_info("flow", TensorProto.FLOAT, (1, out_channels, *sides))],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("channels", [(3, 3), (6,)])
@pytest.mark.parametrize("sides", [("h", "w"), (200, 400)])
def test_a_network_of_two_pictures_is_a_flow(tmp_path, channels, sides):
    path = network(tmp_path / "flow.onnx", channels=channels, sides=sides)
    with open_session(path, SessionOptions(device="cpu", threads=1)) as session:
        flow = NetworkFlow(session, session.input_types)
        black = np.zeros((*SIZE, 3), np.uint8)
        red_and_green = black + np.uint8([4, 2, 9])
        before, now = flow.prepared(black), flow.prepared(red_and_green)
        if sides == (200, 400):
            assert before.shape == (200, 400, 3)
        else:
            assert max(before.shape) <= 448
            assert before.shape[0] % 8 == before.shape[1] % 8 == 0
        zoom = np.array((SIZE[1] / before.shape[1], SIZE[0] / before.shape[0]))
        way = flow.between(before, now, SIZE).moved(np.zeros(2))
    np.testing.assert_allclose(way, (4, 2) * zoom, rtol=1e-6)


def test_other_networks_are_refused(tmp_path):
    path = network(tmp_path / "four.onnx", channels=(4, 4))
    with (
        open_session(path, SessionOptions(device="cpu")) as session,
        pytest.raises(ValueError, match="a flow network must take two float32 pictures"),
    ):
        NetworkFlow(session, session.input_types)
    path = network(tmp_path / "depth.onnx", channels=(3, 3), out_channels=1)
    with open_session(path, SessionOptions(device="cpu")) as session:
        flow = NetworkFlow(session, session.input_types)
        small = flow.prepared(texture())
        with pytest.raises(ValueError, match=r"must give a flow \(1, 2, h, w\)"):
            flow.between(small, small, SIZE)


# --- trackers


def test_carrying_needs_flow():
    with pytest.raises(ValueError, match="carry_s needs flow_weight above 0"):
        TrackerConfig(carry_s=0.4)
    with pytest.raises(ValueError, match="fast needs no flow: choose tracker best or paper"):
        preset("fast", flow=True)


@pytest.mark.parametrize("name", ["best", "paper"])
def test_flow_tells_who_jumped_where(name):
    """Two people who look alike change places between two frames, and the flow saw it."""
    left, right = people([100.0], scores=0.8), people([130.0], scores=0.8)
    both = people([100.0, 130.0], scores=0.8)
    vectors = np.zeros((SIZE[0], SIZE[1], 2), np.float32)
    vectors[:, :115, 0], vectors[:, 115:, 0] = 30, -30
    swap = FlowField(vectors, SIZE)
    still = replace(swap, vectors=np.zeros_like(vectors))
    assert len(left) + len(right) == len(both)
    for flow, expected in ((swap, [2, 1]), (still, [1, 2])):
        tracker = PoseTracker(COCO_17, replace(WITH_FLOW[name], flow_weight=5.0, carry_s=0.0))
        for i in range(10):
            tracker.update(Observation(both, i / 25, flow=still))
        found = tracker.update(Observation(both, 10 / 25, flow=flow))
        assert found.track_ids.tolist() == expected


def carrying(**changes):
    return PoseTracker(COCO_17, replace(WITH_FLOW["paper"], **changes))


def test_a_person_whom_nobody_found_is_carried_by_the_flow_for_a_while():
    tracker = carrying(carry_s=0.4)
    alone = people([100.0], scores=0.8)
    for i in range(10):
        tracker.update_all(Observation(alone, i / 25, flow=shift(0, 0)))
    nobody = alone[[]]
    scores = []
    for i in range(10, 25):
        found = tracker.update_all(Observation(nobody, i / 25, flow=shift(5, 2)))
        if not len(found):
            break
        assert found.track_ids.tolist() == [1]
        moved = alone.keypoints + np.float32([5, 2]) * (i - 9)
        np.testing.assert_allclose(found.keypoints, moved, atol=1e-3)
        np.testing.assert_allclose(
            found.boxes, alone.boxes + np.tile(np.float32([5, 2]) * (i - 9), 2), atol=1.0
        )
        scores.append(float(found.scores[0]))
    assert 4 <= len(scores) < 10  # 0.4 s are 10 frames; too weak a pose starts and keeps nothing
    assert scores == sorted(scores, reverse=True)
    returned = tracker.update_all(Observation(nobody, 1.2, flow=shift(0, 0)))
    assert len(returned) == 0


def test_who_is_found_is_not_there_twice():
    tracker = carrying()
    walkers = [people([100.0 + 5 * i, 400.0 - 5 * i], scores=[0.8, 0.7]) for i in range(20)]
    for i, poses in enumerate(walkers):
        found = tracker.update_all(Observation(poses, i / 25, flow=shift(0, 0)))
        assert found.track_ids.tolist() == [1, 2]
        np.testing.assert_array_equal(found.keypoints, poses.keypoints)


def test_without_a_flow_nobody_is_carried_and_nothing_is_said():
    tracker = carrying()
    alone = people([100.0], scores=0.8)
    tracker.update_all(Observation(alone, 0.0))
    assert len(tracker.update_all(Observation(alone[[]], 0.04))) == 0
    tracker = PoseTracker(COCO_17, WITH_FLOW["best"])
    plain = PoseTracker(COCO_17, preset("best"))
    for i in range(20):
        poses = people([100.0 + 9 * i, 300.0 - 9 * i], scores=0.8)
        found = [one.update(Observation(poses, i / 25)) for one in (tracker, plain)]
        np.testing.assert_array_equal(found[0].track_ids, found[1].track_ids)


def test_a_carried_person_keeps_their_looks():
    tracker = carrying()
    alone, looks = people([100.0], scores=0.8), np.float32([[1, 0, 0]])
    for i in range(5):
        tracker.update_all(Observation(alone, i / 25, None, looks, shift(0, 0)))
    hidden = Observation(alone[[]], 5 / 25, None, looks[:0], shift(0, 0))
    assert tracker.update_all(hidden).track_ids.tolist() == [1]
    state = tracker.state()
    np.testing.assert_allclose(state["memory_euclidean"][:, :3], looks)


def test_a_restored_tracker_goes_on_as_before():
    tracker, other = carrying(), carrying()
    rng = np.random.default_rng(3)
    for i in range(30):
        there = rng.random(2) < 0.7
        poses = people([100.0 + 9 * i, 500.0 - 9 * i], scores=0.8)[there]
        observation = Observation(poses, i / 25, flow=shift(float(rng.normal(0, 9)), 1.0))
        found = tracker.update_all(observation)
        if i > 10:
            same = other.update_all(observation)
            np.testing.assert_array_equal(found.track_ids, same.track_ids)
            np.testing.assert_array_equal(found.keypoints, same.keypoints)
        else:
            other.restore(tracker.state())
