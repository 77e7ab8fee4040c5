"""One source through engine and tracker: what is written, and how the run ends."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from factories import make_spec, people
from posetrack.apps.media.sources import (
    WHOLE,
    FrameCount,
    Source,
    SourceCut,
    SourceDamaged,
    VideoFacts,
    never,
)
from posetrack.apps.run.folders import ResultFolder
from posetrack.apps.run.options import RunOptions
from posetrack.apps.run.report import Complete, Damaged, Interrupted
from posetrack.apps.run.run import Run
from posetrack.engine import EngineOptions
from posetrack.formats import read_poses
from posetrack.structures import Frame, SourceError

FRAMES = 20
TWO = people([100.0, 400.0], scores=[0.4, 0.05], height=100.0)

COUNT = FrameCount(14, 12, 1, 2, ("b.png",))


class Clip(Source):
    """A video of black frames that ends as told."""

    kind = "video"

    def __init__(self, path, ending=None, frames=FRAMES, kind="video"):
        super().__init__(path, "clip")
        self.kind = kind
        self.facts = VideoFacts(64, 48, 25.0, Fraction(1, 25), 0, FRAMES)
        self.ending, self.length = ending, frames

    def frames(self, part=WHOLE, stopped=never):
        for i in range(self.length if part.limit is None else part.limit):
            if stopped():
                return
            yield Frame(np.zeros((48, 64, 3), np.uint8), i, i, i / 25)
        if self.ending is not None and part.limit is None:
            self.count = getattr(self.ending, "count", self.count)
            raise self.ending


class Engine:
    """Finds two people in every frame, one of them too weak to be recorded."""

    spec = make_spec()
    options = EngineOptions()
    sizes = (256,)

    class session:
        backend, device, precision = "fake", "cpu", "fp32"

    def run_timed(self, image):
        return TWO, {"network": 0.001}


@pytest.fixture
def folder(tmp_path):
    """One that is claimed."""
    (tmp_path / "clip").mkdir()
    return ResultFolder(tmp_path / "clip", "clip")


def execute(folder, source=None, stopped=lambda: False, **options):
    source = source or Clip(folder.path)
    job = Run(source, Engine(), folder, RunOptions(**options), {"name": "fake"})
    return job.execute(stopped, quiet=True)


def recorded(folder):
    return list(read_poses(folder.poses))


def test_whole_run_writes_every_frame_and_counts_people(folder):
    report = execute(folder, draw=False)
    assert report.ending == Complete()
    assert [line.frame for line in recorded(folder)] == list(range(FRAMES))
    assert {len(line.poses) for line in recorded(folder)} == {1}
    tally = report.tally
    assert (tally.frames, tally.people, tally.people_max, report.tracks) == (FRAMES, FRAMES, 1, 1)
    assert json.loads(folder.report.read_text()) == json.loads(json.dumps(report.as_json()))
    assert set(report.stages) == {"read", "network", "track", "write"}


@pytest.mark.parametrize(
    ("kind", "error", "reason"),
    [
        ("video", SourceCut("clip is cut short", COUNT), "damaged"),
        ("video", SourceDamaged("2 frames lack", COUNT), "damaged"),
        ("images", SourceDamaged("b.png cannot be read", COUNT), "partial"),
    ],
)
def test_source_that_lacks_frames_is_done_whole_and_never_called_complete(
    folder, kind, error, reason
):
    source = Clip(folder.path, error, 12, kind)
    report = execute(folder, source, formats=("coco",))
    assert report.ending == Damaged(str(error), reason)
    assert len(recorded(folder)) == 12
    assert folder.video.is_file()
    assert folder.format_file("coco").is_file()
    assert not read_poses(folder.poses).complete
    assert f'"reason": "{reason}"' in folder.poses.read_text().splitlines()[-1]
    content = json.loads(folder.report.read_text())
    assert content["reason"] == reason
    assert content["source_frames"] == {
        "expected": 14, "decoded": 12, "damaged": 1, "missing": 2, "unreadable": ["b.png"],
    }  # fmt: skip


def test_what_is_odd_and_no_loss_is_a_notice(folder):
    source = Clip(folder.path)
    source.notice = "clip claims too much"
    report = execute(folder, source)
    assert report.ending == Complete("clip claims too much")
    assert read_poses(folder.poses).complete


def test_stopped_run_closes_its_files(folder):
    asked = []
    report = execute(folder, stopped=lambda: asked.append(1) or len(asked) > 12, draw=False)
    assert report.ending == Interrupted()
    assert 0 < len(recorded(folder)) <= 12
    assert not read_poses(folder.poses).complete


@pytest.mark.parametrize("ending", [None, SourceError("no frame of clip could be decoded")])
def test_source_without_frames_is_an_error_and_writes_nothing(folder, ending):
    with pytest.raises(SourceError, match=r"holds no frames|could be decoded"):
        execute(folder, Clip(folder.path, ending, 0))
    assert list(folder.path.iterdir()) == []


def test_before_the_first_frame_the_report_says_that_the_run_is_under_way(folder):
    class Watched(Clip):
        def frames(self, *wanted):
            assert json.loads(folder.report.read_text())["reason"] == "running"
            yield from super().frames(*wanted)

    assert execute(folder, Watched(folder.path)).ending == Complete()


def test_earlier_results_stay_until_there_is_a_frame(folder):
    execute(folder, Clip(folder.path), max_frames=3)
    before = {file: file.read_bytes() for file in folder.path.iterdir()}

    class Watched(Clip):
        def frames(self, *wanted):
            assert {file: file.read_bytes() for file in folder.path.iterdir()} == before
            raise SourceError("nothing there")
            yield

    with pytest.raises(SourceError):
        execute(folder, Watched(folder.path))
    assert {file: file.read_bytes() for file in folder.path.iterdir()} == before


def test_from_the_first_frame_on_the_report_says_that_the_run_is_under_way(folder):
    seen = []

    class Watched(Clip):
        def frames(self, *wanted):
            for frame in super().frames(*wanted):
                if folder.report.exists():
                    seen.append(json.loads(folder.report.read_text()))
                yield frame

    report = execute(folder, Watched(folder.path), formats=("coco",))
    assert {content["reason"] for content in seen} == {"running"}
    planned = {"poses.jsonl", "run.json", "clip.coco.json", "clip.mp4", "clip.partial.mp4"}
    assert set(seen[-1]["files"]) == planned
    assert set(report.files) == planned - {"clip.partial.mp4"}


def test_error_on_the_way_stands_in_the_report(folder, monkeypatch):
    calls = []

    def fail(self, image):
        calls.append(1)
        if len(calls) > 12:
            raise RuntimeError("out of memory")
        return TWO, {}

    monkeypatch.setattr(Engine, "run_timed", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        execute(folder, draw=False)
    assert json.loads(folder.report.read_text())["reason"] == "failed: out of memory"
    assert len(recorded(folder)) == 12


@pytest.mark.parametrize(
    ("kind", "options", "ids"),
    [
        ("video", {}, {1}),
        ("video", {"track": False}, {-1}),
        ("images", {}, {1}),
        ("images", {"stills": True}, {-1}),
    ],
)
def test_who_belongs_together_is_tracked(folder, kind, options, ids):
    execute(folder, Clip(folder.path, kind=kind), draw=False, **options)
    assert {int(i) for line in recorded(folder) for i in line.poses.track_ids} == ids


def test_max_frames_end_a_run_whole(folder):
    report = execute(folder, Clip(folder.path, SourceCut("never reached", COUNT)), max_frames=5)
    assert report.ending == Complete()
    assert (report.tally.frames, folder.video.is_file()) == (5, True)
