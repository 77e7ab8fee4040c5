"""`posetrack run --resume`: what is skipped, gone on with, begun and refused, and what is said."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from media import grey_images, write_video
from posetrack.apps.media.video import VideoSource
from posetrack.apps.media.writers import VideoWriter
from same_results import assert_same, report_of

FRAMES = 24
FAST = ("--size", "64", "--format", "coco")


@pytest.fixture
def videos(tmp_path, monkeypatch):
    """Three of them in the working folder."""
    monkeypatch.chdir(tmp_path)
    return [write_video(Path(f"{name}.mp4"), grey_images(FRAMES)) for name in "abc"]


def interrupt_in(monkeypatch, name):
    """Ctrl-C in the middle of a source, with many frames behind it: some are under way."""
    frames = VideoSource.frames

    def interrupted(self, *wanted):
        for frame in frames(self, *wanted):
            if self.path.name == name and frame.index == FRAMES // 3:
                os.kill(os.getpid(), signal.SIGINT)
            yield frame

    monkeypatch.setattr(VideoSource, "frames", interrupted)


def test_batch_goes_on_where_it_was_stopped(posetrack, videos, monkeypatch):
    assert posetrack("run", *videos, *FAST, "-o", "wanted")[0] == 0
    with monkeypatch.context() as patch:
        interrupt_in(patch, "b.mp4")
        code, out, err = posetrack("run", *videos, *FAST)
    assert (code, out) == (130, "runs/a\n")
    assert err.endswith(f"of {FRAMES} frames of b.mp4: use --resume to go on")
    code, out, err = posetrack("run", *videos, *FAST)
    assert code == 1
    assert "use --overwrite to replace the earlier results" in err
    code, out, err = posetrack("run", *videos, *FAST, "--resume")
    assert (code, out) == (0, "runs/a\nruns/b\nruns/c\n")
    assert "posetrack: a.mp4 was done before: complete" in err
    for name in "abc":
        assert_same(Path("runs", name), Path("wanted", name))
    resumed = [report_of(Path("runs", name))["resumed_at"] for name in "abc"]
    assert [len(frames) for frames in resumed] == [0, 1, 0]
    before = report_of(Path("runs/b"))
    assert posetrack("run", *videos, *FAST, "--resume", "-q") == (0, out, "")
    assert report_of(Path("runs/b")) == before


def test_earlier_results_of_a_stopped_run_name_both_ways(posetrack, videos, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_in(patch, "a.mp4")
        posetrack("run", videos[0], *FAST)
    code, _, err = posetrack("run", videos[0], *FAST)
    assert code == 1
    assert err.endswith("to replace the earlier results, or --resume to go on with them")


def test_run_that_met_a_full_disk_says_how_to_go_on(posetrack, videos, monkeypatch):
    write, written = VideoWriter.write, []

    def full(self, *arguments):
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        written.append(1)
        write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(VideoWriter, "write", full)
        code, _, err = posetrack("run", videos[0], *FAST)
    assert code == 1
    assert err.endswith("No space left on device: use --resume to go on")
    assert posetrack("run", videos[0], *FAST, "--resume", "-q")[0] == 0
    assert posetrack("run", videos[0], *FAST, "-o", "wanted", "-q")[0] == 0
    assert_same(Path("runs/a"), Path("wanted/a"))


def test_what_does_not_fit_is_refused_and_the_next_source_done(posetrack, videos, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_in(patch, "a.mp4")
        posetrack("run", videos[0], *FAST)
    code, out, err = posetrack("run", *videos[:2], "--size", "96", "--resume")
    assert (code, out) == (1, "runs/b\n")
    assert "runs/a holds results of formats ['coco'] instead of [], sizes [64] instead of" in err
    assert "repeat the command of these, or use --overwrite to start again" in err
    assert "use --resume" not in err


def test_earlier_run_with_damage_is_no_success(posetrack, videos):
    assert posetrack("run", videos[0], *FAST, "-q")[0] == 0
    report = report_of(Path("runs/a"))
    Path("runs/a/run.json").write_text(json.dumps({**report, "reason": "damaged"}))
    code, out, err = posetrack("run", videos[0], *FAST, "--resume", "-q")
    assert (code, out, err) == (1, "runs/a\n", "posetrack: a.mp4 was done before: damaged")
    assert posetrack("run", videos[0], *FAST, "--resume", "--accept-damage", "-q")[0] == 0


@pytest.mark.parametrize("other", ["--resume", "--unique"])
def test_results_are_replaced_or_kept(posetrack, videos, other):
    code, _, err = posetrack("run", videos[0], "--overwrite", other)
    assert code == 2
    assert "Invalid value for '--overwrite': replaces what --unique and --resume keep" in err
    assert not Path("runs").exists()


def test_unique_run_goes_on_in_its_own_folder(posetrack, videos, monkeypatch):
    unique = ("run", *videos, *FAST, "--unique")
    assert posetrack("run", *videos[:2], *FAST, "-q")[0] == 0  # takes the names a and b
    with monkeypatch.context() as patch:
        interrupt_in(patch, "b.mp4")
        code, out, err = posetrack(*unique)
    assert (code, out) == (130, "runs/a-2\n")
    assert err.endswith("of b.mp4: use --resume --unique to go on")
    code, out, err = posetrack(*unique, "--resume")
    assert (code, out) == (0, "runs/a-2\nruns/b-2\nruns/c\n")
    assert "a.mp4 was done before: complete" in err
    assert len(report_of(Path("runs/b-2"))["resumed_at"]) == 1
    for name in "ab":
        earlier, later = Path(f"runs/{name}/poses.jsonl"), Path(f"runs/{name}-2/poses.jsonl")
        assert earlier.read_bytes() == later.read_bytes()
    assert sorted(os.listdir("runs")) == ["a", "a-2", "b", "b-2", "c"]


def test_a_run_of_another_source_with_that_name_is_not_gone_on_with(posetrack, videos):
    Path("cam").mkdir()
    other = write_video(Path("cam/a.mp4"), grey_images(FRAMES))
    assert posetrack("run", videos[0], *FAST, "-q")[0] == 0
    code, out, _ = posetrack("run", other, *FAST, "--unique", "--resume", "-q")
    assert (code, out) == (0, "runs/a-2\n")
