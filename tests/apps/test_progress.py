"""Plain lines on stderr, and sentences from errors."""

from __future__ import annotations

import pytest
from posetrack.apps import progress
from posetrack.apps.progress import RunProgress, sentence


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


def test_sentence_names_the_file_of_an_operating_system_error():
    error = FileNotFoundError(2, "No such file or directory", "clip.mp4")
    assert sentence(error, "runs") == "clip.mp4: No such file or directory"


def test_sentence_names_the_place_where_the_error_does_not():
    assert sentence(OSError(28, "No space left on device"), "runs/clip") == (
        "runs/clip: No space left on device"
    )
    assert sentence(OSError(28, "No space left on device")) == "No space left on device"


def test_sentence_of_a_fault_of_ours_asks_for_a_report():
    text = "runs/clip: AttributeError: no x: this is a fault of posetrack, please report it with"
    assert sentence(AttributeError("no x"), "runs/clip").startswith(text)
    assert sentence(MemoryError(), "runs/clip") == "runs/clip: there is not enough memory"


def test_sentence_of_other_errors_is_their_text():
    assert sentence(ValueError("size must ascend"), "runs") == "size must ascend"
    assert sentence(FileNotFoundError("there is no clip")) == "there is no clip"
