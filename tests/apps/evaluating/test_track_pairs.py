"""Which files and frames are compared, and what does not belong together."""

import pytest
from annotated import frame, video
from posetrack.apps.evaluating.track_pairs import track_pairs
from posetrack.formats import write_posetrack17, write_posetrack18
from posetrack.structures import ResultFileError


def named(frames, folder, start=0, digits=6):
    """The frames with names as in a folder of images."""
    return [
        frame({1: 100}, image_id=i, file_name=f"images/{folder}/{start + i:0{digits}d}.jpg")
        for i in range(frames)
    ]


def files(tmp_path, truth, people):
    write_posetrack18(tmp_path / "truth.json", "000001_mpii_a", truth)
    write_posetrack18(tmp_path / "people.json", "000001_mpii_a", people)
    return tmp_path / "truth.json", tmp_path / "people.json"


def compared(tmp_path, truth, people):
    (pair,) = track_pairs(*files(tmp_path, truth, people))
    return list(pair)


def test_frames_are_paired_in_order(tmp_path):
    pairs = compared(tmp_path, named(3, "val/003418_mpii"), named(3, "003418_mpii"))
    assert len(pairs) == 3
    assert all(len(truth) == len(people) == 1 for truth, people in pairs)


def test_numbers_of_images_may_start_elsewhere(tmp_path):
    assert len(compared(tmp_path, named(3, "a", 1, 8), named(3, "000001_mpii_a"))) == 3


def test_other_videos_are_refused(tmp_path):
    with pytest.raises(ResultFileError, match=r"people\.json: frame 0 is of .*different videos"):
        compared(tmp_path, named(3, "003418_mpii"), named(3, "009473_mpii"))


def test_missing_frames_are_refused(tmp_path):
    with pytest.raises(ResultFileError, match=r"people\.json: has 2 frames where .* has 3"):
        compared(tmp_path, named(3, "a"), named(2, "a"))
    people = named(4, "a")
    del people[1]
    with pytest.raises(ResultFileError, match=r"people\.json: frame 1 is 'images/a/000002\.jpg'"):
        compared(tmp_path, named(3, "a"), people)


@pytest.fixture
def folders(tmp_path):
    """Ground truth of videos a and b, and predictions: a file, and a run."""
    truth, people = tmp_path / "truth", tmp_path / "people"
    (people / "b").mkdir(parents=True)
    truth.mkdir()
    for name in "ab":
        write_posetrack17(truth / f"{name}.json", video({1: 100}))
    write_posetrack17(people / "a.json", video({1: 100}))
    write_posetrack18(people / "b" / "b.posetrack18.json", "000001_mpii_b", video({1: 100}))
    (people / "b" / "run.json").write_text("{}", encoding="utf-8")
    return truth, people


def test_folders_are_paired_by_video(folders):
    assert [pair.name for pair in track_pairs(*folders)] == ["a", "b"]
    assert [len(list(pair)) for pair in track_pairs(*folders)] == [1, 1]


def test_a_video_without_predictions_is_refused(folders):
    truth, people = folders
    (people / "a.json").unlink()
    with pytest.raises(ResultFileError, match=r"no predictions of 1 of 2 videos, the first .* a$"):
        track_pairs(truth, people)


def test_predictions_without_truth_are_refused(folders):
    truth, people = folders
    (truth / "b.json").unlink()
    with pytest.raises(ResultFileError, match=r"b\.posetrack18\.json: .*no ground truth"):
        track_pairs(truth, people)


def test_two_files_of_one_video_are_refused(folders):
    truth, people = folders
    write_posetrack17(people / "b.json", video({1: 100}))
    with pytest.raises(ResultFileError, match="is of the same video"):
        track_pairs(truth, people)


def test_empty_folders_and_mixed_kinds_are_refused(folders, tmp_path):
    truth, people = folders
    with pytest.raises(ResultFileError, match=r"is a folder and .* is not"):
        track_pairs(truth, people / "a.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultFileError, match=r"empty: there is no ground truth"):
        track_pairs(tmp_path / "empty", people)
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        track_pairs(truth, tmp_path / "nowhere")
