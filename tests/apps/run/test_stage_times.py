"""How the time of each stage is collected."""

from __future__ import annotations

import time

import pytest
from posetrack.apps.run.stage_times import StageTimes


def test_summary_has_median_and_95th_percentile_in_milliseconds():
    times = StageTimes()
    for ms in range(101):
        times.add({"draw": ms / 1000})
    assert times.summary() == {"draw": {"p50_ms": 50.0, "p95_ms": 95.0}}


def test_stages_keep_the_order_in_which_they_came_first():
    times = StageTimes()
    times.add({"read": 0.002, "network": 0.01})
    times.add({"network": 0.03})
    assert list(times.summary()) == ["read", "network"]
    assert times.summary()["network"]["p50_ms"] == pytest.approx(20)


def test_waiting_for_each_item_is_timed_and_using_it_is_not():
    times = StageTimes()

    def slow():
        for item in "abc":
            time.sleep(0.02)
            yield item

    taken = []
    for item in times.each("read", slow()):
        taken.append(item)
        time.sleep(0.2)
    assert taken == ["a", "b", "c"]
    assert 18 < times.summary()["read"]["p50_ms"] < 150


def test_timed_block_is_added():
    times = StageTimes()
    with times.timed("draw"):
        time.sleep(0.01)
    assert times.summary()["draw"]["p50_ms"] >= 9


def test_nothing_timed_gives_an_empty_summary():
    times = StageTimes()
    assert list(times.each("read", [])) == []
    assert times.summary() == {}
