import json
import os
from pathlib import Path

import numpy as np
import pytest
from factories import make_frame, make_poses
from posetrack.formats import PoseTrack18Writer
from posetrack.formats.posetrack18 import (
    EAR_BOTTOM,
    EAR_TOP,
    KEYPOINTS,
    NOSE_BOTTOM,
    NOSE_TOP,
    head_ends,
)
from posetrack.structures import COCO_17, MPII_16, POSETRACK_15, Poses

SHARED = Path(__file__).parents[2].parent / "shared"


def shared(path):
    """A file of the real data; absence skips the test unless it is required."""
    if not (SHARED / path).exists():
        missing = f"the real data is not here: {SHARED / path}"
        if os.environ.get("POSETRACK_REQUIRE_SHARED") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return SHARED / path


def write(path, frames, *, skeleton=COCO_17, complete=True):
    writer = PoseTrack18Writer(path, skeleton)
    for frame, poses in frames:
        writer.write(frame, poses)
    writer.close(complete)
    return json.loads(path.read_text()) if complete else None


def triple(annotation, name):
    slot = KEYPOINTS.index(name)
    return annotation["keypoints"][3 * slot : 3 * slot + 3]


def test_file_has_the_layout_of_the_data_set(tmp_path):
    poses = make_poses(2, tracked=True)
    frames = [(make_frame(i), poses) for i in range(3)]
    video = write(tmp_path / "003418_mpii_test.posetrack18.json", frames)
    assert set(video) == {"images", "annotations", "categories"}
    assert video["images"][2] == {
        "id": 10034180002,
        "file_name": "images/003418_mpii_test/000002.jpg",
        "vid_id": "003418",
        "frame_id": 10034180002,
        "nframes": 3,
        "is_labeled": True,
    }
    annotation = video["annotations"][5]
    assert (annotation["id"], annotation["image_id"]) == (1003418000201, 10034180002)
    assert (annotation["track_id"], annotation["category_id"]) == (2, 1)
    assert len(annotation["keypoints"]) == 51
    assert len(annotation["scores"]) == 17
    x1, y1, x2, y2 = poses.boxes[1]
    np.testing.assert_allclose(annotation["bbox"], [x1, y1, x2 - x1, y2 - y1], rtol=0, atol=2e-4)
    assert video["categories"][0]["keypoints"][:5] == [
        "nose",
        "head_bottom",
        "head_top",
        "left_ear",
        "right_ear",
    ]
    assert video["categories"][0]["keypoints"][5:] == list(COCO_17.keypoints[5:])


@pytest.mark.parametrize("skeleton", [COCO_17, POSETRACK_15], ids=lambda s: s.name)
def test_keypoints_keep_their_names(tmp_path, skeleton):
    poses = make_poses(1, skeleton, tracked=True)
    frames = [(make_frame(), poses)]
    annotation = write(tmp_path / "a.posetrack18.json", frames, skeleton=skeleton)["annotations"][0]
    for name in set(KEYPOINTS) & set(skeleton.keypoints) - {"left_ear", "right_ear"}:
        k = skeleton.keypoints.index(name)
        x, y, visible = triple(annotation, name)
        np.testing.assert_allclose([x, y], poses.keypoints[0, k], rtol=0, atol=6e-5)
        assert visible == 1
        score = annotation["scores"][KEYPOINTS.index(name)]
        assert score == pytest.approx(poses.keypoint_scores[0, k], abs=6e-7)
    for name in ("left_ear", "right_ear"):
        assert triple(annotation, name) == [0, 0, 0]
        assert annotation["scores"][KEYPOINTS.index(name)] == 0


def test_only_tracked_poses_are_written(tmp_path):
    poses = make_poses(3, tracked=True)
    poses.track_ids[1] = -1
    frames = [(make_frame(0), poses), (make_frame(1), make_poses(2)), (make_frame(2), poses[[]])]
    video = write(tmp_path / "a.posetrack18.json", frames)
    assert [a["track_id"] for a in video["annotations"]] == [1, 3]
    assert len(video["images"]) == 3


