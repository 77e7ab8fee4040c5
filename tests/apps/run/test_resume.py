"""Runs that are stopped at any point and gone on with: nothing shows that they were."""

from __future__ import annotations

import json
import os
import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from factories import make_spec, people
from media import clip_images, damaged, decoded, grey_images, write_images, write_video
from posetrack.apps.media import writers
from posetrack.apps.media.limits import MAX_PIXELS, SourceLimits
from posetrack.apps.media.reading import open_source
from posetrack.apps.run import results
from posetrack.apps.run.folders import ResultFolder
from posetrack.apps.run.options import RunOptions
from posetrack.apps.run.report import Complete, Damaged, Interrupted
from posetrack.apps.run.run import Run
from posetrack.apps.run.snapshot import Snapshot, SnapshotPace
from posetrack.engine import EngineOptions
from posetrack.formats import PosesWriter, read_poses
from posetrack.structures import ResultFileError, SourceError
from posetrack.structures.partial_file import partial_path
from posetrack.trackers.flow import DisFlow
from same_results import assert_same, names_in, report_of

FRAMES = 88
SIZE = (96, 128)
EVERYTHING = RunOptions(formats=("coco", "posetrack18"), parallel=2)


def picture(index):
    """Its two greys tell its number to the engine, after H.264 too."""
    image = np.full((*SIZE, 3), 128, np.uint8)
    image[:32, :64], image[:32, 64:] = (20 + 20 * digit for digit in divmod(index, 11))
    return image


class Engine:
    """Finds people who walk, come and go; which, the picture's number says."""

    spec = make_spec()
    options = EngineOptions()
    sizes = (256,)

    class session:
        backend, device, precision = "fake", "cpu", "fp32"

    def run_timed(self, image):
        ten, one = ((image[8:24, x : x + 32].mean() - 20) / 20 for x in (16, 80))
        index = 11 * round(float(ten)) + round(float(one))
        centers = [(20.0 + index / 2, 60.0)]
        if index % 13 > 2:
            centers.append((90.0 - index / 3, 60.0))
        if index > 40:
            centers.append((60.0, 50.0))
        scores = [0.4, 0.3, 0.05][: len(centers)]
        return people(centers, scores=scores, height=40.0), {"network": 0.001}


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """One whose frames come at uneven times."""
    path = tmp_path_factory.mktemp("source") / "clip.mp4"
    times = np.cumsum(np.random.default_rng(0).choice([20, 40, 60], FRAMES)).tolist()
    images = [picture(index) for index in range(FRAMES)]
    return write_video(path, images, pts=times, time_base=Fraction(1, 1000))


