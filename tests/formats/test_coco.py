import json
from pathlib import Path

import numpy as np
import pytest
from factories import make_frame, make_poses
from posetrack.formats import CocoWriter
from posetrack.formats.coco import image_id
from posetrack.structures import COCO_17, CROWDPOSE_14, MPII_16, Poses
from pycocotools.coco import COCO


def write(path, frames, *, complete=True):
    writer = CocoWriter(path, COCO_17)
    for frame, poses in frames:
        writer.write(frame, poses)
    writer.close(complete)
    return path


def test_a_result_has_the_keys_and_values_of_coco(tmp_path):
    poses = make_poses(3)
    frames = [(make_frame(0), poses), (make_frame(1), Poses.empty(17)), (make_frame(2), poses[1:])]
    results = json.loads(write(tmp_path / "a.coco.json", frames).read_text())
    assert [result["image_id"] for result in results] == [0, 0, 0, 2, 2]
    first = results[0]
    assert list(first) == ["image_id", "category_id", "keypoints", "score", "bbox", "file_name"]
    assert first["category_id"] == 1
    assert first["file_name"] == ""
    assert np.float32(first["score"]) == poses.scores[0], "the ranking must not change"
    triples = np.reshape(first["keypoints"], (17, 3))
    np.testing.assert_allclose(triples[:, :2], poses.keypoints[0], rtol=0, atol=6e-5)
    np.testing.assert_allclose(triples[:, 2], poses.keypoint_scores[0], rtol=0, atol=6e-7)
    x1, y1, x2, y2 = poses.boxes[0]
    np.testing.assert_allclose(first["bbox"], [x1, y1, x2 - x1, y2 - y1], rtol=0, atol=2e-4)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("000000000785.jpg", 785),
        ("785.tar.jpg", 5),
        ("0.png", 0),
        ("im1.jpg", 5),
        ("²3.jpg", 5),
        ("", 5),
    ],
)
def test_image_id_is_the_name_if_that_is_a_number_else_the_index(name, expected):
    assert image_id(make_frame(5, name)) == expected


def test_file_name_is_quoted(tmp_path):
    frames = [(make_frame(0, 'a "b" \\ é.jpg'), make_poses(1))]
    results = json.loads(write(tmp_path / "a.coco.json", frames).read_text())
    assert results[0]["file_name"] == 'a "b" \\ é.jpg'


def test_pycocotools_loads_the_results(tmp_path, capsys):
    frames = [(make_frame(i, f"{10 + i:012d}.jpg"), make_poses(2, seed=i)) for i in range(2)]
    path = write(tmp_path / "a.coco.json", frames)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 10}, {"id": 11}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [],
    }
    truth.createIndex()
    loaded = truth.loadRes(str(path))
    assert sorted(loaded.getImgIds()) == [10, 11]
    found = loaded.loadAnns(loaded.getAnnIds(imgIds=11))
    assert [len(result["keypoints"]) for result in found] == [51, 51]
    np.testing.assert_allclose([r["score"] for r in found], make_poses(2, seed=1).scores)


@pytest.mark.parametrize("frames", [[], [(make_frame(), Poses.empty(17))]])
def test_nobody_gives_an_empty_array(tmp_path, frames):
    assert json.loads(write(tmp_path / "a.coco.json", frames).read_text()) == []


def test_an_interrupted_run_leaves_nothing_that_looks_whole(tmp_path):
    write(tmp_path / "a.coco.json", [(make_frame(), make_poses(1))], complete=False)
    assert [file.name for file in tmp_path.iterdir()] == ["a.coco.json.partial"]


def test_an_interrupted_run_keeps_the_earlier_result(tmp_path):
    path = write(tmp_path / "a.coco.json", [(make_frame(), make_poses(1))])
    before = path.read_bytes()
    write(path, [(make_frame(), make_poses(2))], complete=False)
    assert path.read_bytes() == before


def test_a_running_writer_shows_only_a_partial_file(tmp_path):
    writer = CocoWriter(tmp_path / "a.coco.json", COCO_17)
    writer.write(make_frame(), make_poses(1))
    assert [path.name for path in tmp_path.iterdir()] == ["a.coco.json.partial"]
    writer.close(complete=True)
    writer.close(complete=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.coco.json"]


def test_keypoints_that_are_not_finite_are_zeros(tmp_path):
    poses = make_poses(1)
    poses.keypoints[0, 0] = np.nan
    path = write(tmp_path / "a.coco.json", [(make_frame(), poses)])
    assert json.loads(path.read_text())[0]["keypoints"][:3] == [0, 0, 0]


def test_another_skeleton_is_refused():
    with pytest.raises(
        ValueError, match="need the skeleton 'coco-17' or 'crowdpose-14', got 'mpii-16'"
    ):
        CocoWriter(Path("never-made.json"), MPII_16)
    assert not Path("never-made.json.partial").exists()


def test_poses_of_crowdpose_have_their_14_keypoints(tmp_path):
    path = tmp_path / "crowd.json"
    poses = make_poses(2, CROWDPOSE_14)
    writer = CocoWriter(path, CROWDPOSE_14)
    writer.write(make_frame(3), poses)
    writer.close(complete=True)
    results = json.loads(path.read_text())
    assert [len(result["keypoints"]) for result in results] == [3 * 14] * 2
    np.testing.assert_allclose(results[1]["keypoints"][::3], poses.keypoints[1, :, 0], atol=1e-4)
