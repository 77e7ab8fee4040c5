"""From an image and boxes to poses in one call, for every top-down family."""

import re
from dataclasses import replace

import numpy as np
import pytest
from factories import make_spec
from posetrack.engine import TopDownEngine
from posetrack.engine.top_down import TOP_DOWN
from posetrack.structures import DecoderSpec, HeadSpec, InputSizing, ModelFileError

CROP = (256, 192)
IMAGE = np.zeros((300, 400, 3), np.uint8)
BOXES = np.float32([[50, 50, 200, 250], [250, 50, 340, 170]])
# Where the fake networks see every keypoint, in shares of the crop.
PLACE = np.float32([0.25, 0.5])
KINDS = {
    "simple-baseline": ({}, (("heatmap", "heatmap", 17, 4),), "corner"),
    "ogn": (
        {"radius": 3.125},
        (("heatmap", "heatmap", 17, 8), ("offset", "vector", 34, 8)),
        "half-pixel",
    ),
    "integral": (
        {"method": "i*", "depth_mm": 2000.0},
        (("volume", "volume", 17 * 64, 4), ("coordinates", "coordinates", 51, 1)),
        "corner",
    ),
}


def spec_of(family):
    options, heads, origin = KINDS[family]
    return make_spec(
        family=family,
        name=f"{family}-test",
        sizing=InputSizing(size=192, rule="crop", convention="hrnet-affine", crop=CROP),
        heads=tuple(HeadSpec(*head) for head in heads),
        decoder=DecoderSpec(family, options),
        cell_origin=origin,
        flip="around",
        flip_shift=4 if family == "simple-baseline" else 0,
        flip_fill="keep",
    )


class FakeNetwork:
    """Sees every keypoint at PLACE of a crop; where the crop is bright, more surely."""

    backend, device, precision, inputs = "fake", "cpu", "fp32", ("image",)

    def __init__(self, spec):
        self.spec_json = spec.to_json()
        self.outputs = tuple(head.name for head in spec.heads)
        self.heads = {head.name: head for head in spec.heads}
        self.batches, self.closed = [], False

    def run(self, arrays):
        (crops,) = arrays.values()
        self.batches.append(crops)
        return {name: self.head(head, crops) for name, head in self.heads.items()}

    def head(self, head, crops):
        count, (height, width) = len(crops), np.array(CROP) // head.stride
        if head.kind == "coordinates":
            return np.tile(np.float32([*(PLACE - 0.5), 0.1]), (count, 17, 1))
        if head.kind == "volume":
            return np.zeros((count, 17, 2, 2, 2), np.float32)
        maps = np.zeros((count, head.channels, height, width), np.float32)
        if head.kind == "heatmap":
            value = 0.5 + crops.max(axis=(1, 2, 3)) / 1000
            x, y = (PLACE * (width, height)).astype(int)
            maps[:, :, y, x] = value[:, None]
        return maps

    def close(self):
        self.closed = True


def expected_place(family, box):
    """PLACE of the padded box, in the image."""
    low, high = box[:2], box[2:]
    center, size = (low + high) / 2, high - low
    size = np.array([max(size[0], size[1] * 0.75), max(size[1], size[0] / 0.75)]) * 1.25
    if family == "ogn":  # the middle of the cell
        return center + size * (PLACE - 0.5 + (0.5 * 8 - 0.5) / np.array(CROP[::-1]))
    return center + size * (PLACE - 0.5)


def test_every_family_is_tried_here():
    assert KINDS.keys() == TOP_DOWN.keys()


@pytest.mark.parametrize("family", TOP_DOWN)
def test_one_call_goes_from_boxes_to_poses(family):
    with TopDownEngine(FakeNetwork(spec_of(family))) as engine:
        poses = engine(IMAGE, BOXES, np.float32([0.5, 1.0]))
    assert len(poses) == 2
    np.testing.assert_array_equal(poses.boxes, BOXES[[1, 0]])  # the better one first
    for row, box in enumerate(poses.boxes):
        place = np.broadcast_to(expected_place(family, box), (17, 2))
        # a quarter of a cell is what SimpleBaseline moves a peak without neighbours by: not at all
        np.testing.assert_allclose(poses.keypoints[row], place, rtol=0, atol=0.01)
    assert (poses.depth_mm is not None) == (family == "integral")
    if poses.depth_mm is not None:
        np.testing.assert_allclose(poses.depth_mm, 200, rtol=1e-5)


@pytest.mark.parametrize("family", TOP_DOWN)
def test_flip_test_runs_the_flipped_crops_too(family):
    session = FakeNetwork(spec_of(family))
    image = np.random.default_rng(0).integers(0, 256, IMAGE.shape, np.uint8)
    TopDownEngine(session, flip_test=True)(image, BOXES)
    (crops,) = session.batches
    assert crops.shape == (4, *CROP, 3)
    np.testing.assert_array_equal(crops[2:], crops[:2, :, ::-1])


def test_nobody_gives_no_poses_and_runs_nothing():
    session = FakeNetwork(spec_of("ogn"))
    poses = TopDownEngine(session)(IMAGE, np.zeros((0, 4)))
    assert (len(poses), session.batches) == (0, [])
    assert poses.keypoints.shape == (0, 17, 2)


def test_many_people_go_through_a_few_at_a_time():
    session = FakeNetwork(spec_of("integral"))
    boxes = np.tile(BOXES[:1], (40, 1)) + np.arange(40)[:, None]
    assert len(TopDownEngine(session)(IMAGE, boxes)) == 40
    assert [len(batch) for batch in session.batches] == [16, 16, 8]


@pytest.mark.parametrize(
    ("image", "boxes", "scores", "kind", "message"),
    [
        (IMAGE[..., 0], BOXES, None, ValueError, "image must have shape (any, any, 3)"),
        (IMAGE / 2, BOXES, None, TypeError, "image must be uint8, got float64"),
        (IMAGE, BOXES[:, :3], None, ValueError, "boxes must have shape (N, 4), got (2, 3)"),
        (IMAGE, BOXES, [1.0], ValueError, "scores must have shape (2,), got (1,)"),
    ],
)
def test_wrong_arrays_are_refused_by_name(image, boxes, scores, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        TopDownEngine(FakeNetwork(spec_of("ogn")))(image, boxes, scores)


def test_model_for_whole_images_is_refused_with_what_runs_it():
    spec = replace(spec_of("ogn"), decoder=DecoderSpec("dekr"))
    with pytest.raises(ValueError, match=r"must be one of simple-baseline.*: use a PoseEngine"):
        TopDownEngine(FakeNetwork(spec))


def test_model_that_lacks_a_head_or_a_crop_is_refused():
    session = FakeNetwork(spec_of("ogn"))
    session.outputs = ("heatmap",)
    with pytest.raises(ModelFileError, match=r"lacks the outputs \['offset'\]"):
        TopDownEngine(session)
    spec = replace(spec_of("ogn"), sizing=InputSizing(rule="crop"))
    with pytest.raises(ValueError, match=r"sizing\.crop is missing"):
        TopDownEngine(FakeNetwork(spec))


def test_engine_closes_its_session():
    session = FakeNetwork(spec_of("ogn"))
    with TopDownEngine(session):
        assert not session.closed
    assert session.closed
