"""`posetrack eval`: what a user types and sees."""

import json

import numpy as np
import pytest
from annotated import frame, video
from coco_scenes import random_scenes
from posetrack.apps.main import app
from posetrack.formats import (
    AnnotatedImages,
    write_coco,
    write_coco_results,
    write_mpii,
    write_posetrack18,
)
from posetrack.structures import COCO_17, MPII_16, Annotations, ResultFileError
from typer.testing import CliRunner


def run(*arguments):
    return CliRunner().invoke(app, ["eval", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def two_videos(tmp_path):
    """Ground truth and predictions of a good and a worse video."""
    truth = {"a": video({1: 100}, {1: 100}), "b": video({1: 100}, {1: 100})}
    people = {"a": truth["a"], "b": video({1: 100}, {2: 100})}
    for side, videos in (("truth", truth), ("people", people)):
        (tmp_path / side).mkdir()
        for name, frames in videos.items():
            write_posetrack18(tmp_path / side / f"{name}.json", name, frames)
    return tmp_path / "truth", tmp_path / "people"


def test_json_has_totals_keypoints_and_videos(two_videos):
    done = run("tracking", *two_videos, "--json")
    report = json.loads(done.stdout)
    assert report["total"]["MOTA"] == 75
    assert report["total"]["id_switches"] == 1
    assert report["per_keypoint"]["nose"]["MOTA"] == 75
    assert report["per_video"]["b"]["MOTA"] == 50
    assert report["rules"] == "plain"
    assert report["differences_from_poseval"]["last_frames"] == 2


@pytest.mark.parametrize(
    ("page", "message"),
    [(".", "must be a file, and . is a folder"), ("no/x.html", "there is no folder no")],
)
def test_a_page_that_cannot_be_written_is_refused_at_once(
    two_videos, tmp_path, monkeypatch, page, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    done = run("tracking", "truth", "empty", "--html", page)  # which would be refused too
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_what_cannot_be_scored_is_null(tmp_path):
    path = tmp_path / "nobody.json"
    write_posetrack18(path, "a", video({}, {}))
    assert json.loads(run("tracking", path, path, "--json").stdout)["total"]["MOTA"] is None


def test_tables_name_parts_people_and_videos(two_videos):
    done = run("tracking", *two_videos, "--sweep-keypoint-score")
    for text in ("shoulder", "HOTA", "id_switches", "best MOTA", "│ b"):
        assert text in done.stdout, text
    assert "poseval counts otherwise (--strict-poseval): 2 last frames" in done.stderr


def test_strict_scores_are_named_so(two_videos):
    report = json.loads(run("tracking", *two_videos, "--strict-poseval", "--json").stdout)
    assert report["rules"] == "poseval"
    assert report["total"]["MOTA"] == 100  # the switch is in the last frame
    assert "MOTP_released" in report["total"]
    assert "differences_from_poseval" not in report


def test_what_cannot_be_scored_is_refused_with_file_and_frame(two_videos):
    truth, people = two_videos
    twice = frame({1: 100, 2: 300}, track_ids=[4, 4], image_id=1)
    write_posetrack18(people / "b.json", "b", [frame({1: 100}), twice])
    with pytest.raises(ResultFileError, match=r"people/b\.json: b: frame 1: two predicted persons"):
        run("tracking", truth, people)
    nothing = np.full((1, 4), np.nan)
    headless = [frame({1: 100}, head_boxes=nothing, image_id=i) for i in range(2)]
    write_posetrack18(truth / "a.json", "a", headless)
    with pytest.raises(ResultFileError, match=r"truth/a\.json: a: frame 0: .* no head box"):
        run("tracking", truth, people)


def test_a_page_is_written_beside_what_is_printed(two_videos, tmp_path):
    page = tmp_path / "page.html"
    report = json.loads(run("tracking", *two_videos, "--html", page, "--json").stdout)
    assert report["total"]["MOTA"] == 75
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_pictures_need_a_page(two_videos, tmp_path):
    done = run("tracking", *two_videos, "--video", tmp_path)
    assert done.exit_code == 2
    assert "--html" in done.stderr


def test_keypoints_below_a_score_are_left_out(two_videos):
    done = run("tracking", *two_videos, "--min-keypoint-score", 0.9, "--json")
    assert json.loads(done.stdout)["total"]["recall"] == 0


def test_a_submission_prints_its_files(two_videos, tmp_path):
    done = run("submission", two_videos[1], tmp_path / "out")
    assert done.stdout.split() == [str(tmp_path / "out" / f"{name}.json") for name in "ab"]


@pytest.fixture
def images(tmp_path):
    """COCO ground truth, results, and worse results."""
    truth, results = random_scenes(1)
    files = [tmp_path / f"{name}.json" for name in ("truth", "results", "worse")]
    write_coco(files[0], AnnotatedImages(files[0], COCO_17, truth))
    write_coco_results(files[1], AnnotatedImages(files[1], COCO_17, results))
    write_coco_results(files[2], AnnotatedImages(files[2], COCO_17, results[::2]))
    return files


def test_keypoints_have_every_part_that_was_asked_for(images):
    truth, results, worse = images
    plain = json.loads(run("keypoints", truth, results, "--json").stdout)
    assert set(plain) == {"total", "per_keypoint", "per_size"}
    options = ["--errors", "--upper-bounds", "--against", worse, "--json"]
    report = json.loads(run("keypoints", truth, results, *options).stdout)
    assert set(report) - set(plain) == {"errors", "upper_bounds", "against"}
    assert report["against"]["difference"] > 0
    assert set(report["per_keypoint"]["nose"]) >= {"similarity", "jitter", "miss"}


def test_keypoint_tables_name_what_they_hold(images):
    truth, results, worse = images
    done = run("keypoints", truth, results, "--errors", "--upper-bounds", "--against", worse)
    for text in ("AP_medium", "left_wrist", "128 to 256 px", "inversion", "true boxes", "95 %"):
        assert text in done.stdout, text
    assert "images have no results" in done.stderr


def test_results_of_other_images_are_refused(images, tmp_path):
    truth, results, _ = images
    poses = json.loads(results.read_text(encoding="utf-8"))
    results.write_text(json.dumps([{**poses[0], "image_id": 99}]), encoding="utf-8")
    with pytest.raises(
        ResultFileError, match=r"results\.json: has results of image 99, and .*truth"
    ):
        run("keypoints", truth, results)


def test_pckh_of_a_matlab_file(tmp_path):
    truth = Annotations.of(
        [[[float(k), 5.0] for k in range(16)]],
        [[2] * 16],
        head_boxes=[[0, 0, 30, 40]],
        image_id=7,
        file_name="0007.jpg",
    )
    write_mpii(tmp_path / "mpii.mat", AnnotatedImages(tmp_path, MPII_16, [truth]))
    pose = {"image_id": 7, "score": 1, "keypoints": [n for k in range(16) for n in (k, 5, 1)]}
    (tmp_path / "results.json").write_text(json.dumps([pose]), encoding="utf-8")
    files = tmp_path / "mpii.mat", tmp_path / "results.json"
    assert json.loads(run("pckh", *files, "--json").stdout)["total"]["PCKh@0.1"] == 100
    table = run("pckh", *files)
    assert "right_ankle" in table.stdout
    assert table.stderr == "1 people\n"


def test_pck_of_the_torso_compares_the_keypoints_that_both_have(images):
    truth, results, _ = images
    report = json.loads(run("pckh", truth, results, "--torso", "--json").stdout)
    assert 0 < report["total"]["PCK@0.2"] < 100
    with pytest.raises(ResultFileError, match=r"nobody has a head box \(bbox_head\)"):
        run("pckh", truth, results)