@pytest.mark.parametrize("frames", [[], [(make_frame(), Poses.empty(17))]])
def test_nobody_gives_empty_annotations(tmp_path, frames):
    video = write(tmp_path / "a.posetrack18.json", frames)
    assert video["annotations"] == []
    assert len(video["images"]) == len(frames)


@pytest.mark.parametrize(
    ("stem", "folder", "first"),
    [
        ("holiday", "000001_mpii_holiday", 10000010000),
        ("20240131_mpii", "000001_mpii_20240131_mpii", 10000010000),
        ("000342_mpii_test", "000342_mpii_test", 10003420000),
        ("000015_bonn_train", "000015_bonn_train", 20000150000),
        ("000001_mpiinew_test", "000001_mpiinew_test", 30000010000),
    ],
)
def test_image_ids_follow_the_name_of_the_video(tmp_path, stem, folder, first):
    video = write(tmp_path / f"{stem}.posetrack18.json", [(make_frame(), Poses.empty(17))])
    assert video["images"][0]["file_name"] == f"images/{folder}/000000.jpg"
    assert video["images"][0]["id"] == first


def test_named_images_keep_their_names(tmp_path):
    frames = [(make_frame(i, f"{i + 7:08d}.png"), Poses.empty(17)) for i in range(2)]
    video = write(tmp_path / "a.posetrack18.json", frames)
    names = [image["file_name"].rpartition("/")[2] for image in video["images"]]
    assert names == ["00000007.png", "00000008.png"]


def test_ids_stay_unique_in_long_videos_and_crowds(tmp_path):
    poses = make_poses(150, tracked=True)
    frames = [(make_frame(i), poses) for i in (0, 1, 9999, 10000, 10001, 100000)]
    video = write(tmp_path / "a.posetrack18.json", frames)
    assert len({image["id"] for image in video["images"]}) == 6
    assert len({annotation["id"] for annotation in video["annotations"]}) == 900
    assert video["images"][-1]["file_name"].endswith("/100000.jpg")


def test_an_interrupted_run_leaves_nothing_that_looks_whole(tmp_path):
    frames = [(make_frame(), make_poses(1, tracked=True))]
    write(tmp_path / "a.posetrack18.json", frames, complete=False)
    assert [file.name for file in tmp_path.iterdir()] == ["a.posetrack18.json.partial"]


def test_another_skeleton_is_refused():
    with pytest.raises(ValueError, match="'coco-17' or 'posetrack-15', got 'mpii-16'"):
        PoseTrack18Writer(Path("never-made.json"), MPII_16)


def person(**points):
    triples = np.zeros((1, 17, 3))
    for name, values in points.items():
        triples[0, COCO_17.keypoints.index(name)] = values
    return triples


SHOULDERS = {"left_shoulder": (110, 100, 0.9), "right_shoulder": (90, 100, 0.8)}


def test_head_ends_lie_on_the_line_from_mid_shoulder_to_mid_ear():
    triples = person(
        **SHOULDERS, left_ear=(108, 60, 0.7), right_ear=(92, 60, 0.6), nose=(140, 62, 0.1)
    )
    bottom, top = head_ends(triples)[0]
    np.testing.assert_allclose(bottom, [100, 100 - 40 * EAR_BOTTOM, 0.6])
    np.testing.assert_allclose(top, [100, 100 - 40 * EAR_TOP, 0.6])


def test_head_ends_take_the_nose_if_an_ear_is_missing():
    triples = person(**SHOULDERS, left_ear=(108, 60, 0.7), nose=(120, 70, 0.5))
    bottom, top = head_ends(triples)[0]
    np.testing.assert_allclose(bottom, [100 + 20 * NOSE_BOTTOM, 100 - 30 * NOSE_BOTTOM, 0.5])
    np.testing.assert_allclose(top, [100 + 20 * NOSE_TOP, 100 - 30 * NOSE_TOP, 0.5])


