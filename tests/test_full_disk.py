"""Runs into a disk that fills up: what is there plays, and the run is gone on with afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from media import clip_images, decoded, write_video
from posetrack.formats import read_poses
from same_results import assert_same, names_in, report_of

RUN = Path(sys.executable).with_name("posetrack-run")
CLIP, FRAMES, LOOPS = "face-demographics-walking.mp4", 35, 8
SIZES_KB = (8, 24, 48, 96, 160, 256, 400, 600, 700, 800)


@pytest.fixture
def disk(tmp_path):
    """A function that gives a small file system some size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(kilobytes, option="size"):
        options = f"{option}={kilobytes}k"
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True
        )

    if resize(8).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield lambda kilobytes: resize(kilobytes, "remount,size") and folder
    subprocess.run(["umount", folder], check=True)


def run(video, output, *options):
    command = [RUN, video, "-o", output, "--format", "coco,posetrack18", "--size", "64", "-q"]
    return subprocess.run([*command, *options], capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("size_kb", SIZES_KB)
def test_full_disk_ends_a_run_with_a_sentence_and_costs_nothing_that_was_done(
    clips, tmp_path, disk, size_kb
):
    images = [image[:268:2, ::2] for image in clip_images(clips / CLIP, FRAMES)]
    video = write_video(tmp_path / "walk.mp4", (images + images[::-1]) * (LOOPS // 2))
    assert run(video, tmp_path / "wanted").returncode == 0
    output = disk(size_kb)
    full = run(video, output)
    assert full.returncode == 1
    assert "No space left on device" in full.stderr
    assert "Traceback" not in full.stderr
    folder = output / "walk"
    for path in folder.glob("*.mp4") if folder.exists() else ():
        records = len(list(read_poses(folder / "poses.jsonl")))
        assert records < 30 or len(decoded(path)) >= records - 30
    if folder.exists():
        assert report_of(folder)["reason"].startswith(("failed", "running"))
        assert names_in(folder) != names_in(tmp_path / "wanted" / "walk")
    disk(64_000)
    again = run(video, output, "--resume")
    assert (again.returncode, again.stderr) == (0, "")
    assert_same(folder, tmp_path / "wanted" / "walk", noise=6.0)
