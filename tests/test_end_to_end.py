"""Whole runs on real clips, and the installed commands with real signals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from media import clip_images, damaged, decoded, truncated, turned, write_images, write_video
from posetrack.apps.main import execute
from posetrack.apps.media.writers import VideoWriter
from posetrack.formats import read_poses
from posetrack.structures import COCO_17, TrackState
from pycocotools.coco import COCO

CLIP = "face-demographics-walking.mp4"  # two people walk
FRAMES = 35
LOOPS = 40
RUN = Path(sys.executable).with_name("posetrack-run")
FAST = ("--size", "64", "--quiet")


def run(*arguments):
    """The exit code of `posetrack run`."""
    return execute(["run", *map(str, arguments)])


def report(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def results(clips, tmp_path_factory):
    """The folder of one run over the clip with everything that a run can write."""
    output = tmp_path_factory.mktemp("runs")
    assert run(clips / CLIP, "-o", output, "--format", "coco,posetrack18", "--quiet") == 0
    return output / Path(CLIP).stem


@pytest.fixture(scope="module")
def long_video(clips, tmp_path_factory):
    """A video of half a minute or more of work."""
    images = [image[:268:2, ::2] for image in clip_images(clips / CLIP, FRAMES)]
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    return write_video(path, images * LOOPS)


def test_every_frame_has_a_record_with_its_time(results, clips):
    lines = list(read_poses(results / "poses.jsonl"))
    assert [line.frame for line in lines] == list(range(FRAMES))
    times = [time_s for time_s, _ in decoded(clips / CLIP)]
    assert np.allclose([line.time_s for line in lines], times)


def test_two_people_keep_two_ids_from_the_first_frame_to_the_last(results):
    lines = list(read_poses(results / "poses.jsonl"))
    confirmed = [line.poses[line.poses.track_states == TrackState.CONFIRMED] for line in lines]
    assert {tuple(sorted(poses.track_ids.tolist())) for poses in confirmed} == {(1, 2)}


def test_the_header_describes_video_model_and_skeleton(results, clips):
    header = read_poses(results / "poses.jsonl").header
    assert header["source"] == str(clips / CLIP)
    assert header["video"] == {
        "width": 480, "height": 270, "fps": 12.5, "time_base": "1/12800", "rotation": 0,
        "frames": FRAMES,
    }  # fmt: skip
    assert header["model"]["name"] == "movenet-multipose"
    assert len(header["model"]["sha256"]) == 64
    assert tuple(header["skeleton"]["keypoints"]) == COCO_17.keypoints
    assert header["options"]["formats"] == ["coco", "posetrack18"]


def test_the_drawn_video_has_every_frame_at_its_time_with_the_people_on_it(results, clips):
    drawn = decoded(results / f"{results.name}.mp4")
    source = decoded(clips / CLIP)
    assert np.allclose([t for t, _ in drawn], [t for t, _ in source])
    for (_, painted), (_, plain), line in zip(
        drawn, source, read_poses(results / "poses.jsonl"), strict=True
    ):
        changed = np.abs(painted.astype(int) - plain).max(axis=2) > 60
        inside = np.zeros_like(changed)
        for x1, y1, x2, y2 in np.add(line.poses.boxes.round().astype(int), (-30, -30, 30, 30)):
            inside[max(y1, 0) : y2, max(x1, 0) : x2] = True
        assert changed[inside].mean() > 0.02
        assert changed[~inside].mean() < 0.002


def test_the_report_sums_the_run_up(results):
    summary = report(results)
    assert summary["reason"] == "complete"
    assert (summary["frames"], summary["people"], summary["tracks"]) == (FRAMES, 2 * FRAMES, 2)
    assert (summary["backend"], summary["precision"]) == ("onnxruntime", "fp32")
    assert set(summary["stages"]) == {"read", "size", "network", "decode", "track", "draw", "write"}
    assert all(0 <= s["p50_ms"] <= s["p95_ms"] for s in summary["stages"].values())
    assert 0 < summary["seconds_to_first_frame"] < summary["seconds"]
    assert summary["fps"] == pytest.approx(FRAMES / summary["seconds"], rel=0.02)


def test_the_coco_file_holds_poses_that_the_record_leaves_out(results):
    found = json.loads((results / f"{results.name}.coco.json").read_text())
    recorded = sum(len(line.poses) for line in read_poses(results / "poses.jsonl"))
    assert len(found) > recorded
    assert {pose["image_id"] for pose in found} == set(range(FRAMES))
    # The best poses of a frame are those recorded, apart from rounding.
    for line in read_poses(results / "poses.jsonl"):
        best = [pose["score"] for pose in found if pose["image_id"] == line.frame]
        assert best == sorted(best, reverse=True)
        assert np.allclose(best[: len(line.poses)], line.poses.scores, atol=6e-4)


def test_the_posetrack_file_holds_the_confirmed_people(results):
    truth = json.loads((results / f"{results.name}.posetrack18.json").read_text())
    assert len(truth["images"]) == FRAMES
    assert len(truth["annotations"]) == 2 * FRAMES
    assert {pose["track_id"] for pose in truth["annotations"]} == {1, 2}


def test_nothing_else_lies_in_the_folder(results):
    stem = results.name
    assert sorted(file.name for file in results.iterdir()) == sorted(
        [f"{stem}.mp4", f"{stem}.coco.json", f"{stem}.posetrack18.json", "poses.jsonl", "run.json"]
    )


def test_without_tracking_nobody_has_an_id(clips, tmp_path):
    assert run(clips / CLIP, "-o", tmp_path, "--no-track", "--max-frames", 3, "--quiet") == 0
    lines = list(read_poses(tmp_path / Path(CLIP).stem / "poses.jsonl"))
    assert len(lines) == 3
    assert {int(i) for line in lines for i in line.poses.track_ids} == {-1}
    assert {int(s) for line in lines for s in line.poses.track_states} == {TrackState.UNTRACKED}
    summary = report(tmp_path / Path(CLIP).stem)
    assert (summary["reason"], summary["people"], summary["tracks"]) == ("complete", 6, 0)


def test_min_score_thins_the_record_but_not_the_coco_file(clips, tmp_path):
    options = ("--max-frames", 2, "--no-video", "--quiet", "--format", "coco")
    counts = []
    for score in ("0", "1"):
        assert run(clips / CLIP, "-o", tmp_path / score, "--min-score", score, *options) == 0
        folder = tmp_path / score / Path(CLIP).stem
        found = json.loads((folder / f"{folder.name}.coco.json").read_text())
        counts.append(
            (len(found), sum(len(line.poses) for line in read_poses(folder / "poses.jsonl")))
        )
    (all_found, all_recorded), (found, recorded) = counts
    assert all_found == all_recorded == found
    assert recorded == 0


@pytest.mark.parametrize(
    ("names", "image_ids"),
    [
        (["000000000139.png", "000000000285.png"], [139, 285]),
        (["a.png", "b.png"], [0, 1]),
    ],
)
def test_pycocotools_reads_the_results_of_stills(clips, tmp_path, names, image_ids):
    write_images(tmp_path / "images", names, clip_images(clips / CLIP, 2))
    assert (
        run(tmp_path / "images", "-o", tmp_path / "runs", "--stills", "--format", "coco", "-q") == 0
    )
    folder = tmp_path / "runs" / "images"
    truth = COCO()
    truth.dataset = {
        "images": [{"id": i} for i in image_ids],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [],
    }
    truth.createIndex()
    loaded = truth.loadRes(str(folder / "images.coco.json"))
    assert sorted({pose["image_id"] for pose in loaded.anns.values()}) == image_ids
    assert {pose["file_name"] for pose in loaded.anns.values()} == set(names)
    assert sorted(file.name for file in (folder / "drawn").iterdir()) == names


def test_a_folder_of_images_is_a_video_of_tracked_people(clips, tmp_path):
    names = [f"{index}.png" for index in range(8)]
    write_images(tmp_path / "walk", names, clip_images(clips / CLIP, 8))
    assert run(tmp_path / "walk", "-o", tmp_path / "runs", "--fps", 12.5, "--quiet") == 0
    folder = tmp_path / "runs" / "walk"
    assert [round(t, 3) for t, _ in decoded(folder / "walk.mp4")] == [0.08 * i for i in range(8)]
    assert report(folder)["tracks"] == 2


def test_a_single_image_is_drawn_as_an_image(clips, tmp_path):
    write_images(tmp_path, ["walk.jpg"], clip_images(clips / CLIP, 1))
    assert run(tmp_path / "walk.jpg", "-o", tmp_path / "runs", "--quiet") == 0
    folder = tmp_path / "runs" / "walk"
    assert sorted(f.name for f in folder.iterdir()) == ["poses.jsonl", "run.json", "walk.png"]
    assert report(folder)["people"] == 2


def test_a_turned_video_gives_the_people_of_the_displayed_picture(clips, tmp_path):
    images = [np.ascontiguousarray(np.rot90(i)) for i in clip_images(clips / CLIP, 4)]
    plain = write_video(tmp_path / "plain.mp4", images)
    source = turned(plain, tmp_path / "phone.mp4")  # held wrongly, shown upright again
    assert run(source, "-o", tmp_path / "runs", "--quiet") == 0
    folder = tmp_path / "runs" / "phone"
    assert report(folder)["people"] == 8
    assert {image.shape for _, image in decoded(folder / "phone.mp4")} == {(270, 480, 3)}


@pytest.mark.parametrize("size", [(271, 481), (5, 3), (1, 1)])
def test_odd_sizes_go_through(tmp_path, size):
    image = np.full((*size, 3), 128, np.uint8)
    source = write_video(tmp_path / "odd.mkv", [image] * 3, codec="ffv1", pixels="yuv444p")
    write_images(tmp_path, ["one.png"], [image])
    assert run(source, tmp_path / "one.png", "-o", tmp_path / "runs", *FAST) == 0
    even = tuple(side + side % 2 for side in size)
    drawn = decoded(tmp_path / "runs" / "odd" / "odd.mp4")
    assert [image.shape for _, image in drawn] == [(*even, 3)] * 3


def test_a_cut_video_fails_but_keeps_what_was_found(clips, tmp_path, capsys):
    whole = write_video(tmp_path / "whole.mp4", clip_images(clips / CLIP, FRAMES), faststart=True)
    source = truncated(whole, tmp_path / "cut.mp4", 0.6)
    assert run(source, "-o", tmp_path / "runs", "--format", "coco", *FAST) == 1
    folder = tmp_path / "runs" / "cut"
    lines = list(read_poses(folder / "poses.jsonl"))
    assert 0 < len(lines) < FRAMES
    assert f"is cut short: {len(lines)} of {FRAMES} frames" in capsys.readouterr().err
    names = ["cut.coco.json", "cut.mp4", "poses.jsonl", "run.json"]
    assert sorted(f.name for f in folder.iterdir()) == names
    assert len(decoded(folder / "cut.mp4")) == len(lines)
    summary = report(folder)
    assert summary["reason"] == "damaged"
    assert summary["source_frames"]["missing"] == FRAMES - len(lines)
    options = ("-o", tmp_path / "runs", "--accept-damage", "--overwrite", *FAST)
    assert run(source, *options) == 0


def test_damage_in_the_middle_of_a_video_does_not_end_the_run(clips, tmp_path):
    whole = write_video(tmp_path / "whole.mp4", clip_images(clips / CLIP, FRAMES), faststart=True)
    assert run(damaged(whole, tmp_path / "bad.mp4"), "-o", tmp_path / "runs", *FAST) == 1
    folder = tmp_path / "runs" / "bad"
    lines = list(read_poses(folder / "poses.jsonl"))
    assert len(decoded(folder / "bad.mp4")) == len(lines) >= FRAMES - 5
    assert report(folder)["reason"] == "damaged"


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (OSError(28, "No space left on device"), 1, "failed: {}: No space left on device"),
        (RuntimeError("out of memory"), 1, "failed: out of memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_run_that_breaks_leaves_nothing_that_looks_whole(
    clips, tmp_path, monkeypatch, error, code, reason
):
    write, frames = VideoWriter.write, []

    def breaks(self, image, pts):
        if len(frames) == 3:
            raise error
        frames.append(pts)
        write(self, image, pts)

    monkeypatch.setattr(VideoWriter, "write", breaks)
    assert run(clips / CLIP, "-o", tmp_path, "--format", "coco", *FAST) == code
    folder = tmp_path / Path(CLIP).stem
    video = f"{folder.name}.partial.mp4"
    names = {f"{folder.name}.coco.json.partial", video, "poses.jsonl", "run.json"}
    assert {file.name for file in folder.iterdir()} == {*names, "run.partial.npz"}
    assert not read_poses(folder / "poses.jsonl").complete
    assert len(decoded(folder / video)) == 3
    summary = report(folder)
    assert summary["reason"] == reason.format(folder)
    assert summary["frames"] == 3


# -- the installed commands -----------------------------------------------------------------------


def start(*arguments, **options):
    return subprocess.Popen(
        [RUN, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def wait_for_records(path, lines):
    deadline = time.monotonic() + 60
    while not path.is_file() or path.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["posetrack", "posetrack-run"])
def test_both_commands_know_their_version(name):
    done = subprocess.run([RUN.with_name(name), "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("posetrack ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_closes_its_files_and_says_how_far_it_came(
    long_video, tmp_path, number, code
):
    process = start(long_video, "-o", tmp_path, "--format", "coco,posetrack18")
    folder = tmp_path / "long"
    wait_for_records(folder / "poses.jsonl", 10)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    record = read_poses(folder / "poses.jsonl")
    frames = len(list(record))
    assert 9 <= frames < LOOPS * FRAMES
    assert not record.complete
    assert f"interrupted after {frames} of {LOOPS * FRAMES} frames of {long_video}" in err
    formats = [f"long.{name}.json.partial" for name in ("coco", "posetrack18")]
    names = {*formats, "long.partial.mp4", "poses.jsonl", "run.json", "run.partial.npz"}
    assert {file.name for file in folder.iterdir()} == names
    assert len(decoded(folder / "long.partial.mp4")) == frames
    summary = report(folder)
    assert (summary["reason"], summary["frames"]) == ("interrupted", frames)


def test_after_a_kill_nothing_looks_whole_and_overwrite_cleans_up(long_video, tmp_path):
    process = start(long_video, "-o", tmp_path, "--format", "coco")
    folder = tmp_path / "long"
    wait_for_records(folder / "poses.jsonl", 5)
    process.kill()
    process.communicate(timeout=60)
    assert not read_poses(folder / "poses.jsonl").complete
    left = {".lock", "long.coco.json.partial", "long.partial.mp4", "poses.jsonl", "run.json"}
    left |= {"run.partial.npz", "run.partial.npz.partial"}
    assert {file.name for file in folder.iterdir()} <= left
    assert report(folder)["reason"] == "running"
    options = ("-o", tmp_path, "--overwrite", "--max-frames", 2, "--no-video", *FAST)
    assert run(long_video, *options) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["poses.jsonl", "run.json"]


def test_a_reader_that_closes_stdout_does_not_stop_the_work(clips, tmp_path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    options = ("-o", str(tmp_path), "--max-frames", "1", "--no-video", *FAST)
    done = subprocess.run(
        [RUN, clips / CLIP, clips / CLIP, *options],
        stdout=write_end, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(tmp_path.glob("*/run.json"))) == 2


def test_a_terminal_gets_one_bar_with_speed_and_time_left(clips, tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [RUN, clips / CLIP, "-o", tmp_path, "--size", "64"],
        stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the other end was closed
            break
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.decode() == f"{tmp_path / Path(CLIP).stem}\n"
    text = shown.decode()
    assert f"{FRAMES}/{FRAMES}" in text
    assert " FPS" in text
    assert "0:00:00" in text
    lines = [line for line in text.split("\n") if line.strip()]
    assert len(lines) <= 3  # the model, the bar redrawn in its line, the summary
