"""Too little memory, too few files: said as such, in one sentence and with exit code 1."""

from __future__ import annotations

import errno
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from media import grey_images, write_video
from posetrack.apps.sentences import sentence

RUN = Path(sys.executable).with_name("posetrack-run")
MEMORY = "there is not enough memory"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        RuntimeError("onnxruntime failed: std::bad_alloc"),
        ImportError("libx.so: failed to map segment from shared object"),
    ],
)
def test_too_little_memory_is_said_as_such(error):
    assert sentence(error, "runs/clip") == f"runs/clip: {MEMORY}"
    assert sentence(error) == MEMORY


def test_too_few_files_are_said_as_such():
    error = OSError(errno.EMFILE, "Too many open files", "a.mp4")
    assert "too many files are open: allow more, as with `ulimit -n 1024`" in sentence(error)


def run_within(tmp_path, kind, limit):
    def lower():
        resource.setrlimit(kind, (limit, limit))

    video = write_video(tmp_path / "a.mp4", grey_images(3))
    command = [RUN, video, "-o", tmp_path / "runs", "--size", "64", "--quiet"]
    return subprocess.run(
        command, preexec_fn=lower, capture_output=True, text=True, check=False, timeout=200
    )


@pytest.mark.parametrize("files", [16, 40])
def test_few_file_handles_are_one_sentence_and_exit_1(tmp_path, files):
    done = run_within(tmp_path, resource.RLIMIT_NOFILE, files)
    assert done.returncode == 1
    assert done.stderr.startswith("posetrack: ")
    assert "open files" in done.stderr
    assert "ulimit -n" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_memory_of_whoever_started_the_program_is_not_its_own():
    script = "from posetrack.apps.machine import peak_memory_mb; print(peak_memory_mb())"
    held = bytearray(600 << 20)
    held[::4096] = bytes(len(held[::4096]))  # every page
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, preexec_fn=lambda: None, capture_output=True, text=True, check=True
    )
    assert 0 < int(done.stdout) < 400


@pytest.mark.parametrize("megabytes", [64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 4096])
def test_little_address_space_is_one_sentence_or_a_whole_run(tmp_path, megabytes):
    done = run_within(tmp_path, resource.RLIMIT_AS, megabytes << 20)
    assert done.returncode in (0, 1), done.stderr
    if done.returncode:
        assert done.stderr.startswith("posetrack: ")
        assert "memory" in done.stderr
        assert done.stderr.count("\n") == 1
    else:
        report = json.loads((tmp_path / "runs" / "a" / "run.json").read_text())
        assert report["reason"] == "complete"
        assert 0 < report["peak_memory_mb"] <= megabytes
