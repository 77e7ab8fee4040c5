"""Pages of scores: whole, self-contained, safe, and what their plots show."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from annotated import video
from coco_scenes import random_scenes
from posetrack.apps.evaluating.html.page import section, table, write_page
from posetrack.apps.evaluating.html.plots import bars, curves, events, stacked_bars
from posetrack.apps.evaluating.html.reports import (
    write_keypoints_page,
    write_pck_page,
    write_tracking_page,
)
from posetrack.apps.evaluating.html.thumbnails import switch_thumbnails, video_of
from posetrack.apps.evaluating.keypoints import evaluate_images
from posetrack.apps.evaluating.pck import evaluate_pck
from posetrack.apps.evaluating.track_pairs import track_pairs
from posetrack.apps.evaluating.tracking import evaluate_tracks
from posetrack.evaluation.video_tracks import Switch
from posetrack.formats import AnnotatedImages, write_coco, write_coco_results, write_posetrack18
from posetrack.structures import COCO_17, SourceError

VOID = {"meta", "img", "br"}


class Checked(HTMLParser):
    """Every tag is closed in order; what is loaded from elsewhere is noted."""

    def __init__(self, text):
        super().__init__()
        self.open, self.foreign, self.images = [], [], 0
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.foreign += [v for k, v in values.items() if k in ("src", "href") and v[:5] != "data:"]
        self.images += tag == "img"
        assert tag not in ("script", "link", "iframe")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


@pytest.fixture
def tracks(tmp_path):
    """A report of two videos, of which one has a switch in frame 2, and that video's frames."""
    good = video(*[{1: 100}] * 4)
    for side, b in (("truth", good), ("people", video({1: 100}, {1: 100}, {2: 100}, {2: 100}))):
        (tmp_path / side).mkdir()
        write_posetrack18(tmp_path / side / "a.json", "a", good)
        write_posetrack18(tmp_path / side / "b.json", "b", b)
    frames = tmp_path / "videos" / "b"
    frames.mkdir(parents=True)
    for i in range(4):
        cv2.imwrite(str(frames / f"{i:06d}.png"), np.full((300, 200, 3), 60 * i, np.uint8))
    return evaluate_tracks(
        track_pairs(tmp_path / "truth", tmp_path / "people"),
        strict=False,
        min_keypoint_score=0,
        sweep=True,
    )


def test_the_page_of_tracks_is_whole(tracks, tmp_path):
    path = tmp_path / "tracks.html"
    write_tracking_page(path, tracks, tmp_path / "videos")
    text = path.read_text(encoding="utf-8")
    checked = Checked(text)
    assert checked.foreign == []
    assert checked.images == 1
    for told in ("MOTA of each keypoint", "b: frame 2", "id 1 → 2", "Keypoints at least this sure"):
        assert told in text, told
    write_tracking_page(path, tracks, None)
    assert Checked(path.read_text(encoding="utf-8")).images == 0


def test_the_page_of_keypoints_is_whole(tmp_path):
    truth, results = random_scenes(1)
    files = tmp_path / "truth.json", tmp_path / "results.json"
    write_coco(files[0], AnnotatedImages(files[0], COCO_17, truth))
    write_coco_results(files[1], AnnotatedImages(files[1], COCO_17, results))
    report = evaluate_images(*files, against=files[1], errors=True, upper_bounds=True)
    path = tmp_path / "keypoints.html"
    write_keypoints_page(path, report)
    text = path.read_text(encoding="utf-8")
    assert Checked(text).foreign == []
    for told in ("left_wrist: jitter", "OKS 0.50", "without each mistake", "true boxes", "Against"):
        assert told in text, told
    write_pck_page(path, evaluate_pck(*files, torso=True), "a against b")
    assert "PCK@0.2 of each keypoint" in path.read_text(encoding="utf-8")
    assert Checked(path.read_text(encoding="utf-8")).foreign == []


def test_text_from_files_is_no_markup(tmp_path):
    name = '<script>alert("x")</script>'
    write_page(
        tmp_path / "page.html",
        name,
        name,
        [
            section(name, table([name], [(name, [])]), note=name),
            bars({name: 1.0}, top=1),
            stacked_bars({name: {name: 1.0}}),
            curves({name: np.zeros((2, 2))}, axes=(name, name), limits=(1, 1)),
            events({name: (3, [1])}),
        ],
    )
    Checked((tmp_path / "page.html").read_text(encoding="utf-8"))


def widths(svg):
    return [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', svg)]


def test_bars_are_as_long_as_their_values():
    svg = bars({"full": 100.0, "half": 50.0, "none": 0.0, "unknown": float("nan")}, top=100)
    full, half, none, unknown = widths(svg)
    assert half == full / 2
    assert none == unknown == 0
    assert "no labels" in svg


def test_parts_of_a_bar_fill_it():
    svg = stacked_bars({"nose": {"good": 3, "miss": 1}, "eye": {"good": 0, "miss": 0}})
    parts = widths(svg)[2:]  # behind the legend
    assert parts[0] == pytest.approx(3 * parts[1], abs=0.1)
    assert parts[2:] == [0, 0]


def test_long_curves_are_thinned_and_keep_their_ends():
    points = np.column_stack((np.linspace(0, 1, 5000), np.linspace(1, 0, 5000)))
    svg = curves({"line": points}, axes=("x", "y"), limits=(1, 1))
    drawn = re.search(r'points="([^"]+)"', svg).group(1).split()
    assert len(drawn) == 200
    assert drawn[0] == "56.0,12.0"
    assert drawn[-1] == "576.0,352.0"


# ---- pictures of switches


def switch(frame, box=(80.0, 150, 120, 250)):
    return Switch(frame, 1, 1, 2, np.array(box))


def test_pictures_are_of_the_frames_of_switches(tracks, tmp_path):
    found = switch_thumbnails(tmp_path / "videos" / "b", [switch(1), switch(1), switch(3)])
    assert [picture.switch.frame for picture in found] == [1, 1, 3]
    assert all(picture.data.startswith("data:image/jpeg;base64,") for picture in found)
    assert found[0].data == found[1].data != found[2].data


@pytest.mark.parametrize("box", [(-50.0, -50, 10, 10), (190, 290, 900, 900), (500, 500, 600, 600)])
def test_boxes_may_leave_the_picture(tracks, tmp_path, box):
    assert len(switch_thumbnails(tmp_path / "videos" / "b", [switch(0, box)])) == 1


def test_a_video_that_is_too_short_is_refused(tracks, tmp_path):
    with pytest.raises(SourceError, match="ends before frame 9"):
        switch_thumbnails(tmp_path / "videos" / "b", [switch(9)])


def test_videos_are_found_by_the_name_of_their_tracks(tracks, tmp_path):
    folder = tmp_path / "videos"
    assert video_of("b", folder, single=False) == folder / "b"
    assert video_of("b", folder, single=True) == folder / "b"
    assert video_of("c", folder / "b", single=True) == folder / "b"
    with pytest.raises(FileNotFoundError, match="no video and no folder of frames named c"):
        video_of("c", folder, single=False)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium")
def test_a_browser_shows_the_page(tracks, tmp_path):
    path, picture = tmp_path / "tracks.html", tmp_path / "page.png"
    write_tracking_page(path, tracks, tmp_path / "videos")
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,2500",
         f"--screenshot={picture}", path.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    pixels = cv2.imread(str(picture))
    assert pixels.shape[:2] == (2500, 1000)
    blue = (pixels.astype(int) == (178, 114, 0)).all(axis=2)  # the first colour of plots, BGR
    assert blue.sum() > 20_000
