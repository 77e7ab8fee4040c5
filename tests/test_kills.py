"""The installed command, killed for real at random moments and gone on with."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from media import clip_images, write_video
from same_results import assert_same, report_of

RUN = Path(sys.executable).with_name("posetrack-run")
CLIP, FRAMES, LOOPS = "face-demographics-walking.mp4", 35, 20
KILLS = 20


def start(video, output, *options):
    command = [RUN, video, "-o", output, "--format", "coco,posetrack18", "--size", "96", "-q"]
    return subprocess.Popen([*command, *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def finish(process):
    _, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (0, b"")


def kill_behind(process, record, frames, seconds):
    """Kill it some time after it has written so many frames, unless it ends before."""
    while process.poll() is None:
        lines = record.read_bytes().count(b"\n") if record.is_file() else 0
        if lines > frames:  # the first line is the header
            time.sleep(seconds)
            process.kill()
        time.sleep(0.01)
    process.communicate()


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_killed_at_twenty_random_moments_every_run_comes_to_the_same_results(clips, tmp_path):
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown if this fails
    rng = np.random.default_rng(seed)
    images = [image[:268:2, ::2] for image in clip_images(clips / CLIP, FRAMES)]
    video = write_video(tmp_path / "walk.mp4", (images + images[::-1]) * (LOOPS // 2))
    finish(start(video, tmp_path / "wanted"))
    resumed = []
    for kill in range(KILLS):
        output = tmp_path / str(kill)
        record = output / "walk" / "poses.jsonl"
        stops = sorted(rng.integers(0, FRAMES * LOOPS, 1 + kill % 2).tolist())
        for frames in stops:
            kill_behind(start(video, output, "--resume"), record, frames, rng.uniform(0, 0.5))
        finish(start(video, output, "--resume"))
        resumed.append(report_of(output / "walk")["resumed_at"])
        print(f"killed behind {stops}, gone on from {resumed[-1]}")
        assert_same(output / "walk", tmp_path / "wanted" / "walk", noise=6.0)
    assert any(len(frames) == 2 for frames in resumed)
    assert sum(map(bool, resumed)) > KILLS / 2
