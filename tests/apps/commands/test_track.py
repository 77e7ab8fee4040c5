"""`posetrack track`: detections of other programs, in their formats, with what can be wrong."""

import gzip
import json

import cv2
import numpy as np
import pytest
from factories import make_frame, people
from posetrack.engine import model_path
from posetrack.formats import PosesReader, PosesWriter, PoseTrack18File
from posetrack.formats.posetrack18 import CATEGORY, KEYPOINTS
from posetrack.structures import COCO_17


def walkers(frames=12, gap=()):
    """Two people who walk towards each other, the second one unseen in the frames of a gap."""
    for i in range(frames):
        both = [(100.0 + 8 * i, 300.0), (900.0 - 8 * i, 300.0)]
        yield people(both[: 1 if i in gap else 2], scores=0.8, keypoint_scores=0.9)


def write_record(path, story):
    with PosesWriter(path, {"skeleton": {"keypoints": list(COCO_17.keypoints)}}) as writer:
        count = 0
        for count, poses in enumerate(story, start=1):
            writer.write(make_frame(count - 1), poses)
        writer.end(count)
    return path


def posetrack18(story, **changes):
    images, annotations = [], []
    for i, poses in enumerate(story):
        images.append({"id": 500 + i, "file_name": f"a/{i}.jpg"})
        for row in range(len(poses)):
            points = np.zeros((17, 3))
            points[5:, :2], points[5:, 2] = poses.keypoints[row, 5:], 1
            x1, y1, x2, y2 = poses.boxes[row].tolist()
            annotation = {"id": len(annotations), "image_id": 500 + i, "category_id": 1}
            annotation |= {"keypoints": points.ravel().tolist(), "scores": [0.9] * 17}
            annotation |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "score": 0.8, **changes}
            annotations.append(annotation)
    return {"images": images, "annotations": annotations, "categories": [CATEGORY]}


def lines(story, step_s=0.04):
    for i, poses in enumerate(story):
        persons = []
        for row in range(len(poses)):
            points = [[0, 0, 0]] * 5 + [[*p, 0.9] for p in poses.keypoints[row, 5:].tolist()]
            x1, y1, x2, y2 = poses.boxes[row].tolist()
            persons.append({"score": 0.8, "bbox": [x1, y1, x2 - x1, y2 - y1], "keypoints": points})
        yield json.dumps({"frame": i, "time_s": step_s * i, "persons": persons})


def ids(path):
    return [people.track_ids.tolist() for people in PoseTrack18File(path)]


@pytest.fixture
def files(tmp_path):
    """The walkers in every format that is read."""
    folder = tmp_path / "in"
    folder.mkdir()
    story = list(walkers(gap=(4, 5)))
    write_record(folder / "a.jsonl", story)
    (folder / "b.json").write_text(json.dumps(posetrack18(story)))
    (folder / "c.jsonl.gz").write_bytes(gzip.compress("\n".join(lines(story)).encode()))
    (folder / "d.json.gz").write_bytes(gzip.compress(json.dumps(posetrack18(story)).encode()))
    return folder


def test_every_format_gives_the_same_ids(posetrack, files, tmp_path):
    code, out, err = posetrack("track", files, "-o", tmp_path / "out")
    assert (code, out) == (0, "")
    assert "posetrack: a: 12 frames, 2 tracks of 22 of 22 detections; from score 0.6 on" in err
    for name in "abcd":
        found = ids(tmp_path / "out" / f"{name}.json")
        assert found == [[1] if i in (4, 5) else [1, 2] for i in range(12)], name


def test_images_keep_their_ids_and_people_their_exact_coordinates(posetrack, files, tmp_path):
    posetrack("track", files / "b.json", "-o", tmp_path / "b.json")
    before, after = (json.loads(p.read_text()) for p in (files / "b.json", tmp_path / "b.json"))
    assert [i["id"] for i in after["images"]] == [i["id"] for i in before["images"]]
    for old, new in zip(before["annotations"], after["annotations"], strict=True):
        assert new["image_id"] == old["image_id"]
        assert new["bbox"] == pytest.approx(old["bbox"])
        assert new["keypoints"] == old["keypoints"]


def test_weak_keypoints_can_be_left_out(posetrack, tmp_path):
    detections = posetrack18(walkers(3))
    nose_and_knees = KEYPOINTS.index("left_knee")
    for person in detections["annotations"]:
        person["scores"] = [0.9] * 17
        person["scores"][nose_and_knees] = 0.3
    (tmp_path / "a.json").write_text(json.dumps(detections))
    posetrack("track", tmp_path / "a.json", "-o", tmp_path / "o.json", "--min-keypoint-score", 0.45)
    written = json.loads((tmp_path / "o.json").read_text())["annotations"]
    assert written[0]["keypoints"][3 * nose_and_knees :][:6] == [
        0,
        0,
        0,
        *np.float64(
            detections["annotations"][0]["keypoints"][3 * nose_and_knees + 3 :][:3]
        ).tolist(),
    ]


