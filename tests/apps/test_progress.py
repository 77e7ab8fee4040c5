"""How far a run is, in plain lines on stderr."""

from __future__ import annotations

import pytest
from posetrack.apps import progress
from posetrack.apps.progress import RunProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move by hand."""
    now = [100.0]
    monkeypatch.setattr(progress, "perf_counter", lambda: now[0])
    return now


def run(clock, frames, seconds_per_frame, total, *, label="clip", quiet=False):
    with RunProgress(label, total, quiet=quiet) as bar:
        for _ in range(frames):
            clock[0] += seconds_per_frame
            bar.advance()


def test_a_line_every_five_seconds_says_frames_speed_and_time_left(clock, capsys):
    run(clock, 24, 0.5, 100)
    assert capsys.readouterr().err.splitlines() == [
        "clip: 10 of 100 frames, 2.0 FPS, 0:45 left",
        "clip: 20 of 100 frames, 2.0 FPS, 0:40 left",
    ]


def test_without_a_total_no_time_left_is_claimed(clock, capsys):
    run(clock, 5, 1.0, None)
    assert capsys.readouterr().err == "clip: 5 frames, 1.0 FPS\n"


def test_more_frames_than_claimed_leave_no_negative_time(clock, capsys):
    run(clock, 5, 1.0, 3)
    assert capsys.readouterr().err == "clip: 5 of 3 frames, 1.0 FPS, 0:00 left\n"


def test_short_and_quiet_runs_print_nothing(clock, capsys):
    run(clock, 9, 0.5, 9)
    run(clock, 100, 1.0, 100, quiet=True)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""


def test_a_long_name_is_shortened(clock, capsys):
    run(clock, 1, 5.0, None, label="n" * 200)
    assert capsys.readouterr().err == "n" * 29 + "…: 1 frames, 0.2 FPS\n"
