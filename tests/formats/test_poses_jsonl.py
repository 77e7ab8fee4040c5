import json
from dataclasses import asdict, replace

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from factories import make_frame, make_poses
from hypothesis import given, settings
from posetrack.formats import PosesWriter, read_poses
from posetrack.structures import COCO_17, POSETRACK_15, Poses, TrackState

HEADER = {"source": "a.mp4", "skeleton": asdict(COCO_17)}


def write(path, frames, *, ended=True, header=HEADER):
    with PosesWriter(path, header) as writer:
        for index, poses in enumerate(frames):
            writer.write(make_frame(index), poses)
        if ended:
            writer.end(len(frames))
    return path


def lines(path):
    return path.read_text().splitlines()


def test_record_has_the_lines_of_the_contract(tmp_path):
    poses = Poses(
        keypoints=np.tile(np.float32([10.126, 20.004]), (1, 17, 1)),
        keypoint_scores=np.full((1, 17), 0.51249, np.float32),
        scores=np.float32([0.93]),
        boxes=np.float32([[1, 2.5, 300.25, 400]]),
        track_ids=np.array([7]),
        track_states=np.array([TrackState.TENTATIVE], np.uint8),
    )
    header, first, second, end = lines(write(tmp_path / "a.jsonl", [poses, poses[[]]]))
    assert json.loads(header) == json.loads(json.dumps({"posetrack": 1, **HEADER}))
    assert next(iter(json.loads(header))) == "posetrack"
    assert first == (
        '{"frame":0,"pts":0,"time_s":0.0,"poses":[{"track_id":7,"state":"tentative",'
        '"score":0.930,"box":[1.00,2.50,300.25,400.00],"keypoints":['
        + ",".join(["[10.13,20.00,0.512]"] * 17)
        + "]}]}"
    )
    assert second == '{"frame":1,"pts":512,"time_s":0.04,"poses":[]}'
    assert json.loads(end) == {"end": {"frames": 2, "reason": "complete"}}


def test_what_was_written_is_read(tmp_path):
    frames = [make_poses(n, tracked=True, seed=n) for n in (3, 0, 1, 30)]
    record = read_poses(write(tmp_path / "a.jsonl", frames))
    assert record.complete
    assert record.header["source"] == "a.mp4"
    read = list(record)
    assert [(line.frame, line.pts, line.time_s) for line in read] == [
        (0, 0, 0.0),
        (1, 512, 0.04),
        (2, 1024, 0.08),
        (3, 1536, 0.12),
    ]
    for line, poses in zip(read, frames, strict=True):
        assert_alike(line.poses, poses)
    assert len(list(record)) == 4, "a record can be read again"


def assert_alike(read, written):
    assert len(read) == len(written)
    np.testing.assert_allclose(read.keypoints, written.keypoints, rtol=1e-6, atol=0.00501)
    np.testing.assert_allclose(read.boxes, written.boxes, rtol=1e-6, atol=0.00501)
    np.testing.assert_allclose(read.keypoint_scores, written.keypoint_scores, atol=0.000501)
    np.testing.assert_allclose(read.scores, written.scores, rtol=1e-6, atol=0.000501)
    np.testing.assert_array_equal(read.track_ids, written.track_ids)
    np.testing.assert_array_equal(read.track_states, written.track_states)


@st.composite
def any_poses(draw):
    n = draw(st.integers(0, 4))
    floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
    unit = st.floats(0, 1, width=32)
    confirmed = st.sampled_from([int(state) for state in TrackState])
    return Poses(
        keypoints=draw(hnp.arrays(np.float32, (n, 17, 2), elements=floats)),
        keypoint_scores=draw(hnp.arrays(np.float32, (n, 17), elements=unit)),
        scores=draw(hnp.arrays(np.float32, n, elements=floats)),
        boxes=draw(hnp.arrays(np.float32, (n, 4), elements=floats)),
        track_ids=draw(hnp.arrays(np.int64, n, elements=st.integers(-1, 2**62))),
        track_states=draw(hnp.arrays(np.uint8, n, elements=confirmed)),
    )


@settings(deadline=None, max_examples=50)
@given(frames=st.lists(any_poses(), max_size=3))
def test_any_poses_survive(frames, tmp_path_factory):
    record = read_poses(write(tmp_path_factory.mktemp("record") / "a.jsonl", frames))
    assert record.complete
    for line, poses in zip(record, frames, strict=True):
        assert_alike(line.poses, poses)


def test_poses_without_tracking_are_untracked(tmp_path):
    poses = next(iter(read_poses(write(tmp_path / "a.jsonl", [make_poses(2)])))).poses
    assert poses.track_ids.tolist() == [-1, -1]
    assert poses.track_states.tolist() == [TrackState.UNTRACKED] * 2


def test_track_ids_without_states_are_confirmed(tmp_path):
    given_ids = replace(make_poses(2), track_ids=np.array([5, -1]))
    poses = next(iter(read_poses(write(tmp_path / "a.jsonl", [given_ids])))).poses
    assert poses.track_ids.tolist() == [5, -1]
    assert poses.track_states.tolist() == [TrackState.CONFIRMED, TrackState.UNTRACKED]


def test_a_keypoint_that_is_not_finite_is_written_as_zeros(tmp_path):
    poses = make_poses(1)
    poses.keypoints[0, 3] = np.nan, 5
    poses.keypoint_scores[0, 3] = 0
    poses.keypoints[0, 4, 1] = np.inf
    path = write(tmp_path / "a.jsonl", [poses])
    keypoints = json.loads(lines(path)[1])["poses"][0]["keypoints"]
    assert keypoints[3] == keypoints[4] == [0, 0, 0]
    assert keypoints[5] != [0, 0, 0]
    assert "nan" not in path.read_text().lower()