def test_native_records_can_be_written_for_any_skeleton(posetrack, files, tmp_path):
    code, _, _ = posetrack(
        "track", files / "a.jsonl", "-o", tmp_path / "a.jsonl", "--format", "jsonl"
    )
    assert code == 0
    record = PosesReader(tmp_path / "a.jsonl")
    assert record.complete
    assert record.header["skeleton"]["keypoints"] == list(COCO_17.keypoints)
    assert [line.poses.track_ids.tolist() for line in record][:5] == [[1, 2]] * 4 + [[1]]


def test_looks_bring_somebody_back_after_seconds_elsewhere(posetrack, tmp_path):
    story = [*walkers(10)]
    story += [poses[:1] for poses in walkers(200)][10:]
    story += [people([1700.0, 400.0], scores=0.8)] * 5
    count = sum(len(poses) for poses in story)
    (tmp_path / "a.jsonl").write_text("\n".join(lines(story)))
    looks = np.tile(np.float32([[1, 0]]), (count, 1))
    looks[1:20:2] = looks[-1::-2][:5] = [0, 1]
    np.savez(tmp_path / "looks.npz", **{"a/embedding": looks})
    options = ("--tracker", "best", "--appearance", tmp_path / "looks.npz")
    code, _, err = posetrack("track", tmp_path / "a.jsonl", "-o", tmp_path / "o.json", *options)
    assert (code, ids(tmp_path / "o.json")[-1]) == (0, [1, 2]), err
    posetrack("track", tmp_path / "a.jsonl", "-o", tmp_path / "p.json")
    assert 2 not in ids(tmp_path / "p.json")[-1]


def test_a_file_without_scores_is_tracked_too(posetrack, tmp_path):
    detections = posetrack18(walkers(5))
    for person in detections["annotations"]:
        del person["scores"], person["score"], person["bbox"]
    (tmp_path / "a.json").write_text(json.dumps(detections))
    posetrack("track", tmp_path / "a.json", "-o", tmp_path / "o.json")
    assert ids(tmp_path / "o.json") == [[1, 2]] * 5


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"b/embedding": np.ones((22, 4))}, "there is no 'a/embedding': it holds embeddings of b"),
        ({"a/embedding": np.ones((7, 4))}, "must be 22 rows of numbers, one for each detection"),
        ({"a/embedding": np.full((22, 4), np.nan)}, "'a/embedding' must be finite numbers"),
    ],
)
def test_looks_of_something_else_are_refused(posetrack, files, tmp_path, arrays, message):
    np.savez(tmp_path / "looks.npz", **arrays)
    options = ("--tracker", "best", "--appearance", tmp_path / "looks.npz")
    code, _, err = posetrack("track", files / "a.jsonl", "-o", tmp_path / "o.json", *options)
    assert code == 1
    assert message in err
    assert not (tmp_path / "o.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\n".join(lines(walkers(2), step_s=0)), "frame 1: time_s must increase from frame to"),
        ('{"frame":0,"time_s":NaN,"persons":[]}', "line 1: time_s must be a number, got nan"),
        ('{"frame":0}', "line 1: time_s is missing"),
        ("nonsense", "a.jsonl:1: not JSON"),
        (
            '{"frame":0,"time_s":0,"persons":[{"keypoints":[[1,2,3]]}]}',
            "persons[0]: keypoints must be 51 numbers, got 3",
        ),
        (
            '{"posetrack":1,"skeleton":{"keypoints":["tail"]}}',
            "no skeleton here has the keypoint 'tail'",
        ),
    ],
)
def test_wrong_detections_are_refused_in_one_sentence(posetrack, tmp_path, content, message):
    (tmp_path / "a.jsonl").write_text(content + "\n")
    code, _, err = posetrack("track", tmp_path / "a.jsonl", "-o", tmp_path / "o.json")
    assert code == 1
    assert message in err
    assert not list(tmp_path.glob("o.json*"))


def test_what_is_there_stays_unless_it_may_be_replaced(posetrack, files, tmp_path):
    (tmp_path / "o.json").write_text("mine")
    code, _, err = posetrack("track", files / "b.json", "-o", tmp_path / "o.json")
    assert (code, (tmp_path / "o.json").read_text()) == (1, "mine")
    assert "use --overwrite to replace it" in err
    code, _, _ = posetrack("track", files, "-o", tmp_path / "o", "--overwrite", "-q")
    assert (code, len(list((tmp_path / "o").iterdir()))) == (0, 4)


def test_looks_are_refused_where_nobody_compares_them(posetrack, files, tmp_path):
    np.savez(tmp_path / "looks.npz", x=np.ones(1))
    code, _, err = posetrack(
        "track", files, "-o", tmp_path / "o", "--appearance", tmp_path / "looks.npz"
    )
    assert code == 2
    assert "fast compares no looks: choose best or paper" in err


