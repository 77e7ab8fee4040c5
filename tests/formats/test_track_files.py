"""Tracks of one video: PoseTrack17, PoseTrack18 and native records, and what contradicts itself."""

import json
from dataclasses import replace

import numpy as np
import pytest
from annotated import frame
from factories import make_frame, people
from posetrack.formats import (
    PosesWriter,
    PoseTrack18Writer,
    open_tracks,
    write_posetrack17,
    write_posetrack18,
)
from posetrack.formats.posetrack18 import KEYPOINTS
from posetrack.structures import COCO_17, MPII_16, POSETRACK_15, ResultFileError, TrackState

LAYOUTS = ["posetrack17", "posetrack18"]
ARRAYS = ("labels", "keypoint_scores", "scores", "head_boxes", "track_ids")


def write(path, layout, frames):
    if layout == "posetrack17":
        write_posetrack17(path, frames)
    else:
        write_posetrack18(path, "000342_mpii_test", frames)
    return path


def some_frames():
    region = (np.array([[0.0, 0], [9, 0], [9, 9]]), np.array([[1.0, 1], [2, 1], [2, 2], [1, 2]]))
    labels = np.full((2, 15), 2)
    labels[0, 3:7] = 0
    names = [f"images/000342_mpii_test/{i:06d}.jpg" for i in range(4)]
    return [
        frame(
            {0: 100, 12: 300}, labels=labels, ignore_regions=region, image_id=0, file_name=names[0]
        ),
        frame({}, labelled=False, image_id=1, file_name=names[1]),
        frame({}, image_id=2, file_name=names[2]),
        frame({12: 310}, image_id=3, file_name=names[3]),
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_videos_come_back_as_they_were_written(file_size, tmp_path, layout):
    frames = some_frames()
    tracks = open_tracks(write(tmp_path / "video.json", layout, frames))
    for _ in range(2):  # a file is read as often as it is iterated
        back = list(tracks)
        assert len(back) == 4
        for before, after in zip(frames, back, strict=True):
            here = before.labels > 0
            np.testing.assert_array_equal(after.labels, before.labels)
            np.testing.assert_array_equal(after.keypoints[here], before.keypoints[here])
            np.testing.assert_array_equal(after.keypoint_scores[here], before.keypoint_scores[here])
            np.testing.assert_allclose(after.head_boxes, before.head_boxes, atol=1e-9)
            np.testing.assert_array_equal(after.track_ids, before.track_ids)
            assert (after.labelled, after.file_name) == (before.labelled, before.file_name)
            assert len(after.ignore_regions) == len(before.ignore_regions)
            for a, b in zip(after.ignore_regions, before.ignore_regions, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.fixture(params=["small", "large"])
def file_size(request, monkeypatch):
    """Files of either size are read alike."""
    if request.param == "large":
        monkeypatch.setattr("posetrack.formats.posetrack18_file._SMALL", 0)


def document(**changes):
    images = [{"id": 10003420000 + i, "file_name": f"a/{i:06d}.jpg"} for i in range(3)]
    person = {"track_id": 0, "keypoints": [5, 6, 1] * 17, "bbox_head": [0, 0, 3, 4]}
    annotations = [{**person, "id": i, "image_id": images[i]["id"]} for i in (0, 2)]
    categories = [{"name": "person", "keypoints": list(KEYPOINTS)}]
    return {
        "images": images, "annotations": annotations, "categories": categories, **changes
    }  # fmt: skip


def written(tmp_path, value):
    path = tmp_path / "video.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "keys", [("annotations", "images", "categories"), ("images", "categories")]
)
def test_arrays_may_stand_in_any_order(file_size, tmp_path, keys):
    whole = document()
    ordered = {key: whole[key] for key in keys} | whole
    assert [len(f) for f in open_tracks(written(tmp_path, ordered))] == [1, 0, 1]


def test_annotations_may_stand_in_any_order(file_size, tmp_path):
    whole = document()
    first, last = whole["annotations"]
    whole["annotations"] = [last, first, {**last, "id": 7, "track_id": 9}]
    frames = list(open_tracks(written(tmp_path, whole)))
    assert [f.track_ids.tolist() for f in frames] == [[0], [], [0, 9]]


def test_image_ids_may_be_of_any_style(file_size, tmp_path):
    whole = document()
    for number, image in enumerate(whole["images"]):
        image["id"] = 90 - number
    for annotation, image in zip(whole["annotations"], (90, 88), strict=True):
        annotation["image_id"] = image
    assert [len(f) for f in open_tracks(written(tmp_path, whole))] == [1, 0, 1]


def test_keypoints_are_found_by_name(tmp_path):
    names = list(reversed(KEYPOINTS))
    numbers = [value for i in range(17) for value in (i + 1, 0, 1)]
    whole = document(categories=[{"name": "person", "keypoints": names}])
    for annotation in whole["annotations"]:
        annotation |= {"keypoints": numbers, "scores": list(range(17))}
    first = next(iter(open_tracks(written(tmp_path, whole))))
    nose = POSETRACK_15.keypoints.index("nose")
    assert first.keypoints[0, nose].tolist() == [17, 0]
    assert first.keypoint_scores[0, nose] == 16


def test_only_three_zeros_are_no_keypoint(tmp_path):
    whole = document()
    whole["annotations"][0]["keypoints"] = [0, 0, 1] * 8 + [3, 0, 0] * 8 + [0, 0, 0]
    first = next(iter(open_tracks(written(tmp_path, whole))))
    assert (first.labels > 0).sum() == 14  # right_ankle, the last, is not there


def test_one_polygon_needs_no_list_of_polygons(tmp_path):
    whole = document()
    whole["images"][0] |= {"ignore_regions_x": [0, 5, 5], "ignore_regions_y": [0, 0, 5]}
    first = next(iter(open_tracks(written(tmp_path, whole))))
    assert [polygon.tolist() for polygon in first.ignore_regions] == [[[0, 0], [5, 0], [5, 5]]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": []}, "images is missing"),
        ({"categories": []}, "categories is missing"),
        (
            {"categories": [{"keypoints": list(COCO_17.keypoints)}]},
            r"categories\[0\]: PoseTrack's keypoint 'head_bottom' is not among",
        ),
        ({"images": [{"id": 1}, {"id": 1}]}, "images: there are two with id 1"),
        ({"images": [{"id": 1}]}, "one has image_id 10003420000, and no image has that id"),
        ({"annotations": [{"id": 1}]}, r"annotations\[0\]: image_id is missing"),
        (
            {"annotations": [{"image_id": 10003420000, "keypoints": [1, 2, 3]}]},
            r"annotations\[0\]: keypoints must be 51 numbers, got 3",
        ),
        ({"annotations": [{"image_id": 10003420000}]}, r"annotations\[0\]: keypoints is missing"),
        ({"annotations": {"id": 1}}, "annotations must be an array"),
        ({"annotations": [{"image_id": 1 << 64}]}, "image_id must be a whole number, got 1844"),
        ({"categories": [{"keypoints": 17}]}, "keypoints must be an array, got 17"),
        (
            {"images": [{"id": 1, "ignore_regions_x": 3, "ignore_regions_y": [1]}]},
            r"images\[0\]: ignore_regions_x must be an array, got 3",
        ),
        (
            {"images": [{"id": 1, "ignore_regions_x": [[0], 3], "ignore_regions_y": [[0], 3]}]},
            r"images\[0\]: ignore_regions_x must be polygons",
        ),
    ],
)
def test_posetrack18_that_contradicts_itself_is_refused(tmp_path, change, message):
    with pytest.raises(ResultFileError, match=rf"video\.json: .*{message}"):
        list(open_tracks(written(tmp_path, document(**change))))


