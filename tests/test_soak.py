"""A long run holds no more memory and no more files at its end than at its beginning.

5,000 frames; POSETRACK_SOAK_FRAMES=100000 asks for more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from media import clip_images, write_video

RUN = Path(sys.executable).with_name("posetrack-run")
FRAMES = int(os.environ.get("POSETRACK_SOAK_FRAMES", "5000"))
SLACK_MB = 24 + FRAMES * 64 / 1e6  # allocators, and the times of each stage of each frame


def memory_mb(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024 if "VmRSS" in status else 0.0


def watched(process):
    """(MB, open files) every tenth of a second until the process ends."""
    while process.poll() is None:
        try:
            yield memory_mb(process), len(os.listdir(f"/proc/{process.pid}/fd"))
        except OSError:  # it ended in between
            return
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_memory_and_file_handles_stay_flat(clips, tmp_path):
    images = clip_images(clips / "face-demographics-walking.mp4", 35)
    images = [image[::2, ::2][:134] for image in images]
    video = write_video(tmp_path / "long.mp4", (images * (FRAMES // len(images) + 1))[:FRAMES])
    command = [RUN, video, "-o", tmp_path, "--size", "64", "--quiet"]
    process = subprocess.Popen([*command, "--format", "coco,posetrack18"])
    memory, files = zip(*watched(process), strict=True)
    assert process.returncode == 0
    report = json.loads((tmp_path / "long" / "run.json").read_text())
    assert (report["frames"], report["reason"]) == (FRAMES, "complete")
    quarter = len(memory) // 4
    begin, end = max(memory[quarter : 2 * quarter]), max(memory[-quarter:])
    print(f"{FRAMES} frames: {begin:.0f} MB, at the end {end:.0f} MB, {max(files)} files")
    assert end <= begin + SLACK_MB
    # one more is open for the moment in which a snapshot is written
    assert max(files[-quarter:]) <= max(files[quarter : 2 * quarter]) + 1
