"""Decoders on a device: the bytes of the CPU, and one wait for an image."""

from dataclasses import fields, replace

import numpy as np
import pytest
from posetrack.engine import EngineOptions, PoseEngine
from posetrack.engine.decoders import DECODERS
from posetrack.structures import COCO_17, HeadSpec

from .decoders import test_dekr, test_heatmap_guided, test_logocap
from .hand_made import FakeSession, Person, average_flipped
from .make_believe import DeviceArray, OnDevice, on_device
from .published_maps import ConstantScores, make_spec
from .top_down import test_integral, test_ogn, test_simple_baseline

TWINS = ["cpu", pytest.param("cuda", marks=pytest.mark.slow)]
PEOPLE = [(60, 128, 0.5), (200, 120, 0.3), (70, 128, 0.4)]
SCORES = ConstantScores(*np.linspace(0.9, 0.1, 30))
FIGURES = [test_logocap.PERSON + step for step in (0, 20, 90)]


def levels(module, *scales):
    return [module.level_with(*PEOPLE, scale=scale) for scale in scales]


def figures():
    return [test_logocap.view_of(*FIGURES)]


# name -> views, companions, what the spec says
PUBLISHED = {
    "heatmap-guided": (levels(test_heatmap_guided, 1.0), {}, {}),
    "heatmap-guided, scored": (levels(test_heatmap_guided, 1.0), {"score": SCORES}, {}),
    "heatmap-guided, paper": (
        levels(test_heatmap_guided, 1.0),
        {"score": SCORES},
        {"rules": "paper"},
    ),
    "heatmap-guided, regressed": (levels(test_heatmap_guided, 1.0), {}, {"output": "regression"}),
    "heatmap-guided, scales": (levels(test_heatmap_guided, 0.5, 1.0, 2.0), {}, {}),
    "dekr": (levels(test_dekr, 1.0), {}, {}),
    "dekr, scored": (levels(test_dekr, 1.0), {"score": SCORES}, {}),
    "dekr, matched": (levels(test_dekr, 1.0), {}, {"match_heatmap": True}),
    "dekr, scales": (levels(test_dekr, 0.5, 1.0, 2.0), {}, {}),
    "logocap": (figures(), {"refine": test_logocap.flat_kernels()}, {}),
    "logocap, paper": (figures(), {"refine": test_logocap.point_kernels()}, {"rules": "paper"}),
    "logocap, partial": (
        figures(),
        {"refine": test_logocap.point_kernels()},
        {"adaptation": "partial"},
    ),
    "logocap, Gaussian alone": (figures(), {}, {"prior": "kem"}),
    "logocap, not adapted": (figures(), {}, {"adaptation": "none"}),
    "logocap, scales": (
        [test_logocap.view_of(*FIGURES, test_scale=scale) for scale in (1.0, 2.0)],
        {"refine": test_logocap.flat_kernels()},
        {},
    ),
}


def poses_of(decode, views):
    (poses,) = decode(views).to_host()
    return poses


def moved(heads):
    return {name: DeviceArray(head.copy()) for name, head in heads.items()}


def assert_same(poses, expected):
    assert len(expected) > 0
    for field in fields(expected):
        got, wanted = getattr(poses, field.name), getattr(expected, field.name)
        np.testing.assert_array_equal(got, wanted, err_msg=field.name)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("case", PUBLISHED)
def test_published_decoders_wait_once_and_give_the_bytes_of_the_cpu(case, twin):
    views, companions, options = PUBLISHED[case]
    spec = make_spec(case.split(",")[0], **options)
    make = DECODERS[spec.decoder.name]
    expected = poses_of(make(spec, companions), views)
    decode = make(spec, {role: OnDevice(session) for role, session in companions.items()})
    with on_device(twin) as device:
        poses = poses_of(decode, [replace(view, heads=moved(view.heads)) for view in views])
    assert_same(poses, expected)
    assert device.waits == 1


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    ("case", "calls", "grids"), [("logocap", 9, 10), ("dekr", 10, 11), ("heatmap-guided", 13, 15)]
)
def test_few_kernels_are_launched_for_a_frame(case, calls, grids, twin):
    """docs/kernels.md says how many."""
    views, companions, options = PUBLISHED[case]
    spec = make_spec(case, **options)
    sessions = {role: OnDevice(session) for role, session in companions.items()}
    with on_device(twin) as device:
        DECODERS[case](spec, sessions)([replace(v, heads=moved(v.heads)) for v in views])
    assert device.calls == calls
    assert device.grids == (grids if twin == "cuda" else 0)