def point(keypoint, **changes):
    return {"id": [keypoint], "x": [1], "y": [2], **changes}


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([point(0), point(0)], r"point\[1\]: right_ankle is there twice"),
        ([point(15)], "id must be one of the keypoints 0 to 14, got 15"),
        ([{"id": [0], "x": [1]}], "x and y must be finite numbers"),
        ([point(0, x=["a"])], "x must be a number, got 'a'"),
        ("none", "annopoints must hold an array of points"),
    ],
)
def test_posetrack17_that_contradicts_itself_is_refused(tmp_path, points, message):
    person = {"track_id": [1], "annopoints": [{"point": points}]}
    path = written(tmp_path, {"annolist": [{"annorect": [person]}]})
    with pytest.raises(ResultFileError, match=rf"annolist\[0\]\.annorect\[0\].*{message}"):
        list(open_tracks(path))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"annorect": 3}, "annorect must be an array, got 3"),
        ({"annorect": [{"track_id": [1.5]}]}, "track_id must be a whole number, got 1.5"),
        ({"annorect": [{"x1": [10**400]}]}, "x1 must be a number, got 1000"),
        ({"ignore_regions": 3}, "ignore_regions must be an array, got 3"),
        ({"ignore_regions": [{"point": 3}]}, r"ignore_regions\[0\]: point must be an array, got 3"),
    ],
)
def test_posetrack17_of_other_fields_is_refused(tmp_path, frame, message):
    path = written(tmp_path, {"annolist": [frame]})
    with pytest.raises(ResultFileError, match=rf"annolist\[0\].*{message}"):
        list(open_tracks(path))


