"""Streams that are lost, full, closed or of few characters stop no job."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from media import clip_images, damaged, grey_images, write_video
from posetrack.formats import read_poses

BIN = Path(sys.executable).parent
SMALL = "--size 64 --no-video"


@pytest.fixture
def shell(tmp_path):
    """Runs a line of shell where a.mp4 and b.mp4 lie: exit code, stdout, stderr, in bytes."""
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, grey_images(3))

    def call(line, **variables):
        path = f"{BIN}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, capture_output=True, check=False, timeout=100,
            env={**os.environ, "PATH": path, **variables},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return call


def whole_runs(folder):
    return sorted(path.parent.name for path in folder.glob("runs/*/poses.jsonl")
                  if read_poses(path).complete)  # fmt: skip


@pytest.mark.parametrize(
    "streams",
    [
        "2>&1 | true", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full",
        ">/dev/full 2>&1",
    ],
)  # fmt: skip
def test_every_source_is_done_whatever_the_streams_are(shell, tmp_path, streams):
    line = f"posetrack-run a.mp4 b.mp4 {SMALL} {streams}"
    code, _, _ = shell(f"{line}; exit ${{PIPESTATUS[0]}}")
    assert code == 0
    assert whole_runs(tmp_path) == ["a", "b"]


def test_without_stderr_nothing_but_paths_lands_on_stdout(shell):
    code, out, err = shell(f"posetrack-run a.mp4 missing.png b.mp4 {SMALL} 2>&-")
    assert (code, out, err) == (1, b"", b"")
    code, out, err = shell(f"posetrack-run a.mp4 b.mp4 {SMALL} 2>&-")
    assert (code, out, err) == (0, b"runs/a\nruns/b\n", b"")


def test_result_files_never_take_the_number_of_a_closed_stream(shell, tmp_path):
    assert shell(f"posetrack-run a.mp4 {SMALL} >&- 2>&-")[0] == 0
    for file in (tmp_path / "runs" / "a").iterdir():
        assert b"posetrack: " not in file.read_bytes()
    assert whole_runs(tmp_path) == ["a"]


def test_full_stdout_is_said_and_fails_only_where_stdout_is_the_result(shell):
    code, _, err = shell(f"posetrack-run a.mp4 {SMALL} --quiet >/dev/full")
    assert code == 0
    assert err == b"posetrack: stdout could not be written: No space left on device\n"
    code, _, err = shell("posetrack models list >/dev/full")
    assert (code, err) == (
        1,
        b"posetrack: stdout could not be written: No space left on device\n",
    )
    assert shell("posetrack models list | true; exit ${PIPESTATUS[0]}") == (0, b"", b"")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8:strict"])
def test_names_of_any_bytes_are_printed_escaped(shell, tmp_path, encoding):
    folder = os.fsencode(tmp_path)
    names = [b"caf\xe9.mp4", "日本.mp4".encode(), b"two\nlines\x1b[31m.mp4"]
    for name in names:
        shutil.copy(os.fsencode(tmp_path / "a.mp4"), folder + b"/" + name)
    code, out, err = shell(
        f"posetrack-run *.mp4 {SMALL}", PYTHONIOENCODING=encoding, LC_ALL="C.UTF-8"
    )
    assert code == 0
    assert b"\x1b" not in err
    assert b"caf\\xe9.mp4: 3 frames" in err
    assert b"two\\x0alines\\x1b[31m.mp4: 3 frames" in err
    japanese = b"\\u65e5\\u672c" if encoding == "ascii" else "日本".encode()
    assert b"runs/" + japanese in out.splitlines()


NOISE = """
import ctypes, logging, os, sys, warnings
from posetrack.apps import main, streams
def noisy(arguments):
    os.write(1, b'noise 1\\n')
    os.write(2, b'noise 2\\n')
    ctypes.CDLL(None).perror(b'noise 3')
    warnings.warn('noise 4')
    logging.getLogger('library').error('noise 5')
    print('ours')
    return 0
main.execute = noisy
from posetrack.apps import entry
entry.main()
"""


def test_lines_of_libraries_are_shown_only_if_asked():
    command = [sys.executable, "-c", NOISE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("ours\n", "")
    done = subprocess.run([*command, "--debug"], capture_output=True, text=True, check=True)
    assert done.stdout == "ours\n"
    assert all(f"noise {number}" in done.stderr for number in range(1, 6))


def test_what_ffmpeg_says_of_a_damaged_video_is_shown_only_if_asked(shell, tmp_path, clips):
    images = clip_images(clips / "face-demographics-walking.mp4", 30)
    damaged(write_video(tmp_path / "a.mp4", images, faststart=True), tmp_path / "bad.mp4")
    line = f"posetrack-run bad.mp4 {SMALL} --overwrite --quiet"
    code, _, err = shell(line)
    assert (code, err.count(b"\n")) == (1, 1)
    assert err.startswith(b"posetrack: bad.mp4 is damaged: ")
    assert b"[h264 @ " in shell(f"{line} --debug")[2]


def test_pipe_that_does_not_block_gets_everything(tmp_path):
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    script = "from posetrack.apps import streams; streams.open_streams(show_libraries=False); "
    process = subprocess.Popen(
        [sys.executable, "-c", script + "print('x' * 200_000)"], stdout=write_end
    )
    os.close(write_end)
    with open(read_end, "rb") as file:
        assert len(file.read()) == 200_001
    assert process.wait() == 0
