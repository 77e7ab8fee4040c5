"""Submission folders: one file for each video, whole or not there."""

import numpy as np
import pytest
from annotated import frame
from posetrack.apps.evaluating.submission import write_submission
from posetrack.formats import open_tracks, write_posetrack18
from posetrack.structures import ResultFileError


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs" / "003418_mpii_test"
    folder.mkdir(parents=True)
    scores = np.repeat([[0.9], [0.2]], 15, axis=1)
    frames = [frame({7: 100, 12: 300}, keypoint_scores=scores), frame({12: 100}, image_id=1)]
    write_posetrack18(folder / "003418_mpii_test.posetrack18.json", "003418_mpii_test", frames)
    return tmp_path / "runs"


def ids(path):
    return [people.track_ids.tolist() for people in open_tracks(path)]


def test_every_run_becomes_a_file_named_like_its_video(runs, tmp_path):
    (path,) = write_submission(runs, tmp_path / "out", "posetrack18", min_keypoint_score=0)
    assert path == tmp_path / "out" / "003418_mpii_test.json"
    assert ids(path) == [[7, 12], [12]]


def test_keypoints_below_the_score_are_left_out(runs, tmp_path):
    (path,) = write_submission(runs, tmp_path / "out", "posetrack18", min_keypoint_score=0.5)
    assert ids(path) == [[7], [12]]


def test_posetrack17_numbers_tracks_from_zero(runs, tmp_path):
    (path,) = write_submission(runs, tmp_path / "out", "posetrack17", min_keypoint_score=0)
    assert ids(path) == [[0, 1], [1]]


def test_posetrack17_holds_a_thousand_tracks_and_no_more(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    frames = [frame({i: 100}, image_id=i) for i in range(1001)]
    write_posetrack18(folder / "a.json", "000001_mpii_a", frames)
    with pytest.raises(ResultFileError, match="more than 1000 tracks"):
        write_submission(folder, tmp_path / "out", "posetrack17", min_keypoint_score=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


def test_an_earlier_folder_stays(runs, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError, match="exists: name another folder"):
        write_submission(runs, tmp_path / "out", "posetrack18", min_keypoint_score=0)


def test_a_broken_run_leaves_no_folder(runs, tmp_path):
    (runs / "b").mkdir()
    (runs / "b" / "b.posetrack18.json").write_text('{"annotations": [', encoding="utf-8")
    with pytest.raises(ResultFileError, match="the file ends too early"):
        write_submission(runs, tmp_path / "out", "posetrack18", min_keypoint_score=0)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_no_runs_are_refused(tmp_path):
    (tmp_path / "runs").mkdir()
    with pytest.raises(ResultFileError, match="there are no runs"):
        write_submission(tmp_path / "runs", tmp_path / "out", "posetrack18", min_keypoint_score=0)
