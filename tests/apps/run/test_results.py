"""Files of a run: their names, and when they look whole."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from factories import people
from posetrack.apps.media.sources import Source, VideoFacts
from posetrack.apps.run.folders import (
    ResultFolder,
    check_free,
    check_place,
    places_of,
    result_folders,
)
from posetrack.apps.run.options import RunOptions
from posetrack.apps.run.results import ResultWriter
from posetrack.formats import read_poses
from posetrack.structures import COCO_17, MPII_16, Frame
from posetrack.structures.partial_file import partial_path
from posetrack.trackers import TrackedFrame

HEADER = {"skeleton": {"keypoints": COCO_17.keypoints}}
NOBODY = people([])
ITEM = TrackedFrame(Frame(np.zeros((2, 2, 3), np.uint8), 0, 0, 0.0), NOBODY, NOBODY, NOBODY)


class Clip(Source):
    """A video of which only the facts are needed."""

    kind = "video"

    def __init__(self, path, size=(48, 64)):
        super().__init__(path, path.stem)
        self.facts = VideoFacts(size[1], size[0], 25.0, Fraction(1, 25), 0, None)


@pytest.fixture
def folder(tmp_path):
    return ResultFolder(tmp_path / "clip", "clip")


def writer(folder, *, formats=("coco",), skeleton=COCO_17, size=(48, 64), draw=True):
    options = RunOptions(formats=formats, draw=draw)
    folder.path.mkdir(exist_ok=True)
    source = Clip(folder.path / "clip.mp4", size)
    results = ResultWriter(folder, source, skeleton, options)
    results.begin(HEADER, report(results.files, folder))
    return results


def report(files, folder):
    """As much of `run.json` as tells what is ours."""
    return {"posetrack": "0", "files": [str(file.relative_to(folder.path)) for file in files]}


def write(to, count, name=""):
    image = np.zeros((48, 64, 3), np.uint8)
    for index in range(count):
        frame = Frame(image, index, index, index / 25, name)
        to.write(TrackedFrame(frame, NOBODY, NOBODY, NOBODY), image)


def names(folder):
    return sorted(str(f.relative_to(folder.path)) for f in folder.path.rglob("*") if f.is_file())


def test_sources_of_one_name_get_folders_of_their_own(tmp_path):
    (tmp_path / "clip.d").mkdir()
    sources = [tmp_path / "clip.mp4", tmp_path / "x" / "clip.avi", tmp_path / "clip.d"]
    folders = result_folders(sources, tmp_path / "runs")
    assert [f.path.name for f in folders] == ["clip", "clip-2", "clip.d"]
    assert folders[1].video == tmp_path / "runs" / "clip-2" / "clip-2.mp4"


def test_a_complete_run_leaves_whole_files_only(folder):
    results = writer(folder, formats=("coco", "posetrack18"))
    write(results, 3)
    results.close(3, "complete")
    assert names(folder) == [
        "clip.coco.json",
        "clip.mp4",
        "clip.posetrack18.json",
        "poses.jsonl",
        "run.json",
    ]
    assert read_poses(folder.poses).complete


def test_an_incomplete_run_leaves_nothing_that_looks_whole(folder):
    results = writer(folder, formats=("coco", "posetrack18"))
    write(results, 3)
    results.close(3, None)
    assert names(folder) == [
        "clip.coco.json.partial",
        "clip.partial.mp4",
        "clip.posetrack18.json.partial",
        "poses.jsonl",
        "run.json",
    ]
    assert not read_poses(folder.poses).complete
    assert len(list(read_poses(folder.poses))) == 3


def test_while_a_run_is_under_way_nothing_looks_whole(folder):
    results = writer(folder)
    write(results, 3)
    under_way = {"clip.coco.json.partial", "clip.partial.mp4", "poses.jsonl", "run.json"}
    assert set(names(folder)) <= under_way
    assert not read_poses(folder.poses).complete
    results.close(3, None)


def test_if_the_video_cannot_be_finished_nothing_looks_whole(folder, monkeypatch):
    results = writer(folder)
    write(results, 2)
    close = results._video.close

    def disk_full():
        close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results._video, "close", disk_full)
    with pytest.raises(OSError, match="No space left"):
        results.close(2, "complete")
    left = ["clip.coco.json.partial", "clip.partial.mp4", "poses.jsonl", "run.json"]
    assert names(folder) == left
    assert not read_poses(folder.poses).complete


def test_lost_frames_are_noticed_at_the_end(folder):
    results = writer(folder, formats=())
    write(results, 2)
    with pytest.raises(ValueError, match="3 frames were decoded but 2 written"):
        results.close(3, "complete")
    assert not read_poses(folder.poses).complete


def test_files_that_an_earlier_run_lists_and_leftovers_are_removed_and_nothing_else(folder):
    listed = [folder.report, folder.video, folder.format_file("coco"), folder.drawn / "1.png"]
    unfinished = [folder.partial_video, folder.path / "clip.posetrack18.json.partial"]
    unfinished += [folder.drawn / "2.png.partial"]
    mine = [folder.path / "notes.txt", folder.drawn / "3.png", folder.path / "other.mp4"]
    folder.drawn.mkdir(parents=True)
    for file in (*listed, *unfinished, *mine):
        file.write_text("old")
    folder.write_report(report(listed, folder))
    assert set(folder.earlier()) == {*listed, *unfinished}
    results = writer(folder, formats=(), draw=False)
    results.write(ITEM, None)
    results.close(1, "complete")
    assert names(folder) == ["drawn/3.png", "notes.txt", "other.mp4", "poses.jsonl", "run.json"]


def test_links_are_removed_and_not_followed(folder, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    folder.path.mkdir()
    folder.write_report(report([folder.poses], folder))
    for file in (folder.poses, folder.partial_video, partial_path(folder.report)):
        file.symlink_to(precious)
    results = writer(folder)
    write(results, 2)
    results.close(2, "complete")
    assert precious.read_text() == "precious"
    assert not any((folder.path / name).is_symlink() for name in names(folder))


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"posetrack": "0"}',
        '{"files": ["poses.jsonl"]}',
        '{"posetrack": "0", "files": 3}',
        '{"posetrack": "0", "files": ["../mine", "/mine", "drawn/../../mine", "a/b", "..", ""]}',
    ],
)
def test_report_of_another_kind_names_nothing_of_ours(folder, tmp_path, content):
    (tmp_path / "mine").write_text("mine")
    folder.path.mkdir()
    folder.report.write_text(content)
    assert folder.earlier() == []
    with pytest.raises(FileExistsError, match=r"run\.json is not of an earlier run: move it away"):
        check_free(folder, overwrite=True)


def test_killed_run_says_that_it_is_running_and_what_is_its(folder):
    results = writer(folder)
    write(results, 2)
    assert set(results.files) >= set(folder.earlier()) - {partial_path(folder.format_file("coco"))}
    check_free(folder, overwrite=True)
    results.close(2, None)


def test_drawn_image_never_replaces_one_that_is_not_ours(folder):
    folder.drawn.mkdir(parents=True)
    (folder.drawn / "a.png").write_text("mine")
    source = Clip(folder.path)
    source.kind, source.names = "images", ("a.jpg",)
    results = ResultWriter(folder, source, COCO_17, RunOptions(stills=True))
    results.begin(HEADER, report(results.files, folder))
    with pytest.raises(FileExistsError, match=r"drawn/a\.png is not of an earlier run"):
        write(results, 1, "a.jpg")
    results.close(0, None)
    assert (folder.drawn / "a.png").read_text() == "mine"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"skeleton": MPII_16}, "leave out the format 'coco'"),
        ({"size": (100, 17000)}, "use --no-video"),
    ],
)
def test_refused_results_cost_no_earlier_ones(folder, wrong, message):
    results = writer(folder)
    write(results, 2)
    results.close(2, "complete")
    before = names(folder)
    with pytest.raises(ValueError, match=message):
        writer(folder, **wrong)
    assert names(folder) == before
    assert read_poses(folder.poses).complete


def test_the_report_is_written_whole(folder):
    folder.path.mkdir()
    folder.write_report({"frames": 3, "reason": "complete"})
    assert json.loads(folder.report.read_text(encoding="utf-8"))["frames"] == 3
    assert names(folder) == ["run.json"]


def test_results_never_go_where_a_source_lies(tmp_path):
    inside = tmp_path / "clip" / "clip.mp4"
    for source in (inside, inside.parent):
        with pytest.raises(FileExistsError, match=r"where the source .* lies: choose another"):
            check_place(ResultFolder(tmp_path / "clip", "clip"), places_of([source]))


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(FileExistsError, match="runs is not a folder: choose another --output"):
        check_place(ResultFolder(tmp_path / "runs" / "clip", "clip"), {})


def test_earlier_results_need_overwrite(folder):
    folder.path.mkdir()
    check_free(folder, overwrite=False)
    folder.partial_video.write_text("old")
    with pytest.raises(FileExistsError, match=r"clip\.partial\.mp4 exists: use --overwrite"):
        check_free(folder, overwrite=False)
    check_free(folder, overwrite=True)


@pytest.mark.parametrize("name", ["poses.jsonl", "run.json", "clip.mp4", "clip.coco.json"])
def test_what_is_not_of_an_earlier_run_is_in_the_way(folder, name):
    folder.path.mkdir()
    (folder.path / name).write_text("mine")
    with pytest.raises(FileExistsError, match=f"{name} is not of an earlier run: move it away"):
        check_free(folder, overwrite=True)


def test_drawn_images_do_not_go_through_a_link(folder, tmp_path):
    folder.path.mkdir()
    folder.drawn.symlink_to(tmp_path)
    with pytest.raises(FileExistsError, match="drawn is a link: choose another --output"):
        check_free(folder, overwrite=True)