def test_posetrack17_without_people_has_its_forms(tmp_path):
    frames = [{}, {"annorect": []}, {"annorect": [{"track_id": [3], "annopoints": []}]},
              {"annorect": [], "is_labeled": [0]}]  # fmt: skip
    back = list(open_tracks(written(tmp_path, {"annolist": frames})))
    assert [len(f) for f in back] == [0, 0, 1, 0]
    assert [f.labelled for f in back] == [True, True, True, False]


@pytest.mark.parametrize(
    ("annopoints", "ignored"), [([], True), ([{}], True), ([{"point": []}], False)]
)
def test_posetrack17_people_without_points_have_a_place_for_them_or_none(
    tmp_path, annopoints, ignored
):
    person = {"track_id": [3], "annopoints": annopoints}
    path = written(tmp_path, {"annolist": [{"annorect": [person]}]})
    for _ in range(2):
        (only,) = open_tracks(path)
        assert (only.labels.any(), only.ignored.tolist()) == (False, [ignored])
        write_posetrack17(path, [only])


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    path = write(tmp_path / "video.json", "posetrack18", some_frames())
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index('"images"') - 100], encoding="utf-8")
    with pytest.raises(ResultFileError, match=r"video\.json: at annotations\[\d\]: the file ends"):
        open_tracks(path)


@pytest.mark.parametrize("text", ["[]", "{}", '{"a": []}'])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ResultFileError, match="neither PoseTrack17"):
        open_tracks(path)


def test_a_failed_write_leaves_nothing(tmp_path):
    for layout in LAYOUTS:
        bad = replace(frame({1: 100}), keypoints=np.full((1, 15, 2), np.nan))
        with pytest.raises(ValueError, match="JSON"):
            write(tmp_path / "video.json", layout, [bad])
    assert list(tmp_path.iterdir()) == []


# ---- native records


def record(path, skeleton, poses, *, end=True):
    header = {"skeleton": {"keypoints": list(skeleton.keypoints)}}
    with PosesWriter(path, header) as writer:
        for item in map(make_frame, range(len(poses))):
            writer.write(item, poses[item.index])
        if end:
            writer.end(len(poses))
    return path


def tracked(ids, states):
    poses = people([100 * i for i in ids])
    return replace(
        poses, track_ids=np.array(ids, np.int64), track_states=np.array(states, np.uint8)
    )


def test_a_record_is_read_like_its_posetrack18_file(tmp_path):
    poses = [tracked([1, 2], [TrackState.CONFIRMED] * 2), tracked([], [])]
    native = open_tracks(record(tmp_path / "poses.jsonl", COCO_17, poses))
    writer = PoseTrack18Writer(tmp_path / "a.posetrack18.json", COCO_17)
    for item in map(make_frame, range(2)):
        writer.write(item, poses[item.index])
    writer.close(True)
    other = open_tracks(tmp_path / "a.posetrack18.json")
    for a, b in zip(native, other, strict=True):
        np.testing.assert_array_equal(a.labels, b.labels)
        np.testing.assert_array_equal(a.track_ids, b.track_ids)
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=0.02)  # two decimals
        np.testing.assert_allclose(
            a.keypoint_scores[a.labels > 0], b.keypoint_scores[b.labels > 0], atol=1e-3
        )


def test_only_confirmed_tracks_of_a_record_count(tmp_path):
    poses = [tracked([1, 2], [TrackState.CONFIRMED, TrackState.TENTATIVE])]
    (only,) = open_tracks(record(tmp_path / "poses.jsonl", COCO_17, poses))
    assert only.track_ids.tolist() == [1]


def test_a_record_of_a_damaged_video_is_read(tmp_path):
    path = record(tmp_path / "poses.jsonl", COCO_17, [tracked([1], [2])])
    path.write_text(path.read_text().replace('"complete"', '"damaged"'))
    assert [len(frame) for frame in open_tracks(path)] == [1]


def test_unfinished_records_and_other_skeletons_are_refused(tmp_path):
    path = record(tmp_path / "poses.jsonl", COCO_17, [tracked([1], [2])], end=False)
    with pytest.raises(ResultFileError, match="the run did not reach its end"):
        open_tracks(path)
    path.write_text(
        json.dumps({"posetrack": 1, "skeleton": {"keypoints": list(MPII_16.keypoints)}})
        + '\n{"end": {"frames": 0, "reason": "complete"}}\n',
        encoding="utf-8",
    )
    with pytest.raises(ResultFileError, match="the record must have the skeleton 'coco-17'"):
        open_tracks(path)
