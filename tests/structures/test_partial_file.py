"""A file is whole under its name, or it is not there."""

import subprocess
import sys

import pytest
from posetrack.structures.partial_file import whole_file


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_file_gets_its_name_once_it_is_whole(tmp_path):
    with whole_file(tmp_path / "a.b.txt") as partial:
        partial.write_text("half")
        assert content(tmp_path) == {"a.b.txt.partial": "half"}
        partial.write_text("whole")
    assert content(tmp_path) == {"a.b.txt": "whole"}


def test_earlier_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    with whole_file(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "earlier"
    assert content(tmp_path) == {"a.txt": "new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_exception_removes_the_partial_file_alone(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("earlier")

    def fail():
        with whole_file(path) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert content(tmp_path) == {"a.txt": "earlier"}


def test_exception_before_anything_was_written_is_passed_on(tmp_path):
    with pytest.raises(ValueError, match="too early"), whole_file(tmp_path / "a.txt"):
        raise ValueError("too early")
    assert content(tmp_path) == {}


def test_file_that_was_never_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a.txt"):
        pass
    assert content(tmp_path) == {}


def test_file_that_cannot_get_its_name_is_removed(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(IsADirectoryError), whole_file(tmp_path / "a.txt") as partial:
        partial.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_signal_that_ends_the_process_leaves_no_partial_file(tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(b"earlier")
    script = f"""
import os, signal
from pathlib import Path
from posetrack.apps.leaving import leave_on_signals
from posetrack.structures.partial_file import whole_file
leave_on_signals()
with whole_file(Path({str(path)!r})) as partial:
    partial.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGTERM)
    partial.write_bytes(b"never")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (143, b"posetrack: interrupted\n")
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"earlier"]
