"""MPII's MATLAB files: round trips, both layouts, and what contradicts itself."""

import numpy as np
import pytest
from posetrack.formats import AnnotatedImages, read_mpii, read_mpii_predictions, write_mpii
from posetrack.structures import COCO_17, MPII_16, Annotations, ResultFileError
from scipy.io import savemat

RNG = np.random.default_rng(2)


def image(name, people):
    labels = RNG.choice([0, 1, 2], (people, 16))
    labels[:, 0] = 2
    return Annotations.of(
        np.where(labels[..., None] > 0, RNG.uniform(0, 500, (people, 16, 2)), 0),
        labels,
        head_boxes=np.tile([10.0, 20, 40, 60], (people, 1)),
        image_id=int(name),
        file_name=f"{name}.jpg",
    )


@pytest.mark.parametrize("people", [(1,), (2, 0, 1), (3, 2)])
def test_annotations_come_back_as_they_were_written(tmp_path, people):
    path = tmp_path / "mpii.mat"
    images = [image(f"{number:09d}", count) for number, count in enumerate(people, start=5)]
    write_mpii(path, AnnotatedImages(path, MPII_16, images))
    back = read_mpii(path)
    assert back.skeleton is MPII_16
    for before, after in zip(images, back.images, strict=True):
        np.testing.assert_allclose(after.keypoints, before.keypoints, atol=1e-9)
        np.testing.assert_array_equal(after.labels, before.labels)
        np.testing.assert_allclose(after.head_boxes, before.head_boxes)
        assert (after.image_id, after.file_name) == (before.image_id, before.file_name)


def release(**person):
    point = np.array([(3.0, 4.0, 9)], [("x", object), ("y", object), ("id", object)])
    whole = {"x1": 1.0, "y1": 1.0, "x2": 4.0, "y2": 5.0, "annopoints": {"point": point}} | person
    rect = {name: value for name, value in whole.items() if value is not None}
    return {"RELEASE": {"annolist": {"image": {"name": "000000001.jpg"}, "annorect": rect}}}


def written(tmp_path, content):
    path = tmp_path / "mpii.mat"
    savemat(path, content)
    return path


def test_matlab_counts_pixels_from_one(tmp_path):
    (only,) = read_mpii(written(tmp_path, release())).images
    head_top = MPII_16.keypoints.index("head_top")
    assert only.keypoints[0, head_top].tolist() == [2, 3]
    assert only.head_boxes.tolist() == [[0, 0, 3, 4]]
    assert only.labels.sum() == only.labels[0, head_top] == 2


def test_a_person_without_points_is_left_out(tmp_path):
    (only,) = read_mpii(written(tmp_path, release(annopoints=None))).images
    assert len(only) == 0


def arrays(count=2):
    return {
        "pos_gt_src": RNG.uniform(1, 99, (16, 2, count)),
        "headboxes_src": np.tile(np.array([[1.0, 2], [4, 6]])[..., None], count),
        "jnt_missing": np.zeros((16, count)),
    }


def test_arrays_of_the_validation_set_are_read(tmp_path):
    content = arrays()
    content["jnt_missing"][3, 1] = 1
    images = read_mpii(written(tmp_path, content)).images
    assert [image.image_id for image in images] == [1, 2]
    np.testing.assert_allclose(images[1].keypoints[0], content["pos_gt_src"][..., 1] - 1)
    assert images[0].head_boxes.tolist() == [[0, 1, 3, 5]]
    assert (images[1].labels == 0).nonzero()[1].tolist() == [3]


def test_predictions_go_with_people_in_order(tmp_path):
    truth = read_mpii(written(tmp_path, arrays()))
    preds = RNG.uniform(1, 99, (2, 16, 2))
    path = tmp_path / "pred.mat"
    savemat(path, {"preds": preds})
    images = read_mpii_predictions(path, truth).images
    np.testing.assert_allclose(images[1].keypoints[0], preds[1] - 1)
    savemat(path, {"preds": preds[:1]})
    with pytest.raises(ResultFileError, match=r"pred\.mat: preds must have shape \(2, 16, 2\)"):
        read_mpii_predictions(path, truth)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"other": 1}, "must hold RELEASE, or pos_gt_src, headboxes_src and jnt_missing"),
        ({"RELEASE": {"act": 1}}, "RELEASE.annolist is missing or empty"),
        (release(x2=None), r"annolist\(1\)\.annorect\(1\): x2 must be a number"),
        (
            release(annopoints={"point": {"x": 1.0, "y": 1.0, "id": 16}}),
            "a point has id 16, which must be 0 to 15",
        ),
        (release(annopoints={"point": {"x": 1.0, "id": 3}}), "y must be a number, got None"),
        ({**arrays(), "jnt_missing": np.zeros((16, 3))}, r"jnt_missing must have shape \(16, 2\)"),
    ],
)
def test_files_that_contradict_themselves_are_refused(tmp_path, content, message):
    with pytest.raises(ResultFileError, match=rf"mpii\.mat.*{message}"):
        read_mpii(written(tmp_path, content))


@pytest.mark.parametrize("end", [0, 100, -40])
def test_a_file_that_was_cut_off_is_refused(tmp_path, end):
    path = written(tmp_path, release())
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ResultFileError, match=r"mpii\.mat"):
        read_mpii(path)


def test_another_skeleton_is_refused(tmp_path):
    with pytest.raises(ValueError, match="MPII files need the skeleton 'mpii-16', got 'coco-17'"):
        write_mpii(tmp_path / "a.mat", AnnotatedImages(tmp_path, COCO_17, []))
    assert list(tmp_path.iterdir()) == []
