"""`posetrack eval`: what a user types and sees."""

import json

import pytest
from annotated import video
from posetrack.apps.main import app
from posetrack.formats import write_posetrack18
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


def test_keypoints_below_a_score_are_left_out(two_videos):
    done = run("tracking", *two_videos, "--min-keypoint-score", 0.9, "--json")
    assert json.loads(done.stdout)["total"]["recall"] == 0


def test_a_submission_prints_its_files(two_videos, tmp_path):
    done = run("submission", two_videos[1], tmp_path / "out")
    assert done.stdout.split() == [str(tmp_path / "out" / f"{name}.json") for name in "ab"]