@pytest.mark.parametrize("field", ["scores", "boxes"])
def test_a_pose_that_is_not_finite_is_refused(tmp_path, field):
    poses = make_poses(1)
    getattr(poses, field)[...] = np.nan
    with pytest.raises(ValueError, match="frame 0: scores and boxes of poses must be finite"):
        write(tmp_path / "a.jsonl", [poses])


def test_poses_of_another_skeleton_are_refused(tmp_path):
    with pytest.raises(ValueError, match="must have 17 keypoints like the file's skeleton, got 15"):
        write(tmp_path / "a.jsonl", [make_poses(1, POSETRACK_15)])


def test_header_must_name_the_keypoints(tmp_path):
    with pytest.raises(ValueError, match='name its keypoints in "skeleton"'):
        PosesWriter(tmp_path / "a.jsonl", {"source": "a.mp4"})
    assert not (tmp_path / "a.jsonl").exists()


def test_leaving_without_end_leaves_no_end_line(tmp_path):
    frames = [make_poses(2, seed=i) for i in range(3)]
    record = read_poses(write(tmp_path / "a.jsonl", frames, ended=False))
    assert not record.complete
    assert len(list(record)) == 3


@pytest.mark.parametrize("complete", [True, False])
def test_close_says_whether_the_run_ended_well(tmp_path, complete):
    writer = PosesWriter(tmp_path / "a.jsonl", HEADER)
    writer.write(make_frame(), make_poses(1))
    writer.close(complete)
    writer.close(complete)
    record = read_poses(tmp_path / "a.jsonl")
    assert record.complete == complete
    assert len(list(record)) == 1


def test_end_refuses_another_number_of_frames(tmp_path):
    writer = PosesWriter(tmp_path / "a.jsonl", HEADER)
    writer.write(make_frame(), make_poses(1))
    with pytest.raises(ValueError, match="2 frames were decoded but 1 written"):
        writer.end(2)
    assert not read_poses(tmp_path / "a.jsonl").complete


def test_every_frame_can_be_read_at_once(tmp_path):
    writer = PosesWriter(tmp_path / "a.jsonl", HEADER)
    for index in range(3):
        writer.write(make_frame(index), make_poses(1))
        assert len(list(read_poses(tmp_path / "a.jsonl"))) == index + 1
    writer.close(complete=False)


@pytest.mark.parametrize("kept", [1, 40, 500])
def test_a_torn_last_line_is_left_out(tmp_path, kept):
    path = write(tmp_path / "a.jsonl", [make_poses(2, seed=i) for i in range(3)], ended=False)
    text = path.read_text()
    start = text.rindex('{"frame"')
    path.write_text(text[: start + kept])
    record = read_poses(path)
    assert not record.complete
    assert [line.frame for line in record] == [0, 1]


def test_a_torn_end_line_means_interrupted(tmp_path):
    path = write(tmp_path / "a.jsonl", [make_poses(1)])
    path.write_text(path.read_text()[:-5])
    record = read_poses(path)
    assert not record.complete
    assert len(list(record)) == 1


def change(line, **values):
    return json.dumps(json.loads(line) | values)


def change_pose(line, **values):
    return change(line, poses=[json.loads(line)["poses"][0] | values])


def drop(line, key):
    return json.dumps({k: v for k, v in json.loads(line).items() if k != key})


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda line: line[:-2], "not JSON"),
        (lambda line: "[]", "a line must be a JSON object, got list"),
        (lambda line: drop(line, "pts"), "'pts' is missing"),
        (lambda line: change(line, frame=0), "frame 0 comes after 0"),
        (lambda line: change(line, time_s=None), "float"),
        (lambda line: change_pose(line, state="lost"), "state must be one of 'untracked'"),
        (lambda line: change_pose(line, keypoints=[[1, 2, 3]]), r"must have shape \(1, 17, 3\)"),
        (lambda line: change_pose(line, keypoints=[[1, 2], [1]]), "inhomogeneous"),
        (lambda line: change_pose(line, box=[1, 2, 3]), "box must have four numbers"),
        (lambda line: change_pose(line, score=float("nan")), "NaN is not a number"),
        (lambda line: change_pose(line, score="high"), "could not convert"),
        (lambda line: '{"end": {"frames": 1}}', "nothing may follow the end line"),
        (lambda line: '{"end": {"frames": 7}}', "must have 7 frames, got 1"),
    ],
)
def test_a_broken_line_is_named(tmp_path, broken, message):
    frames = [make_poses(1, tracked=True, seed=i) for i in range(3)]
    path = write(tmp_path / "a.jsonl", frames)
    text = lines(path)
    text[2] = broken(text[2])
    path.write_text("\n".join(text) + "\n")
    with pytest.raises(ValueError, match=rf"a\.jsonl:[34]: .*{message}"):
        list(read_poses(path))


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("", "not JSON"),
        ('{"posetrack": 1, "skel', "not JSON"),
        ('{"frame": 0}', 'must have "posetrack": 1'),
        ('{"posetrack": 2}', 'must have "posetrack": 1'),
        ('{"posetrack": 1}', 'name its keypoints in "skeleton"'),
        ('{"posetrack": 1, "skeleton": {"keypoints": 17}}', "name its keypoints"),
        ('{"posetrack": 1, "skeleton": {"keypoints": ["nose", 3]}}', "name its keypoints"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path, first, message):
    path = tmp_path / "a.jsonl"
    path.write_text(first)
    with pytest.raises(ValueError, match=rf"a\.jsonl:1: .*{message}"):
        read_poses(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_poses(tmp_path / "none.jsonl")