def test_head_ends_score_no_more_than_the_shoulders():
    triples = person(
        left_shoulder=(110, 100, 0.9), right_shoulder=(90, 100, 0.2), nose=(100, 70, 0.5)
    )
    assert head_ends(triples)[0, :, 2].tolist() == [0.2, 0.2]


@pytest.mark.parametrize(
    "points",
    [
        SHOULDERS,
        {"left_shoulder": (110, 100, 0.9), "nose": (100, 70, 0.5)},
        SHOULDERS | {"left_ear": (108, 60, 0.7)},
    ],
    ids=["no head", "one shoulder", "one ear"],
)
def test_without_shoulders_and_head_there_are_no_head_ends(points):
    assert not head_ends(person(**points)).any()


def test_a_keypoint_not_found_is_all_zero(tmp_path):
    poses = make_poses(1, tracked=True)
    poses.keypoint_scores[0, COCO_17.keypoints.index("left_shoulder")] = 0
    frames = [(make_frame(), poses)]
    annotation = write(tmp_path / "a.posetrack18.json", frames)["annotations"][0]
    for name in ("left_shoulder", "head_bottom", "head_top"):
        assert triple(annotation, name) == [0, 0, 0]
        assert annotation["scores"][KEYPOINTS.index(name)] == 0


@pytest.mark.data
def test_file_has_the_keys_of_poseval_s_own(tmp_path):
    path = shared("parity/poseval/posetrack18_format/gt/000342_mpii_test.json")
    truth = json.loads(path.read_text())
    predicted = json.loads((path.parents[1] / "pred" / path.name).read_text())
    frames = [(make_frame(i), make_poses(2, tracked=True)) for i in range(2)]
    ours = write(tmp_path / "000342_mpii_test.posetrack18.json", frames)
    assert set(ours) == set(truth)
    assert ours["categories"][0]["keypoints"] == truth["categories"][0]["keypoints"]
    assert set(ours["categories"][0]) == set(truth["categories"][0])
    assert set(ours["annotations"][0]) >= set(predicted["annotations"][0])
    assert set(ours["annotations"][0]) - {"scores"} == set(truth["annotations"][0]) - {"bbox_head"}
    needed = {"id", "frame_id", "file_name", "vid_id", "nframes", "is_labeled"}
    assert set(ours["images"][0]) == needed <= set(truth["images"][0])
    for key in ("keypoints", "scores"):
        assert len(ours["annotations"][0][key]) == len(predicted["annotations"][0][key])


@pytest.mark.data
def test_head_constants_are_the_medians_of_labelled_people():
    folder = shared("data/lsp_extended")
    faces = json.loads((folder / "face_labels.json").read_text())["labels"]
    people = []
    for split in ("train", "val"):
        data = json.loads((folder / f"{split}.json").read_text())
        names = {image["id"]: image["file_name"] for image in data["images"]}
        for annotation in data["annotations"]:
            face = faces.get(names[annotation["image_id"]])
            body = np.reshape(annotation["keypoints"], (14, 3))
            if face and face[0][2] > 0 and (body[[0, 1, 12, 13], 2] > 0).all():
                people.append((body, np.array(face)))
    body, face = (np.array(column) for column in zip(*people, strict=True))
    middle, top, bottom = body[:, :2, :2].mean(axis=1), body[:, 12, :2], body[:, 13, :2]
    ears = (face[:, 3:5, 2] > 0).all(axis=1)
    for rows, center, constants in (
        (slice(None), face[:, 0, :2], (NOSE_BOTTOM, NOSE_TOP)),
        (ears, face[:, 3:5, :2].mean(axis=1), (EAR_BOTTOM, EAR_TOP)),
    ):
        line = (center - middle)[rows]
        length = np.linalg.norm(line, axis=1)
        head = np.linalg.norm(top - bottom, axis=1)[rows]
        clear = (length > 4) & (head > 4)
        for end, constant in zip((bottom, top), constants, strict=True):
            along = ((end - middle)[rows] * line).sum(axis=1)[clear] / length[clear] ** 2
            assert np.median(along) == pytest.approx(constant, abs=0.01)
