"""COCO, CrowdPose and OCHuman: round trips, and what contradicts itself."""

import copy
import json

import numpy as np
import pytest
from posetrack.formats import (
    AnnotatedImages,
    read_coco,
    read_coco_results,
    write_coco,
    write_coco_results,
)
from posetrack.structures import COCO_17, CROWDPOSE_14, Annotations, ResultFileError
from pycocotools.coco import COCO

PERSON = [10.0, 20.0, 2.0] * 16 + [0, 0, 0]
TRUTH = {
    "images": [{"id": 5, "file_name": "5.jpg"}, {"id": 3, "file_name": "3.jpg"}],
    "annotations": [
        {
            "id": 1, "image_id": 3, "category_id": 1, "keypoints": PERSON, "num_keypoints": 16,
            "bbox": [1, 2, 30, 40], "area": 600.5, "iscrowd": 0,
        },
        {"id": 2, "image_id": 3, "category_id": 1, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 1},
    ],
    "categories": [{"id": 1, "name": "person", "keypoints": list(COCO_17.keypoints)}],
}  # fmt: skip
POSE = {"image_id": 3, "category_id": 1, "keypoints": [1.5, 2.5, 0.5] * 17, "score": 0.75}


def written(tmp_path, document):
    path = tmp_path / "file.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_ground_truth_is_read(tmp_path):
    truth = read_coco(written(tmp_path, TRUTH))
    assert truth.skeleton is COCO_17
    assert [image.image_id for image in truth.images] == [5, 3]
    nobody, people = truth.images
    assert (len(nobody), nobody.file_name) == (0, "5.jpg")
    assert people.labels.sum(axis=1).tolist() == [32, 0]
    assert people.boxes[0].tolist() == [1, 2, 31, 42]
    assert people.areas.tolist() == [600.5, 81]
    assert people.crowd.tolist() == [False, True]
    assert people.ignored.tolist() == [False, True]


@pytest.mark.parametrize("skeleton", [COCO_17, CROWDPOSE_14])
def test_ground_truth_comes_back_as_it_was_written(tmp_path, skeleton, capsys):
    rng = np.random.default_rng(1)
    k = len(skeleton)
    labels = rng.integers(0, 3, (2, k))
    image = Annotations.of(
        np.where(labels[..., None] > 0, rng.uniform(0, 99, (2, k, 2)), 0),
        labels,
        boxes=[[1, 2, 3, 4], [5, 6, 9, 9]],
        areas=[7.5, 8.5],
        crowd=[False, True],
        image_id=12,
        file_name="12.jpg",
        crowd_index=0.25,
    )
    path = tmp_path / "truth.json"
    write_coco(path, AnnotatedImages(path, skeleton, [image]))
    back = read_coco(path)
    assert back.skeleton is skeleton
    for name in ("keypoints", "labels", "boxes", "areas", "crowd", "crowd_index", "file_name"):
        np.testing.assert_array_equal(getattr(back.images[0], name), getattr(image, name))
    assert len(COCO(str(path)).anns) == 2
    capsys.readouterr()


def test_results_come_back_as_they_were_written(tmp_path):
    path = tmp_path / "results.json"
    image = Annotations.of(
        [[[1.25, 2.5]] * 17], [[2] * 16 + [0]], keypoint_scores=[[0.5] * 17], scores=[0.75],
        boxes=[[1, 2, 3, 4]], image_id=4,
    )  # fmt: skip
    write_coco_results(path, AnnotatedImages(path, COCO_17, [image]))
    (back,) = read_coco_results(path, COCO_17).images
    assert back.image_id == 4
    assert back.scores.tolist() == [0.75]
    assert back.labels.tolist() == image.labels.tolist()
    assert back.keypoints[0, 0].tolist() == [1.25, 2.5]
    assert back.boxes.tolist() == [[1, 2, 3, 4]]


def test_results_of_an_image_may_lie_apart(tmp_path):
    other = {**POSE, "image_id": 5}
    images = read_coco_results(written(tmp_path, [POSE, other, POSE]), COCO_17).images
    assert [(image.image_id, len(image)) for image in images] == [(3, 2), (5, 1)]


@pytest.mark.data
def test_crowdpose_has_its_crowd_index_and_no_areas(shared):
    truth = read_coco(shared / "data/mmpose_samples/crowdpose/test_crowdpose.json")
    assert truth.skeleton is CROWDPOSE_14
    assert [image.crowd_index for image in truth.images] == [0.33, 0.39]
    assert all(np.isnan(image.areas).all() for image in truth.images)


