"""Where results cannot be kept: a full disk, a folder that somebody deletes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from posetrack.apps.main import execute
from posetrack.apps.media.video import VideoSource
from posetrack.formats import read_poses

CLIP = "store-aisle-detection.mp4"
OPTIONS = ("--size", "64", "--quiet", "--format", "coco,posetrack18")


def run(*arguments):
    return execute(["run", *map(str, arguments), *OPTIONS])


@pytest.fixture
def disk(tmp_path):
    """Mounts a file system of so many kilobytes; skipped where this may not be done."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(kilobytes, *options):
        options = ",".join((f"size={kilobytes}k", *options))
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root can mount a small disk here")
        return place

    yield mount
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


@pytest.mark.parametrize("later", ["--overwrite", "--resume"])
@pytest.mark.parametrize("kilobytes", [4, 8, 12, 16, 24, 40, 64, 128, 256, 512])
def test_full_disk_is_one_sentence_and_blocks_no_later_run(clips, disk, kilobytes, later, capsys):
    output = disk(kilobytes) / "runs"
    source = (clips / CLIP, "-o", output, "--max-frames", 60)
    assert run(*source) == 1
    left = {path.name for path in output.rglob("*") if path.is_file()}
    how = ": use --resume to go on" if left else ""
    assert capsys.readouterr().err == (
        f"posetrack: {output / Path(CLIP).stem}: No space left on device{how}\n"
    )
    assert {name for name in left if "partial" not in name} <= {"poses.jsonl", "run.json"}
    if left:
        report = json.loads((output / Path(CLIP).stem / "run.json").read_text())
        assert report["reason"].startswith("failed: ")
        assert not read_poses(output / Path(CLIP).stem / "poses.jsonl").complete
    else:
        assert not output.exists()
    disk(4096, "remount")
    assert run(*source, *([later] if left else [])) == 0
    assert not list(output.rglob("*partial*"))


@pytest.mark.parametrize("files", range(2, 8))
def test_disk_without_room_for_another_file_keeps_no_folder(clips, disk, files, capsys):
    output = disk(4096, f"nr_inodes={files}") / "runs"
    assert run(clips / CLIP, "-o", output, "--max-frames", 2) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("delete", ["folder", "files"])
def test_deleted_output_stops_the_run_at_once(clips, tmp_path, monkeypatch, capsys, delete):
    folder, frames, read = tmp_path / "runs" / Path(CLIP).stem, VideoSource.frames, []

    def watched(self, *wanted):
        for frame in frames(self, *wanted):
            read.append(frame.index)
            if frame.index == 20:
                for path in [folder] if delete == "folder" else folder.glob("*.*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield frame

    monkeypatch.setattr(VideoSource, "frames", watched)
    source = (clips / CLIP, "-o", tmp_path / "runs", "--max-frames", 30)
    assert run(*source) == 1
    assert read[-1] < 25
    assert capsys.readouterr().err == (
        f"posetrack: {folder}/poses.jsonl was deleted while it was written: run it again\n"
    )
    left = [] if delete == "folder" else ["run.json"]
    assert sorted(path.name for path in folder.glob("*")) == left
    monkeypatch.undo()
    assert run(*source, "--resume") == 0
    assert len(list(read_poses(folder / "poses.jsonl"))) == 30
