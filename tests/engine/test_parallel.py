"""Frames through an engine on several threads."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from factories import make_frame, make_poses
from posetrack.engine.parallel import MAX_PARALLEL, find_poses, parallel_frames


class Engine:
    """Stands for a network; `work` is called with the number of the call."""

    def __init__(self, work=lambda call: None):
        self._work = work
        self._calls = itertools.count()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def run_timed(self, image):
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
            call = next(self._calls)
        try:
            self._work(call)
        finally:
            with self._lock:
                self.running -= 1
        return make_poses(call), {"network": float(call)}


class Video:
    """Frames that say how many were asked for, and whether they were closed."""

    def __init__(self, count):
        self._count = count
        self.read = 0
        self.closed = False

    def __iter__(self):
        try:
            for index in range(self._count):
                self.read += 1
                yield make_frame(index)
        finally:
            self.closed = True


@pytest.mark.parametrize("parallel", [1, 2, 4])
def test_results_come_in_the_order_of_the_frames(parallel):
    engine = Engine(lambda call: time.sleep(0.01 if call % 3 == 0 else 0))
    found = list(find_poses(Video(20), engine, parallel))
    assert [frame.index for frame, _, _ in found] == list(range(20))
    assert sorted(len(poses) for _, poses, _ in found) == list(range(20))
    assert engine.most <= parallel


def test_one_thread_pairs_each_frame_with_its_own_poses():
    found = find_poses(Video(6), Engine(), 1)
    assert [(f.index, len(p), s["network"]) for f, p, s in found] == [(i, i, i) for i in range(6)]


@pytest.mark.parametrize("parallel", [1, 3])
def test_no_more_than_one_frame_beyond_the_parallel_ones_is_read_ahead(parallel):
    video = Video(50)
    for taken, _ in enumerate(find_poses(video, Engine(), parallel), start=1):
        assert video.read <= taken + parallel
    assert video.read == 50


def test_several_frames_are_in_the_network_at_once():
    both = threading.Barrier(2, timeout=10)
    assert len(list(find_poses(Video(4), Engine(lambda call: both.wait()), 2))) == 4


def test_an_error_of_the_engine_reaches_the_caller_and_ends_the_reading():
    def fail_at_third(call):
        if call == 3:
            raise RuntimeError("out of memory")

    video = Video(1000)
    taken = []
    with pytest.raises(RuntimeError, match="out of memory"):  # noqa: PT012 - a generator
        for frame, _, _ in find_poses(video, Engine(fail_at_third), 2):
            taken.append(frame.index)
    assert taken == [0, 1, 2]
    assert video.read <= 6
    assert video.closed


def test_an_error_of_the_source_reaches_the_caller():
    def broken():
        yield make_frame(0)
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        list(find_poses(broken(), Engine(), 2))


def test_a_caller_that_stops_leaves_no_thread_running():
    engine = Engine(lambda call: time.sleep(0.02))
    found = find_poses(Video(100), engine, 2)
    next(found)
    found.close()
    assert engine.running == 0


def test_no_frames_give_no_poses():
    assert list(find_poses([], Engine(), 2)) == []


def test_frames_at_once_are_bounded():
    assert [parallel_frames(threads) for threads in (1, 2, 64)] == [1, 2, MAX_PARALLEL]
