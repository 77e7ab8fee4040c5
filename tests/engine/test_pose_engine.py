"""The engine as a whole: sizes, order, duplicates, coordinates, unusual images."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
from posetrack.engine import DEFAULT_MODEL, EngineOptions, PoseEngine, model_path
from posetrack.engine.pose_engine import STAGES
from posetrack.engine.sessions.onnxruntime import OnnxRuntimeSession
from posetrack.structures import DecoderSpec, ModelFileError, SessionOptions
from tolerances import FLIP_PIXELS, POSE_SCORES

from .hand_made import CHANNELS, FakeSession, Person

COLUMNS = ("keypoints", "keypoint_scores", "scores", "boxes")
BLACK = np.zeros((256, 256, 3), np.uint8)  # the default input as it is


def engine_of(people, spec, nms_oks=None, **options):
    """An engine whose network sees these people: a list, or {short side: list}."""
    seen = people if isinstance(people, dict) else {256: people}
    if nms_oks is not None:
        constants = {**spec.decoder.options, "nms_oks": nms_oks}
        spec = replace(spec, decoder=replace(spec.decoder, options=constants))
    return PoseEngine(FakeSession(seen), spec, EngineOptions(**options))


def middle_x(poses):
    return (poses.boxes[:, 0] + poses.boxes[:, 2]) / 2


def assert_same(poses, expected):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(poses, name), getattr(expected, name), err_msg=name)


# ---- real frames


def test_two_people_are_found_in_a_real_frame(engine, frame):
    poses = engine(frame)
    found = poses[poses.scores > engine.spec.min_score]
    assert len(found) == 2
    # the shoulders lie above the hips, the hips above the knees
    y = found.keypoints[..., 1]
    assert (y[:, [5, 6]] + 20 < y[:, [11, 12]]).all()
    assert (y[:, [11, 12]] + 10 < y[:, [13, 14]]).all()
    # all of it within the frame, give or take a few pixels
    assert (found.keypoints > -10).all()
    assert (found.keypoints < np.float32([490, 280])).all()


def test_poses_come_best_first_and_finite(engine, frame):
    poses = engine(frame)
    assert 2 <= len(poses) <= engine.spec.max_people
    assert (np.diff(poses.scores) <= 0).all()
    for name in COLUMNS:
        assert np.isfinite(getattr(poses, name)).all(), name
    for scores in (poses.scores, poses.keypoint_scores):
        assert (scores >= 0).all()
        assert (scores <= 1).all()
    assert poses.track_ids is None


def test_image_of_twice_the_size_gives_twice_the_coordinates(engine, frame):
    large = cv2.resize(frame, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    poses, doubled = engine(frame)[:2], engine(large)[:2]
    clear = (poses.keypoint_scores > 0.3) & (doubled.keypoint_scores > 0.3)
    assert clear.sum() > 20
    expected = (poses.keypoints + 0.5) * 2 - 0.5
    apart = np.linalg.norm(doubled.keypoints - expected, axis=2)[clear]
    assert np.median(apart) < 1
    assert np.percentile(apart, 90) < 4
    np.testing.assert_allclose(doubled.boxes, (poses.boxes + 0.5) * 2 - 0.5, atol=8)
    np.testing.assert_allclose(doubled.scores, poses.scores, atol=0.03)


def test_image_turned_upright_is_sized_by_its_other_side(engine, frame):
    """The same picture in the corner of an upright image lies where it lay."""
    upright = np.zeros((480, 270, 3), np.uint8)
    upright[:270] = frame[:, 105:375]
    poses, expected = engine(upright), engine(upright[:270])
    strong = expected.keypoint_scores[0] > 0.3
    apart = np.linalg.norm(poses.keypoints[0] - expected.keypoints[0], axis=1)[strong]
    assert np.median(apart) < 3


def test_larger_input_finds_the_same_people(engine, frame):
    double = PoseEngine(engine.session, options=EngineOptions(sizes=(256, 384)))
    poses, expected = double(frame), engine(frame)
    found = poses[poses.scores > engine.spec.min_score]
    assert len(found) == 2
    for middle in middle_x(expected[:2]):
        assert np.abs(middle_x(found) - middle).min() < 15


def test_flip_test_of_the_flipped_picture_finds_the_flipped_people(engine, whole_cells):
    flipping = PoseEngine(engine.session, options=EngineOptions(flip_test=True))
    poses = flipping(whole_cells)[:2]
    flipped = flipping(np.ascontiguousarray(whole_cells[:, ::-1]))[:2]
    boxes = whole_cells.shape[1] - 1 - flipped.boxes[:, [2, 0]]
    np.testing.assert_allclose(boxes, poses.boxes[:, [0, 2]], rtol=0, atol=FLIP_PIXELS)
    np.testing.assert_allclose(flipped.scores, poses.scores, atol=0.02)
    plain = engine(whole_cells)[:2]
    assert np.abs(plain.scores - poses.scores).max() > POSE_SCORES, "nothing was averaged"


def test_many_threads_get_the_poses_of_one(engine, frame):
    images = [frame, frame[:, :300].copy(), frame[50:].copy()]
    expected = [engine(image) for image in images]
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda i: engine(images[i % 3]), range(12)))
    for i, poses in enumerate(results):
        assert_same(poses, expected[i % 3])


# ---- unusual images


@pytest.mark.parametrize("size", [(256, 256), (1, 1), (10, 3000), (3000, 10), (2, 2), (720, 1280)])
@pytest.mark.parametrize("grey", [0, 255])
def test_nobody_is_found_in_a_plain_image(engine, size, grey):
    poses = engine(np.full((*size, 3), grey, np.uint8))
    assert (poses.scores < engine.spec.min_score / 5).all()
    assert len(poses) <= engine.spec.max_people
    for name in COLUMNS:
        assert np.isfinite(getattr(poses, name)).all(), name


@pytest.mark.parametrize(
    ("image", "kind", "message"),
    [
        (np.zeros((0, 5, 3), np.uint8), ValueError, "(any, any, 3) and pixels, got (0, 5, 3)"),
        (np.zeros((5, 5), np.uint8), ValueError, "image must have shape (any, any, 3)"),
        (np.zeros((5, 5, 4), np.uint8), ValueError, "image must have shape (any, any, 3)"),
        (
            np.zeros((1, 5, 5, 3), np.uint8),
            ValueError,
            "and pixels, got (1, 5, 5, 3)",
        ),
        (
            "a.png",
            TypeError,
            "image must be an array (H, W, 3) uint8 RGB, got str: read",
        ),
        (None, TypeError, "image must be an array (H, W, 3) uint8 RGB, got NoneType"),
        (np.zeros((5, 5, 3)), TypeError, "image must be uint8, got float64"),
    ],
)
def test_what_is_no_image_is_refused(engine, image, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        engine(image)


def test_views_are_taken_as_what_they_show(engine, frame):
    view = np.ascontiguousarray(frame[..., ::-1])[..., ::-1]
    assert not view.flags.c_contiguous
    assert_same(engine(view), engine(frame))
    part = frame[20:200, 30:300]
    assert_same(engine(part), engine(part.copy()))


# ---- coordinates, exactly


@pytest.mark.parametrize(
    ("height", "width", "scale"),
    [(256, 256, 1.0), (128, 128, 2.0), (512, 512, 0.5), (720, 1280, 0.35), (480, 640, 256 / 480)],
)
def test_places_in_the_input_go_back_to_the_image(spec, height, width, scale):
    person = Person(100, 120, 100)
    poses = engine_of([person], spec)(np.zeros((height, width, 3), np.uint8))
    expected = (person.box + 0.5) / scale - 0.5
    np.testing.assert_allclose(poses.boxes, expected[None], rtol=1e-5, atol=1e-3)
    # the right shoulder is drawn with a cell of its own
    place = (person.keypoints[6] + 0.5) / scale - 0.5
    assert np.linalg.norm(poses.keypoints[0, 6] - place) < 4 / scale


def test_network_gets_the_sized_image_with_a_black_border(spec):
    session = FakeSession({256: []})
    white = np.full((480, 640, 3), 255, np.uint8)
    PoseEngine(session, spec)(white)
    (image,) = session.images
    assert image.shape == (1, 256, 352, 3)
    assert (image[:, :, :341] == 255).all()
    assert (image[:, :, 342:] == 0).all()


def test_flip_test_sends_the_image_and_its_flip(spec):
    session = FakeSession({256: []})
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    PoseEngine(session, spec, EngineOptions(flip_test=True))(picture)
    (pair,) = session.images
    np.testing.assert_array_equal(pair, np.stack((picture, picture[:, ::-1])))


def test_scales_are_for_models_that_define_a_multi_scale_test(spec):
    message = f"{spec.name} has no multi-scale test: use several sizes, such as 256,512"
    with pytest.raises(ValueError, match=re.escape(message)):
        engine_of([], spec, scales=(2.0, 1.0))


@pytest.mark.parametrize(
    "scales", [(), (0.5, 2.0), (1.0, 1.0), (1.0, 0.0), (1.0, -2.0), (1.0, 9.0)]
)
def test_scales_are_positive_and_hold_1(spec, scales):
    with pytest.raises(ValueError, match="scales must be numbers up to 8, each once, with 1"):
        engine_of([], spec, scales=scales)


def test_flip_test_that_belongs_inside_the_file_is_not_made_around_it(spec):
    inside = replace(spec, flip="inside", flip_shift=3)
    with pytest.raises(ValueError, match="export it with `posetrack export --flip-test`"):
        engine_of([], inside, flip_test=True)
    session = FakeSession({256: []})
    done = replace(inside, flip="done")
    PoseEngine(session, done, EngineOptions(flip_test=True))(BLACK)
    assert session.images[0].shape == (1, 256, 256, 3), "the graph flips by itself"


# ---- people, duplicates, order


def test_of_two_poses_that_are_alike_the_better_stays(spec):
    people = [Person(80, 120, 180, 0.6), Person(92, 120, 180, 0.9), Person(200, 120, 90, 0.7)]
    poses = engine_of(people, spec, nms_oks=0.4)(BLACK)
    np.testing.assert_allclose(middle_x(poses), [92, 200], atol=0.01)
    everyone = engine_of(people, spec, nms_oks=1.0)(BLACK)
    np.testing.assert_allclose(middle_x(everyone), [92, 200, 80], atol=0.01)


def test_people_side_by_side_all_stay(spec):
    people = [Person(40 + 60 * i, 120, 90, 0.5 + 0.1 * i) for i in range(4)]
    poses = engine_of(people, spec)(BLACK)
    np.testing.assert_allclose(middle_x(poses), [220, 160, 100, 40], atol=0.01)


def test_at_most_max_people_the_best(spec):
    people = [Person(40 + 60 * i, 120, 90, 0.5 + 0.1 * i) for i in range(4)]
    poses = engine_of(people, spec, max_people=2)(BLACK)
    np.testing.assert_allclose(middle_x(poses), [220, 160], atol=0.01)
    with pytest.raises(ValueError, match="max_people must be 1 to 1000, got 0"):
        engine_of(people, spec, max_people=0)


def test_nobody_gives_poses_without_rows(spec):
    for sizes in ((256,), (256, 512)):
        poses = engine_of({256: [], 512: []}, spec, sizes=sizes)(BLACK)
        assert len(poses) == 0
        assert poses.keypoints.shape == (0, 17, 2)


# ---- several sizes


def seen_at(size, *people):
    """People of a 256 x 256 image as an input of this size shows them."""
    s = size / 256
    return [
        replace(p, x=(p.x + 0.5) * s - 0.5, y=(p.y + 0.5) * s - 0.5, height=p.height * s)
        for p in people
    ]


def test_each_person_is_taken_from_the_size_that_shows_it_best(spec):
    # boxes of 0.632 x height: the boundary of 88 image pixels lies at a height of 139
    tall, short = Person(60, 130, 160, 0.8), Person(200, 120, 100, 0.8)
    people = {
        256: [replace(p, keypoint_score=0.5) for p in (tall, short)],
        512: [replace(p, keypoint_score=0.9) for p in seen_at(512, tall, short)],
    }
    poses = engine_of(people, spec, sizes=(256, 512))(BLACK)
    assert len(poses) == 2
    np.testing.assert_allclose(middle_x(poses), [200, 60], atol=0.01)
    np.testing.assert_allclose(poses.keypoint_scores[0, 6], 0.9, atol=0.05)
    np.testing.assert_allclose(poses.keypoint_scores[1, 6], 0.5, atol=0.05)
    np.testing.assert_allclose(poses.boxes[0], short.box, atol=0.01)
    np.testing.assert_allclose(poses.boxes[1], tall.box, atol=0.01)


def test_person_that_both_sizes_report_comes_once(spec):
    # as the network measures it: a little larger at one size, a little smaller at the other
    seen = {256: [Person(120, 130, 142, 0.7)], 512: seen_at(512, Person(122, 131, 136, 0.9))}
    poses = engine_of(seen, spec, sizes=(256, 512))(BLACK)
    np.testing.assert_allclose(middle_x(poses), [122], atol=0.01)
    assert len(engine_of(seen, spec, sizes=(256, 512), nms_oks=1.0)(BLACK)) == 2


@pytest.mark.parametrize("size", [(360, 640), (333, 500), (500, 333), (97, 100), (10, 300)])
@pytest.mark.parametrize("sizes", [(192, 384), (200, 390), (250, 256)])
def test_nobody_falls_between_two_sizes(spec, size, sizes):
    """Inputs are rounded to multiples of 32, so their scales are not quite those asked for."""
    scales = [spec.sizing.transform(size, s).scale for s in sizes]
    inputs = [min(spec.sizing.transform(size, s).input_size) for s in sizes]
    boundary = (112 + sizes[1] / 8) / scales[1]  # image pixels
    for nudge in (0.97, 0.99, 1.01, 1.03):
        height = boundary * nudge / np.sqrt(0.4)
        seen = {
            short: [Person(90, 90, height * s)] for short, s in zip(inputs, scales, strict=True)
        }
        poses = engine_of(seen, spec, sizes=sizes)(np.zeros((*size, 3), np.uint8))
        assert len(poses) == 1, nudge


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((512, 256), "sizes must ascend, got '512,256'"),
        ((256, 256), "sizes must ascend, got '256,256'"),
        ((0,), "sizes must be pixels up to 4096 such as 256 or 256,512, got '0'"),
        ((-32, 256), "sizes must be pixels up to 4096 such as 256 or 256,512, got '-32,256'"),
        ((256, 5000), "sizes must be pixels up to 4096 such as 256 or 256,512, got '256,5000'"),
    ],
)
def test_sizes_are_pixels_and_ascend(spec, sizes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        engine_of([], spec, sizes=sizes)


def test_without_sizes_the_models_own_is_taken(spec):
    assert engine_of([], spec).sizes == (256,)
    session = FakeSession({320: []})
    PoseEngine(session, replace(spec, sizing=replace(spec.sizing, size=320)))(BLACK)
    assert session.images[0].shape == (1, 320, 320, 3)


# ---- loading and closing


def test_stages_are_timed(engine, frame):
    poses, seconds = engine.run_timed(frame)
    assert_same(poses, engine(frame))
    assert tuple(seconds) == STAGES
    assert all(value > 0 for value in seconds.values())


def test_spec_is_read_from_the_model(spec):
    session = FakeSession({}, spec.to_json())
    assert PoseEngine(session).spec == spec
    assert PoseEngine(session, replace(spec, name="mine")).spec.name == "mine"


def test_model_without_spec_is_refused_with_what_to_do():
    message = "the model file does not say how to run it: export it with `posetrack export`"
    with pytest.raises(ValueError, match=re.escape(message)):
        PoseEngine(FakeSession({}))


def test_model_that_lacks_a_head_is_refused(spec):
    session = FakeSession({})
    session.outputs = tuple(name for name in CHANNELS if name != "offset")
    with pytest.raises(ValueError, match=re.escape("lacks the outputs ['offset'] that its spec")):
        PoseEngine(session, spec)


def test_unknown_decoder_is_refused_with_the_choice(spec):
    other = replace(spec, decoder=DecoderSpec("openpose"))
    message = r"decoder of movenet-multipose must be one of movenet, .*, got 'openpose'"
    with pytest.raises(ModelFileError, match=message):
        PoseEngine(FakeSession({}), other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder": DecoderSpec("movenet", {"colour": 3})}, "decoder options of .*colour"),
        ({"decoder": DecoderSpec("movenet", {"rule": "mine"})}, "rule must be 'adaptive' or"),
        ({"cell_origin": "half-pixel"}, "cell_origin of a MoveNet must be 'corner'"),
    ],
)
def test_spec_that_its_decoder_finds_wrong_is_a_bad_model_file(spec, change, message):
    with pytest.raises(ModelFileError, match=message):
        PoseEngine(FakeSession({}), replace(spec, **change))


def test_engine_closes_its_session(spec):
    with engine_of([], spec) as engine:
        assert not engine.session.closed
    assert engine.session.closed


def test_model_is_found_by_its_name_or_its_path():
    path = model_path(DEFAULT_MODEL)
    assert path.name == "movenet-multipose.onnx"
    assert model_path(path) == path
    assert model_path(str(path)) == path


def test_unknown_model_is_refused_with_those_that_ship():
    message = "there is no model file hrnet; models that ship: movenet-multipose"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        PoseEngine.load("hrnet")


def test_max_people_ranks_poses_and_not_their_centers(spec):
    bright_center = Person(60, 120, 90, score=0.9, keypoint_score=0.2)
    clear_person = Person(160, 120, 90, score=0.6, keypoint_score=0.9)
    poses = engine_of([bright_center, clear_person], spec, max_people=1)(BLACK)
    np.testing.assert_allclose(middle_x(poses), [160], atol=0.01)


def test_flip_test_that_a_model_does_not_have_is_refused(spec):
    with pytest.raises(ValueError, match="has no flip test: leave flip_test out"):
        engine_of([], replace(spec, flip="never"), flip_test=True)


def test_model_for_crops_is_refused_with_what_runs_it(spec):
    other = replace(spec, decoder=DecoderSpec("ogn"))
    with pytest.raises(ValueError, match="works on crops of single people: use a TopDownEngine"):
        PoseEngine(FakeSession({}), other)


def test_load_closes_what_it_opened_if_the_options_do_not_fit(monkeypatch):
    closed = []
    monkeypatch.setattr(OnnxRuntimeSession, "close", lambda self: closed.append(self))
    with pytest.raises(ValueError, match="has no multi-scale test"):
        PoseEngine.load(
            session=SessionOptions("onnxruntime"), options=EngineOptions(scales=(0.5, 1.0))
        )
    assert len(closed) == 1