# --- with a video


@pytest.fixture
def swinging(tmp_path):
    """Detections of three people who stand and a folder of the camera's pictures."""
    rng, pictures, story = np.random.default_rng(0), tmp_path / "pictures" / "a", []
    pictures.mkdir(parents=True)
    wide = np.zeros((360, 1200, 3))
    for size in (12, 40, 120):
        spots = rng.uniform(0, 85, (360 // size, 1200 // size, 3))
        wide += cv2.resize(spots, (1200, 360), interpolation=cv2.INTER_CUBIC)
    wide = np.clip(wide, 0, 255).astype(np.uint8)
    for i in range(20):
        x = round(300 + 120 * np.sin(i * 0.8))
        cv2.imwrite(str(pictures / f"{i:03d}.png"), wide[:, x : x + 640])
        places = [(p - x, 180.0) for p in (480, 580, 680)]
        story.append(people(places, scores=0.8, height=150.0))
    (tmp_path / "a.jsonl").write_text("\n".join(lines(story, step_s=0.08)))
    return tmp_path


def test_motion_of_the_camera_is_taken_out(posetrack, swinging):
    video = ("--tracker", "best", "--video", swinging / "pictures")
    code, _, err = posetrack("track", swinging / "a.jsonl", "-o", swinging / "o.json", *video)
    assert (code, ids(swinging / "o.json")) == (0, [[1, 2, 3]] * 20), err
    posetrack("track", swinging / "a.jsonl", "-o", swinging / "p.json")
    assert ids(swinging / "p.json") != [[1, 2, 3]] * 20


@pytest.mark.parametrize(("missing", "word"), [(slice(-1, None), "fewer"), (slice(0), "more")])
def test_a_video_of_another_length_is_refused(posetrack, swinging, missing, word):
    for path in sorted((swinging / "pictures" / "a").iterdir())[missing]:
        path.unlink()
    text = (swinging / "a.jsonl").read_text().splitlines()
    (swinging / "a.jsonl").write_text("\n".join(text[: 20 if word == "fewer" else 19]))
    video = ("--tracker", "best", "--video", swinging / "pictures" / "a")
    code, _, err = posetrack("track", swinging / "a.jsonl", "-o", swinging / "o.json", *video)
    assert code == 1
    assert f"has {word} frames than {swinging / 'a.jsonl'}" in err
    assert "is it their video?" in err


def test_a_video_of_other_pictures_is_refused(posetrack, swinging):
    for path in (swinging / "pictures" / "a").iterdir():
        cv2.imwrite(str(path), cv2.imread(str(path))[:120, :160])
    video = ("--tracker", "best", "--video", swinging / "pictures")
    code, _, err = posetrack("track", swinging / "a.jsonl", "-o", swinging / "o.json", *video)
    assert code == 1
    assert "are not in its pictures of 160x120: is it their video?" in err
    assert not (swinging / "o.json").exists()


def test_flow_follows_the_camera_and_carries_whom_nobody_found(posetrack, swinging):
    text = [json.loads(line) for line in (swinging / "a.jsonl").read_text().splitlines()]
    text[9]["persons"].pop(1)
    (swinging / "a.jsonl").write_text("\n".join(map(json.dumps, text)))
    video = ("--tracker", "paper", "--video", swinging / "pictures")
    job = ("track", swinging / "a.jsonl", "-o", swinging / "o.json", *video, "--flow", "dis")
    code, _, err = posetrack(*job)
    found = [sorted(frame) for frame in ids(swinging / "o.json")]
    assert (code, found) == (0, [[1, 2, 3]] * 20), err


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--tracker", "paper", "--flow", "dis"), 2, "needs pictures: name them with --video"),
        (("--flow", "dis", "--video", "pictures"), 2, "fast needs no flow: choose tracker best"),
        (
            ("--tracker", "best", "--flow", "none", "--video", "pictures"),
            2,
            "must be off, dis or an .onnx file that is there, got 'none'",
        ),
        (
            ("--tracker", "best", "--flow", "{model}", "--video", "pictures"),
            1,
            "a flow network must take two float32 pictures",
        ),
    ],
)
def test_flow_that_cannot_be_is_refused(posetrack, swinging, monkeypatch, options, code, said):
    monkeypatch.chdir(swinging)
    given = [option.format(model=model_path("movenet-multipose")) for option in options]
    ended, _, err = posetrack("track", "a.jsonl", "-o", "o.json", *given)
    assert ended == code
    assert said in err
    assert not (swinging / "o.json").exists()


def test_a_video_is_refused_where_nobody_looks_at_it(posetrack, swinging):
    video = ("--video", swinging / "pictures")
    code, _, err = posetrack("track", swinging / "a.jsonl", "-o", swinging / "o.json", *video)
    assert code == 2
    assert "fast looks at no images: choose best" in err
