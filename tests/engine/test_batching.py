"""Calls of several threads in one batch: everybody gets what is theirs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from posetrack.engine import EngineOptions, PoseEngine, open_session
from posetrack.engine.batching import BatchingSession
from posetrack.engine.network import model_path
from posetrack.structures import SessionOptions

CPU = SessionOptions(backend="onnxruntime", device="cpu")


class Doubling:
    """Twice what it is given; the first batch waits until it may go on."""

    backend, device, precision, spec_json = "made up", "cpu", "fp32", None
    inputs, outputs = ("x",), ("y",)

    def __init__(self, device="cpu"):
        self.device = device
        self.go, self.seen, self.closed = threading.Event(), [], False
        self.busy = threading.Event()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def run(self, arrays):
        with self._lock:
            self.seen.append(arrays["x"].shape)
            self.running += 1
            self.most = max(self.most, self.running)
        self.busy.set()
        assert self.go.wait(20)
        with self._lock:
            self.running -= 1
        if (arrays["x"] < 0).any():
            raise ValueError("below zero")
        return {"y": arrays["x"] * 2}

    def close(self):
        self.closed = True


def asked(pool, session, values):
    return [pool.submit(session.run, {"x": value}) for value in values]


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as pool:
        yield pool


def full(value, rows=1, width=3):
    return np.full((rows, width), value, np.float32)


def start(pool, inner, limit, values):
    """The first call is under way, and all others wait."""
    session = BatchingSession(inner, limit)
    first = asked(pool, session, values[:1])
    assert inner.busy.wait(20)
    others = asked(pool, session, values[1:])
    while len(session._waiting) < len(others):
        pass
    inner.go.set()
    return first + others


@pytest.mark.parametrize(("limit", "batches"), [(4, [1, 4, 3]), (16, [1, 7]), (2, [1, 2, 2, 2, 1])])
def test_who_comes_meanwhile_goes_together(pool, limit, batches):
    inner = Doubling()
    answers = start(pool, inner, limit, [full(i) for i in range(8)])
    for i, answer in enumerate(answers):
        np.testing.assert_array_equal(answer.result(20)["y"], full(2 * i))
    assert [shape[0] for shape in inner.seen] == batches
    assert inner.most == 1


def test_several_rows_of_a_call_stay_together(pool):
    inner = Doubling()
    values = [full(i, rows=1 + i % 3) for i in range(7)]
    for value, answer in zip(values, start(pool, inner, 8, values), strict=True):
        np.testing.assert_array_equal(answer.result(20)["y"], 2 * value)
    assert len(inner.seen) == 2


def test_other_shapes_go_apart(pool):
    inner = Doubling()
    values = [full(i, width=3 + i % 2) for i in range(7)]
    for value, answer in zip(values, start(pool, inner, 8, values), strict=True):
        np.testing.assert_array_equal(answer.result(20)["y"], 2 * value)
    assert sorted(inner.seen[1:]) == [(3, 3), (3, 4)]


def test_an_error_reaches_everybody_in_the_batch_and_nobody_else(pool):
    inner = Doubling()
    values = [full(1), full(2), full(-1), full(4, width=4)]
    answers = start(pool, inner, 8, values)
    np.testing.assert_array_equal(answers[0].result(20)["y"], full(2))
    np.testing.assert_array_equal(answers[3].result(20)["y"], full(8, width=4))
    for answer in answers[1:3]:
        with pytest.raises(ValueError, match="below zero"):
            answer.result(20)


def test_on_a_gpu_a_second_batch_is_under_way(pool):
    inner = Doubling("cuda:0")
    session = BatchingSession(inner, 2)
    answers = asked(pool, session, [full(i) for i in range(6)])
    while inner.running < 2:
        pass
    inner.go.set()
    for i, answer in enumerate(answers):
        np.testing.assert_array_equal(answer.result(20)["y"], full(2 * i))
    assert inner.most == 2


def test_the_session_is_closed_with_it():
    inner = Doubling()
    BatchingSession(inner, 2).close()
    assert inner.closed


@pytest.mark.parametrize("flip_test", [False, True])
def test_an_engine_finds_the_same_in_batches(pool, frame, flip_test):
    images = [np.roll(frame, 8 * i, axis=1) for i in range(8)]
    options = EngineOptions(flip_test=flip_test)
    with PoseEngine.load(session=CPU, options=options) as engine:
        alone = [engine(image) for image in images]
    with PoseEngine.load(session=CPU, options=EngineOptions(batch=4, flip_test=flip_test)) as both:
        together = list(pool.map(both, images))
        assert both.session.backend == "onnxruntime"
    assert sum(map(len, alone)) > 8
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.keypoints, other.keypoints, atol=0.05)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)


def test_a_batch_is_a_number_of_images():
    with pytest.raises(ValueError, match="batch must be 1 to 256, got 0"):
        EngineOptions(batch=0)
    with open_session(model_path("movenet-multipose"), CPU) as session:
        assert BatchingSession(session, 2).inputs == session.inputs