@pytest.mark.data
def test_ochuman_is_read_as_coco(shared):
    truth = read_coco(shared / "data/mmpose_samples/ochuman/test_ochuman.json")
    assert truth.skeleton is COCO_17
    assert [len(image) for image in truth.images] == [1, 2, 2]


def changed(change):
    document = copy.deepcopy(TRUTH)
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("images"), "images is missing: this is no COCO ground truth"),
        (lambda d: d.update(images={}), "images must be an array"),
        (lambda d: d["images"].append({"id": 5}), r"images\[2\]: there are two images with id 5"),
        (lambda d: d["images"][0].pop("id"), r"images\[0\]: id is missing"),
        (lambda d: d["annotations"][0].update(image_id=7), r"annotations\[0\]: there is no image"),
        (lambda d: d["annotations"][1].update(id=1), "two annotations with id 1"),
        (
            lambda d: d["annotations"][0].update(keypoints=[1] * 42),
            "keypoints must be 51 numbers.*got 42: is this another skeleton",
        ),
        (
            lambda d: d["annotations"][0].update(keypoints=[1, 1, 3] * 17),
            "the third number of a keypoint must be 0, 1 or 2",
        ),
        (
            lambda d: d["annotations"][0].update(keypoints=[1, 1, 1e300] * 17),
            "keypoints must be finite numbers",
        ),
        (
            lambda d: d["annotations"][0].update(num_keypoints=17),
            "num_keypoints is 17, but 16 keypoints are labelled",
        ),
        (
            lambda d: d["annotations"][0].update(num_keypoints="16"),
            "num_keypoints must be a whole number, got '16'",
        ),
        (lambda d: d["annotations"][0].update(image_id=1 << 64), "image_id must be a whole number"),
        (lambda d: d["annotations"][0].update(area=10**400), "area must be a number, got 1000"),
        (
            lambda d: d["annotations"][0].update(bbox=[1, 2, -3, 4]),
            "width and height of at least 0",
        ),
        (lambda d: d["annotations"][0].update(bbox=[1, 2, 3]), "bbox must be 4 numbers, got 3"),
        (lambda d: d["annotations"][0].update(area="big"), "area must be a number, got 'big'"),
        (lambda d: d["categories"][0].pop("keypoints"), "categories: none has a list of keypoints"),
        (lambda d: d["categories"][0].update(keypoints=["nose", "tail"]), "the keypoint 'tail'"),
        (lambda d: d["categories"][0].update(keypoints=["nose", "nose"]), "is named twice"),
    ],
)
def test_ground_truth_that_contradicts_itself_is_refused(tmp_path, change, message):
    with pytest.raises(ResultFileError, match=rf"file\.json: .*{message}"):
        read_coco(written(tmp_path, changed(change)))


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"annotations": [POSE]}, "COCO results must be a JSON array of poses"),
        ([POSE, 3], r"element\[1\]: must be a JSON object, got int"),
        ([{**POSE, "score": None}], r"element\[0\]: score must be a number"),
        ([{**POSE, "image_id": "a"}], "image_id must be a whole number, got 'a'"),
        ([{**POSE, "keypoints": None}], "keypoints must be 51 numbers|keypoints must be a list"),
        ([{"image_id": 1, "score": 1}], "keypoints is missing"),
    ],
)
def test_results_that_are_none_are_refused(tmp_path, results, message):
    with pytest.raises(ResultFileError, match=message):
        read_coco_results(written(tmp_path, results), COCO_17)


def test_people_are_of_the_category_that_the_truth_names(tmp_path):
    document = changed(lambda d: [a.update(category_id=7) for a in d["annotations"]])
    document["categories"][0]["id"] = 7
    truth = read_coco(written(tmp_path, document))
    poses = [{**POSE, "category_id": 7}, {**POSE, "category_id": 1}, POSE]
    del poses[2]["category_id"]
    results = read_coco_results(written(tmp_path, poses), COCO_17, truth.category)
    assert sum(map(len, truth.images)) == sum(map(len, read_coco(written(tmp_path, TRUTH)).images))
    assert sum(map(len, results.images)) == 2


def test_a_failed_write_leaves_nothing(tmp_path):
    path = tmp_path / "truth.json"
    bad = Annotations.of([[[np.nan, 0]] * 17], [[2] * 17])
    with pytest.raises(ValueError, match="JSON"):
        write_coco(path, AnnotatedImages(path, COCO_17, [bad]))
    assert list(tmp_path.iterdir()) == []
