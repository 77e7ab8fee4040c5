"""Bottom-up decoders on several images at once: each image is decoded as if it were alone."""

from dataclasses import fields, replace

import numpy as np
import pytest
from factories import person_keypoints
from posetrack.engine.decoders import DECODERS
from posetrack.engine.decoders.movenet_multi_size import MoveNetMultiSizeDecoder
from posetrack.engine.heads import View
from posetrack.structures import DecoderSpec

from .decoders import test_dekr, test_heatmap_guided, test_logocap, test_ogn_mask_rcnn
from .hand_made import Person, heads_of
from .make_believe import DeviceArray, OnDevice, on_device
from .published_maps import blank_level, make_spec, put_gaussians

FEW, MANY, NOBODY = [(70, 128, 0.5)], [(60, 128, 0.5), (200, 120, 0.3), (128, 60, 0.4)], []


class Scores:
    """A scoring network whose answer is another one for each pose."""

    def run(self, arrays):
        return {"scores": arrays["features"][:, 60:].max(axis=1)}


class Kernels:
    """A refinement network whose answer is another one for each pose."""

    def run(self, arrays):
        rows = arrays["features"]
        return {"kernels": rows.reshape(len(rows), 17, -1, *rows.shape[2:]).max(axis=2)}


def drawn(module):
    return [module.level_with(*people) for people in (FEW, MANY, NOBODY)]


def with_finer(view, people):
    finer = blank_level(128, 128, view.transform)
    for x, y, _ in people:
        put_gaussians(finer, person_keypoints(x, y, 120.0), stride=2)
    heads = view.heads | {"heatmap_2x": finer.heads["heatmap"][:, :-1].copy()}
    return replace(view, heads=heads)


def guided(finer=False):
    views = drawn(test_heatmap_guided)
    if not finer:
        return views
    return [with_finer(view, p) for view, p in zip(views, (FEW, MANY, NOBODY), strict=True)]


def figures():
    steps = [(0,), (0, 20, 90), ()]
    views = [test_logocap.view_of(*(test_logocap.PERSON + s for s in some)) for some in steps]
    random = np.random.default_rng(0)
    for view in views:
        view.heads["embedding"] = random.random(view.heads["embedding"].shape, np.float32)
    return views


# name -> a view of each image, companions, what the spec says
SCORE, REFINE = {"score": Scores()}, {"refine": Kernels()}
PUBLISHED = {
    "heatmap-guided": (guided(), SCORE, {}),
    "heatmap-guided, paper": (guided(), SCORE, {"rules": "paper"}),
    "heatmap-guided, regressed": (guided(), {}, {"output": "regression"}),
    "heatmap-guided, two strides": (guided(finer=True), {}, {}),
    "heatmap-guided, paper, two strides": (guided(finer=True), SCORE, {"rules": "paper"}),
    "dekr": (drawn(test_dekr), SCORE, {}),
    "dekr, matched": (drawn(test_dekr), {}, {"match_heatmap": True}),
    "logocap": (figures(), REFINE, {}),
    "logocap, paper": (figures(), REFINE, {"rules": "paper"}),
    "logocap, partial": (figures(), REFINE, {"adaptation": "partial"}),
    "logocap, Gaussian alone": (figures(), {}, {"prior": "kem"}),
    "logocap, not adapted": (figures(), {}, {"adaptation": "none", "rules": "paper"}),
}


def together(views):
    """The view of all images in one."""
    names = views[0].heads
    heads = {name: np.concatenate([view.heads[name] for view in views]) for name in names}
    return replace(views[0], heads=heads)


def assert_each_as_alone(decode, views, many=None):
    alone = [poses for view in views for poses in decode([view]).to_host()]
    assert len({len(poses) for poses in alone}) > 1
    batch = (many or decode)([together(views)]).to_host()
    assert len(batch) == len(views)
    for poses, expected in zip(batch, alone, strict=True):
        for field in fields(expected):
            got, wanted = getattr(poses, field.name), getattr(expected, field.name)
            np.testing.assert_array_equal(got, wanted, err_msg=field.name)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (2, 0)])
@pytest.mark.parametrize("case", PUBLISHED)
def test_published_decoders(case, order):
    views, companions, options = PUBLISHED[case]
    spec = make_spec(case.split(",")[0], **options)
    decode = DECODERS[spec.decoder.name](spec, companions)
    assert_each_as_alone(decode, [views[i] for i in order])


@pytest.mark.parametrize("case", PUBLISHED)
def test_published_decoders_on_a_device(case):
    views, companions, options = PUBLISHED[case]
    spec = make_spec(case.split(",")[0], **options)
    make = DECODERS[spec.decoder.name]
    decode = make(spec, {role: OnDevice(session) for role, session in companions.items()})

    def there(seen):
        heads = {name: DeviceArray(head) for name, head in seen[0].heads.items()}
        return decode([replace(seen[0], heads=heads)])

    with on_device():
        assert_each_as_alone(make(spec, companions), views, there)


@pytest.mark.parametrize("rule", ["adaptive", "released"])
def test_movenet(spec, rule):
    spec = replace(spec, decoder=DecoderSpec("movenet", {"rule": rule}))
    seen = [
        [Person(60, 120, 100)],
        [],
        [Person(50, 90, 80), Person(120, 130, 140, 0.6), Person(124, 130, 140, 0.5)],
    ]
    transform = test_heatmap_guided.SAME
    views = [View(heads_of(people, 48, 64), transform) for people in seen]
    assert_each_as_alone(MoveNetMultiSizeDecoder(spec, {}), views)


def rois(count, loss):
    """An image with so many RoIs of three."""
    random = np.random.default_rng(count)
    heatmap = random.random((3, 17, 56, 56), np.float32)
    offset = random.normal(size=(3, 34, 56, 56)).astype(np.float32) if loss == "smooth-l1" else None
    boxes = [[10, 20, 74, 108], [0, 0, 64, 88], [30, 30, 60, 90]]
    return test_ogn_mask_rcnn.view_of(heatmap, offset, boxes, random.random(3), count)


@pytest.mark.parametrize("loss", ["smooth-l1", "softmax"])
def test_ogn_mask_rcnn_reads_the_rois_of_each_image(loss):
    decode = test_ogn_mask_rcnn.decoder(loss, offset=loss == "smooth-l1")
    assert_each_as_alone(decode, [rois(count, loss) for count in (2, 0, 3)])
    assert_each_as_alone(decode, [rois(count, loss) for count in (0, 1)])
