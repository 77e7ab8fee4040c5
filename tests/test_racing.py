"""Many commands that start at once: every result is of one run, whole, and of its own source."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from media import decoded, grey_images, write_video
from posetrack.formats import read_poses

RUN = Path(sys.executable).with_name("posetrack-run")
AT_ONCE, WAVES = 10, 5


def race(tmp_path, names, *options):
    """Exit codes and lines of stderr of runs that start together."""
    command = [RUN, "-o", tmp_path / "runs", "--size", "64", "--quiet", *options]
    runs = [
        subprocess.Popen(
            [*command, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in names
    ]
    errors = [run.communicate(timeout=250)[1] for run in runs]
    return [run.returncode for run in runs], errors


def cameras(tmp_path):
    """Videos of equal names, each a frame longer than the one before."""
    for camera in range(AT_ONCE):
        folder = tmp_path / f"cam{camera}"
        folder.mkdir()
        yield write_video(folder / "clip.mp4", grey_images(camera + 2))


@pytest.mark.slow
def test_50_racing_starts_of_equal_names_come_out_right(tmp_path):
    videos = list(cameras(tmp_path))
    for _ in range(WAVES):
        codes, errors = race(tmp_path, videos, "--unique")
        assert (set(codes), set(errors)) == ({0}, {""})
    found = []
    for folder in (tmp_path / "runs").iterdir():
        report = json.loads((folder / "run.json").read_text())
        record = read_poses(folder / "poses.jsonl")
        frames = len(list(record))
        assert record.complete
        assert report["source"] == record.header["source"]
        assert report["frames"] == frames == len(decoded(folder / f"{folder.name}.mp4"))
        assert {file.name for file in folder.iterdir()} == set(report["files"])
        found.append((report["source"], frames))
    expected = [(str(video), frames) for frames, video in enumerate(videos, 2)]
    assert sorted(found) == sorted(expected * WAVES)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_of_racing_starts_into_one_folder_whole_results_stay(tmp_path, options):
    videos = list(cameras(tmp_path))
    codes, errors = race(tmp_path, videos, *options)
    winners = [frames for frames, code in enumerate(codes, 2) if code == 0]
    assert winners if options else len(winners) == 1
    assert set(codes) == {0, 1} or options
    for code, error in zip(codes, errors, strict=True):
        assert (code == 0) == (error == "")
        assert error.count("\n") <= 1
    record = read_poses(tmp_path / "runs" / "clip" / "poses.jsonl")
    assert len(list(record)) in winners
    assert record.complete