@pytest.mark.cuda
@pytest.mark.parametrize("case", PUBLISHED)
def test_published_decoders_give_the_bytes_of_the_cpu_on_a_gpu(case):
    import torch

    views, companions, options = PUBLISHED[case]
    spec = make_spec(case.split(",")[0], **options)
    decode = DECODERS[spec.decoder.name](spec, companions)
    on_gpu = [
        replace(view, heads={n: torch.from_numpy(h).cuda() for n, h in view.heads.items()})
        for view in views
    ]
    assert_same(poses_of(decode, on_gpu), poses_of(decode, views))


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("rule", ["adaptive", "released"])
@pytest.mark.parametrize("sizes", [(256,), (256, 512)])
@pytest.mark.parametrize("flip_test", [False, True])
def test_movenet_waits_once_and_gives_the_bytes_of_the_cpu(spec, rule, sizes, flip_test, twin):
    people = [Person(60.0, 120.0, 100.0), Person(180.0, 130.0, 140.0, 0.6)]
    seen = {
        256: people,
        512: [replace(p, x=2 * p.x, y=2 * p.y, height=2 * p.height) for p in people],
    }
    spec = replace(spec, decoder=replace(spec.decoder, options={"rule": rule}))
    options = EngineOptions(sizes=sizes, flip_test=flip_test)
    image = np.zeros((256, 256, 3), np.uint8)
    expected = PoseEngine(FakeSession(seen), spec, options)(image)
    with on_device(twin) as device:
        poses = PoseEngine(OnDevice(FakeSession(seen)), spec, options)(image)
    assert_same(poses, expected)
    assert device.waits == 1


BOXES = np.float32([[20, 30, 120, 230], [200, 40, 300, 240], [22, 30, 122, 230]])
RANDOM = np.random.default_rng(0).random((3, 51, 64, 64), np.float32)
CROPS = {
    "simple-baseline": (test_simple_baseline.DECODE, {"heatmap": RANDOM[:, :17, :, :48]}),
    "integral, i2": (test_integral.decoder((256, 192), method="i2"), {"heatmap": RANDOM[:, :17]}),
    "integral, h3": (test_integral.decoder((256, 192), method="h3"), {"heatmap": RANDOM[:, :17]}),
    "integral, r1": (
        test_integral.decoder((256, 192), method="r1"),
        {"coordinates": RANDOM[:, :17, 0, :2] - 0.5},
    ),
    "integral, in space": (
        test_integral.decoder((256, 192), method="i*", depth_mm=2000.0),
        {"coordinates": RANDOM[:, :17, 0, :3] - 0.5},
    ),
    "ogn": (
        test_ogn.DECODE,
        {"heatmap": RANDOM[:, :17, :32, :24], "offset": RANDOM[:, 17:, :32, :24] - 0.5},
    ),
}


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("case", CROPS)
def test_people_of_crops_are_read_with_one_wait(case, twin):
    if (case, twin) == ("integral, i2", "cuda"):
        pytest.skip("soft_argmax sums in another order on the CPU")
    decode, heads = CROPS[case]
    heads = {name: np.ascontiguousarray(head) for name, head in heads.items()}
    people = decode.people(BOXES, np.float32([0.9, 0.8, 0.7]))
    expected = decode(heads, people)
    with on_device(twin) as device:
        poses = decode(moved(heads), people)
    assert_same(poses, expected)
    assert device.waits == 1


@pytest.mark.parametrize("case", CROPS)
def test_poses_in_crops_are_those_in_the_image_without_a_wait(case):
    decode, heads = CROPS[case]
    heads = {name: np.ascontiguousarray(head[:2]) for name, head in heads.items()}
    alone = decode.crop_poses(heads)
    with on_device() as device:
        poses = decode.crop_poses(moved(heads))
        assert device.waits == 0
        for got, expected in zip(poses.to_host(), alone.to_host(), strict=True):
            assert_same(got, expected)
    people = decode.people(BOXES[:2], np.ones(2, np.float32))  # apart: nobody is suppressed
    in_image, order = decode(heads, people), np.argsort(-alone.scores[:, 0], kind="stable")
    np.testing.assert_array_equal(in_image.keypoints, people.to_image(alone.keypoints)[0, order])
    for name in ("keypoint_scores", "scores", "depth_mm"):
        if (in_crops := getattr(alone, name)) is not None:
            np.testing.assert_array_equal(getattr(in_image, name), in_crops[order, 0])
    low, high = alone.keypoints.min(axis=2), alone.keypoints.max(axis=2)
    np.testing.assert_array_equal(alone.boxes, np.concatenate((low, high), axis=2))


def test_coordinates_of_a_flip_test_are_averaged_on_the_device():
    both = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 17, 3)).astype(np.float32)
    spec = make_spec("dekr")
    spec = replace(spec, heads=(HeadSpec("coordinates", "coordinates", 51, 1),))
    with on_device() as device:
        merged = average_flipped({"coordinates": DeviceArray(both)}, spec, 256)["coordinates"]
        assert device.waits == 0
    turned = np.float64(both[2:, COCO_17.flip_order]) * [-1, 1, 1] - [1 / 256, 0, 0]
    expected = (both[:2] + turned) / 2
    assert merged.dtype == np.float32
    np.testing.assert_allclose(merged.values, expected, rtol=0, atol=2e-7)
