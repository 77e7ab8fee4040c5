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


def kill_after(process, seconds):
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_killed_at_twenty_random_moments_every_run_comes_to_the_same_results(clips, tmp_path):
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown if this fails
    rng = np.random.default_rng(seed)
    images = [image[:268:2, ::2] for image in clip_images(clips / CLIP, FRAMES)]
    video = write_video(tmp_path / "walk.mp4", (images + images[::-1]) * (LOOPS // 2))
    begin = time.monotonic()
    finish(start(video, tmp_path / "wanted"))
    length = time.monotonic() - begin
    resumed = []
    for kill in range(KILLS):
        output = tmp_path / str(kill)
        kill_after(start(video, output, "--resume"), rng.uniform(0.3, 1.1) * length)
        if kill % 2:
            kill_after(start(video, output, "--resume"), rng.uniform(0.1, 0.8) * length)
        finish(start(video, output, "--resume"))
        assert_same(output / "walk", tmp_path / "wanted" / "walk")
        resumed.append(report_of(output / "walk")["resumed_at"])
        print(kill, resumed[-1])
    assert sum(bool(frames) for frames in resumed) > KILLS / 2
    assert any(len(frames) == 2 for frames in resumed)