def run(source, folder, options=EVERYTHING, *, resume=True, stopped=lambda: False):
    """The report of a run, or the reason of one that had come to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    same_size = options.draw and not options.stills
    limits = SourceLimits(options.max_pixels, options.pipe_timeout)
    with open_source(source, options.fps, same_size=same_size, limits=limits) as opened:
        flow = None if options.flow == "off" else DisFlow()
        job = Run(opened, Engine(), ResultFolder(folder, "clip"), options, {"name": "fake"}, flow)
        reason = job.take_up() if resume else None
        return reason or job.execute(stopped, quiet=True)


@pytest.fixture(scope="module")
def wanted(video, tmp_path_factory):
    """What a run leaves that nobody stops."""
    folder = tmp_path_factory.mktemp("wanted") / "clip"
    assert run(video, folder).ending == Complete()
    return folder


@contextmanager
def copies(folder, choose):
    """What a kill would leave, at chosen ones of all the moments when a file is about to change.

    Yields:
        The copies made, each with the number of its moment.
    """
    made, moments = [], 0

    def before(function):
        def call(*arguments, **options):
            nonlocal moments
            moments += 1
            if folder.is_dir() and choose(moments):
                made.append((moments, folder.with_name(f"{folder.name}-{moments}")))
                shutil.copytree(folder, made[-1][1])
            return function(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (Path, "replace"),
            (Path, "unlink"),
            (PosesWriter, "_write_line"),
            (writers.VideoWriter, "write"),
            (writers.VideoWriter, "close"),
            (results, "fast_start"),
        ):
            patch.setattr(owner, name, before(getattr(owner, name)))
        yield made


def random_pace(monkeypatch, rng):
    """Snapshots after a tenth of the frames, whatever the clock says."""
    monkeypatch.setattr(SnapshotPace, "is_due", lambda _: rng.random() < 0.1)


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))]
)
def test_killed_at_random_points_it_comes_to_the_same_results(
    video, wanted, tmp_path, monkeypatch, seed
):
    rng = np.random.default_rng(seed)
    random_pace(monkeypatch, rng)
    chosen = rng.choice(np.arange(10, 2 * FRAMES), 3, replace=False)  # a line and an image each
    with copies(tmp_path / "clip", lambda moment: moment in chosen) as killed:
        run(video, tmp_path / "clip")
    assert len(killed) == 3
    for _, folder in killed:
        with copies(folder, lambda _: rng.random() < 0.005) as again:
            run(video, folder)
        assert_same(folder, wanted)
        for _, twice in again:
            run(video, twice)
            assert_same(twice, wanted)


def test_killed_at_every_step_of_its_end_it_comes_to_the_same_results(video, wanted, tmp_path):
    lines = (wanted / "poses.jsonl").read_bytes().count(b"\n")

    def at_the_end(_):
        record = tmp_path / "clip" / "poses.jsonl"
        return record.exists() and record.read_bytes().count(b"\n") >= lines - 1

    with copies(tmp_path / "clip", at_the_end) as killed:
        run(video, tmp_path / "clip")
    assert len(killed) >= 8
    for _, folder in killed:
        run(video, folder)
        assert_same(folder, wanted)


@pytest.mark.parametrize("after", [0, 1, 5, 30, FRAMES - 1])
def test_interrupted_it_goes_on_from_its_last_frame(video, wanted, tmp_path, after):
    asked = []
    folder = tmp_path / "clip"
    report = run(video, folder, stopped=lambda: asked.append(1) or len(asked) > after)
    assert report.ending == Interrupted()
    again = run(video, folder)
    assert again.resumed_at == ([] if after == 0 else again.resumed_at[:1])
    assert all(after - 10 <= frames <= after for frames in again.resumed_at)
    assert_same(folder, wanted)


def test_interrupted_while_it_catches_up_it_has_lost_nothing(video, wanted, tmp_path):
    folder, reports = tmp_path / "clip", []
    for limit in (60, 3, 20, 40, 70):
        asked = []
        stopped = lambda: asked.append(1) or len(asked) > limit  # noqa: E731, B023
        reports.append(run(video, folder, stopped=stopped))
    counts = [report.tally.frames for report in reports[1:]]
    assert counts == sorted(counts)
    run(video, folder)
    assert_same(folder, wanted)


@pytest.mark.parametrize(
    "options",
    [
        {"draw": False},
        {"track": False},
        {"max_frames": 70},
        {"start_s": 0.5, "end_s": 2.5},
        {"min_score": 0.01},
        {"formats": ()},
        {"tracker": "best"},
        {"tracker": "paper", "flow": "dis"},
    ],
)
def test_whatever_is_asked_for_comes_to_the_same_results(video, tmp_path, monkeypatch, options):
    rng = np.random.default_rng(1)
    options = replace(EVERYTHING, **{"formats": ("coco",), **options})
    run(video, tmp_path / "wanted", options)
    random_pace(monkeypatch, rng)
    with copies(tmp_path / "clip", lambda _: rng.random() < 0.02) as killed:
        run(video, tmp_path / "clip", options)
    assert killed
    for _, folder in killed:
        run(video, folder, options)
        assert_same(folder, tmp_path / "wanted")


@pytest.mark.parametrize("stills", [True, False])
@pytest.mark.parametrize("unreadable", [(), (0,), (3, 4, 19)])
def test_folder_of_images_goes_on_too(tmp_path, monkeypatch, stills, unreadable):
    rng = np.random.default_rng(2)
    names = [f"{index}.png" for index in range(20)]
    source = write_images(tmp_path / "images", sorted(names), map(picture, range(20)))
    for index in unreadable:
        (source / sorted(names)[index]).write_text("no image")
    options = RunOptions(stills=stills, formats=("coco",))
    ending = run(source, tmp_path / "wanted", options).ending
    assert isinstance(ending, Damaged if unreadable else Complete)
    random_pace(monkeypatch, rng)
    with copies(tmp_path / "clip", lambda _: rng.random() < 0.1) as killed:
        run(source, tmp_path / "clip", options)
    assert killed
    for _, folder in killed:
        run(source, folder, options)
        assert_same(folder, tmp_path / "wanted")


def test_damaged_video_comes_to_the_same_results_and_counts(clips, tmp_path, monkeypatch):
    rng = np.random.default_rng(4)
    images = clip_images(clips / "face-demographics-walking.mp4", 35) * 3
    source = damaged(
        write_video(tmp_path / "whole.mp4", images, faststart=True), tmp_path / "bad.mp4"
    )
    assert isinstance(run(source, tmp_path / "wanted").ending, Damaged)
    random_pace(monkeypatch, rng)
    with copies(tmp_path / "clip", lambda _: rng.random() < 0.01) as killed:
        run(source, tmp_path / "clip")
    assert killed
    for _, folder in killed:
        run(source, folder)
        assert_same(folder, tmp_path / "wanted")


def test_full_disk_is_gone_on_from(video, wanted, tmp_path, monkeypatch):
    folder, written = tmp_path / "clip", []

    def write(self, *arguments):
        written.append(1)
        if len(written) > 70:
            raise OSError(28, "No space left on device")
        whole(self, *arguments)

    whole = writers.VideoWriter.write
    with monkeypatch.context() as full:
        full.setattr(writers.VideoWriter, "write", write)
        with pytest.raises(OSError, match="No space left"):
            run(video, folder)
    assert report_of(folder)["reason"].startswith("failed: ")
    assert run(video, folder).ending == Complete()
    assert_same(folder, wanted)


def test_video_of_a_stopped_run_plays_up_to_its_last_second(video, tmp_path):
    rng = np.random.default_rng(3)
    times = [line[0] for line in decoded(video)]
    with copies(tmp_path / "clip", lambda _: rng.random() < 0.05) as killed:
        run(video, tmp_path / "clip")
    checked = 0
    for _, folder in killed:
        done = read_poses(folder / "poses.jsonl") if (folder / "poses.jsonl").exists() else []
        last_s = max((line.time_s for line in done), default=0.0)
        for path in folder.glob("*.mp4") if last_s > times[0] + 1.1 else ():
            shown = [time for time, _ in decoded(path)]
            # the last ones may lack frames that a player shows in between
            assert shown[:-4] == times[: len(shown) - 4]
            assert shown[-1] >= last_s - 1.0
            checked += 1
    assert checked >= 3


def test_report_is_there_from_the_start_and_explains_every_kill(video, tmp_path):
    with copies(tmp_path / "clip", lambda _: True) as killed:
        run(video, tmp_path / "clip", replace(EVERYTHING, max_frames=12))
    assert names_in(killed[0][1]) == ["run.json.partial"]  # the very first step
    reasons = [report_of(folder)["reason"] for _, folder in killed[1:]]
    assert set(reasons) == {"running", "complete"}
    assert reasons == sorted(reasons, reverse=True)


def test_run_that_came_to_its_end_is_left_alone(video, tmp_path):
    folder = tmp_path / "clip"
    run(video, folder)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert run(video, folder) == "complete"
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    (folder / "clip.mp4").unlink()
    with pytest.raises(ResultFileError, match=r"a whole run without its clip\.mp4: use --overwr"):
        run(video, folder)


def test_where_there_is_nothing_to_go_on_with_it_begins(video, wanted, tmp_path):
    assert run(video, tmp_path / "clip").resumed_at == []
    assert_same(tmp_path / "clip", wanted)


@pytest.fixture
def stopped_run(video, tmp_path):
    """A folder with a run that was interrupted, which nothing may change."""
    asked = []
    run(video, tmp_path / "clip", stopped=lambda: asked.append(1) or len(asked) > 40)
    return tmp_path / "clip"


def content(folder):
    return {name: (folder / name).read_bytes() for name in names_in(folder)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_frames": 50}, "max_frames None instead of 50"),
        ({"formats": ("coco",), "draw": False}, r"draw True instead of False, formats \['coco', "),
        ({"min_score": 0.5}, "min_score None instead of 0.5"),
        ({"start_s": 1.0}, r"start_s 0\.0 instead of 1\.0"),
        ({"max_pixels": 20_000}, f"max_pixels {MAX_PIXELS} instead of 20000"),
        ({"max_waiting_mb": 1}, "max_waiting_mb 512 instead of 1"),
    ],
)
def test_other_options_are_refused_by_name(video, stopped_run, changes, message):
    before = content(stopped_run)
    with pytest.raises(ResultFileError, match=f"holds results of {message}.*repeat the command"):
        run(video, stopped_run, replace(EVERYTHING, **changes))
    assert content(stopped_run) == before


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("posetrack", "0.0.1", r"posetrack 0\.0\.1 instead of "),
        ("model", {"name": "other"}, "another model"),
        ("backend", "onnxruntime", "backend onnxruntime instead of fake"),
        ("libraries", {"av": "1"}, r"libraries \{'av': '1'\} instead of "),
    ],
)
def test_results_of_another_program_are_refused_by_name(video, stopped_run, key, value, message):
    report = report_of(stopped_run)
    (stopped_run / "run.json").write_text(json.dumps({**report, key: value}))
    with pytest.raises(ResultFileError, match=message):
        run(video, stopped_run)


def test_another_source_of_the_same_name_is_refused(stopped_run, tmp_path):
    other = write_video(tmp_path / "other.mp4", grey_images(5, SIZE))
    with pytest.raises(ResultFileError, match="holds results of another source: repeat"):
        run(other, stopped_run)


@pytest.mark.parametrize(
    "changes", [{"parallel": 1}, {"parallel": 4}, {"pipe_timeout": 5.0}, {"max_pixels": 1 << 30}]
)
def test_what_changes_no_result_makes_no_other_run(video, wanted, stopped_run, changes):
    assert run(video, stopped_run, replace(EVERYTHING, **changes)).ending == Complete()
    assert (stopped_run / "poses.jsonl").read_bytes() == (wanted / "poses.jsonl").read_bytes()


@pytest.mark.parametrize("after", [15, 30])
def test_images_that_were_refused_stay_refused(tmp_path, after):
    images = [np.zeros((200, 200, 3), np.uint8), *map(picture, range(20))]
    source = write_images(tmp_path / "images", [f"{i:02}.png" for i in range(21)], images)
    few, asked = RunOptions(draw=False, max_pixels=20_000), []
    stopped = lambda: asked.append(1) or len(asked) > after  # noqa: E731
    report = run(source, tmp_path / "clip", few, stopped=stopped)
    assert isinstance(report.ending, Interrupted if after < 20 else Damaged)
    with pytest.raises(ResultFileError, match="max_pixels 20000 instead of 40000: repeat the com"):
        run(source, tmp_path / "clip", replace(few, max_pixels=40_000))
    again = run(source, tmp_path / "clip", few)
    assert again == "partial" or isinstance(again.ending, Damaged)


def test_pipe_cannot_be_gone_on_with(tmp_path):
    pipe, folder, asked = tmp_path / "pipe.mkv", tmp_path / "clip", []
    data = write_video(tmp_path / "a.mkv", list(map(picture, range(20)))).read_bytes()
    options = RunOptions(draw=False, pipe_timeout=30.0)
    os.mkfifo(pipe)

    def send():
        threading.Thread(target=pipe.write_bytes, args=(data,), daemon=True).start()

    send()
    stopped = lambda: asked.append(1) or len(asked) > 15  # noqa: E731
    assert run(pipe, folder, options, stopped=stopped).ending == Interrupted()
    assert names_in(folder) == ["poses.jsonl", "run.json"]
    send()
    with pytest.raises(ResultFileError, match=r"pipe\.mkv is a pipe, which can be read only once"):
        run(pipe, folder, options)


@pytest.mark.parametrize("name", ["poses.jsonl", "clip.coco.json.partial", "clip.partial.mp4"])
def test_files_that_lost_something_are_refused(video, stopped_run, name):
    (stopped_run / name).write_bytes((stopped_run / name).read_bytes()[:100])
    with pytest.raises((ResultFileError, OSError)):
        run(video, stopped_run)
    assert (stopped_run / "run.partial.npz").is_file()


@pytest.mark.parametrize("name", ["poses.jsonl", "clip.coco.json.partial", "clip.partial.mp4"])
def test_files_that_are_missing_are_refused(video, stopped_run, name):
    (stopped_run / name).unlink()
    with pytest.raises(ResultFileError, match=rf"{name} .*: use --overwrite to start again"):
        run(video, stopped_run)


@pytest.mark.parametrize("resume", [False, True])
def test_deleted_video_stops_the_run_at_once(video, tmp_path, resume):
    folder, asked = tmp_path / "clip", []
    if resume:
        run(video, folder, stopped=lambda: asked.append(1) or len(asked) > 40)

    def stopped():
        path = folder / "clip.partial.mp4"
        asked.append(1)
        if len(asked) > 60 and not partial_path(path).exists():  # else the copy is not yet whole
            path.unlink(missing_ok=True)

    asked.clear()
    with pytest.raises(ResultFileError, match=r"clip\.partial\.mp4 was deleted while it was writ"):
        run(video, folder, stopped=stopped)
    assert len(list(read_poses(folder / "poses.jsonl"))) < FRAMES


def test_damaged_snapshot_is_refused(video, stopped_run):
    (stopped_run / "run.partial.npz").write_bytes(b"no snapshot")
    with pytest.raises(ResultFileError, match=r"run\.partial\.npz is damaged: use --overwrite"):
        run(video, stopped_run)


def test_source_that_lost_frames_is_refused(video, stopped_run, monkeypatch):
    source = open_source(video)
    monkeypatch.setattr(type(source), "_packets", lambda self: iter(()))
    source.close()
    with pytest.raises((ResultFileError, SourceError)):
        run(video, stopped_run)


def test_snapshot_holds_no_images_and_is_small(stopped_run):
    snapshot = Snapshot.load(stopped_run / "run.partial.npz")
    assert not any(
        array.ndim == 3 and array.dtype == np.uint8 for array in snapshot.arrays.values()
    )
    assert (stopped_run / "run.partial.npz").stat().st_size < 200_000
