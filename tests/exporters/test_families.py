"""Whole files of every family: the graph form finds what the engine makes of the head form."""

import numpy as np
import onnx
import pytest
import torch
from posetrack.engine import EngineOptions, PoseEngine, TopDownEngine, open_session
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.models import MODELS
from posetrack.structures import COCO_17, SessionOptions
from untrained import crowded_lite

CPU = SessionOptions(backend="onnxruntime", device="cpu")
CROPS = (
    *("simple-baseline-resnet-50", "ogn-resnet-50", "integral-resnet-18"),
    *("integral-resnet-50-stride-8-h2", "integral-resnet-50-stride-8-i3", "integral-resnet-18-r1"),
    "integral-3d-resnet-18",
)
# The smallest networks of their kinds; all others differ in layers alone.
QUICK = ("simple-baseline-resnet-50", "ogn-resnet-50", "integral-3d-resnet-18")


def blobs(batch, height, width, seed=0):
    """Pictures of large squares."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (batch, height // 16 + 1, width // 16 + 1, 3), np.uint8)
    return coarse.repeat(16, 1).repeat(16, 2)[:, :height, :width].copy()


def both_forms(name, folder, *, flip_test=False):
    """The same weights in both forms."""
    weights = None if name == "movenet-multipose" else folder / "weights.pth"
    if name == "logocap-lite":
        torch.save(crowded_lite(), weights)
    elif weights is not None:
        torch.manual_seed(3)
        torch.save(MODELS[name].build(COCO_17)[0].state_dict(), weights)
    paths = {post: folder / f"{post}.onnx" for post in ("graph", "none")}
    inside = flip_test and name == "logocap-lite"
    export_onnx(name, weights, paths["graph"], ExportOptions(flip_test=flip_test))
    export_onnx(name, weights, paths["none"], ExportOptions(post="none", flip_test=inside))
    return paths


@pytest.mark.parametrize("flip_test", [False, True])
@pytest.mark.parametrize("name", ["movenet-multipose", "logocap-lite"])
def test_whole_images(tmp_path, name, flip_test):
    paths = both_forms(name, tmp_path, flip_test=flip_test)
    image = blobs(1, 256, 384)[0]
    around = EngineOptions(flip_test=flip_test and name == "movenet-multipose")
    with PoseEngine.load(paths["none"], CPU, around) as engine:
        wanted = engine(image)
    with PoseEngine.load(paths["graph"], CPU) as engine:
        found = engine(image)
    assert len(found) == len(wanted) > 0
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-4, atol=1e-5)
    # where two places of a map are equally good within 1e-5, rounding chooses
    same = np.abs(found.keypoints - wanted.keypoints).max(axis=2) < 1e-2
    close = np.isclose(found.keypoint_scores, wanted.keypoint_scores, rtol=1e-4, atol=1e-5)
    assert (same | close).all()
    assert same.mean() > 0.97


@pytest.mark.parametrize("flip_test", [False, True])
@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CROPS]
)
def test_crops(tmp_path, name, flip_test):
    paths = both_forms(name, tmp_path, flip_test=flip_test)
    image = blobs(1, 300, 400, seed=1)[0]
    boxes = np.float32([[20, 30, 150, 290], [200, 10, 390, 250], [100, 100, 300, 200]])
    with TopDownEngine.load(paths["none"], CPU, flip_test=flip_test) as engine:
        wanted = engine(image, boxes)
    with TopDownEngine.load(paths["graph"], CPU) as engine:
        found = engine(image, boxes)
    assert len(found) == len(wanted) > 0
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-4, atol=1e-6)
    same = np.abs(found.keypoints - wanted.keypoints).max(axis=2) < 1e-2
    close = np.isclose(found.keypoint_scores, wanted.keypoint_scores, rtol=1e-4, atol=1e-6)
    assert (same | close).all()
    assert same.mean() > 0.9
    if wanted.depth_mm is not None:
        np.testing.assert_allclose(found.depth_mm, wanted.depth_mm, atol=0.05)


@pytest.mark.parametrize("batch", [2, 5])
def test_images_of_a_batch_are_looked_at_alone(tmp_path, batch):
    export_onnx("movenet-multipose", None, tmp_path / "a.onnx")
    images = blobs(batch, 128, 192)
    order = np.random.default_rng(batch).permutation(batch)
    with open_session(tmp_path / "a.onnx", CPU) as session:
        together = session.run({"image": images})
        permuted = session.run({"image": images[order]})
        alone = [session.run({"image": image[None]}) for image in images]
    for name, values in together.items():
        atol = 0 if name == "count" else 1e-3
        np.testing.assert_allclose(permuted[name], values[order], atol=atol, err_msg=name)
        for one, value in zip(alone, values, strict=True):
            np.testing.assert_allclose(one[name][0], value, atol=atol, err_msg=name)


def test_sides_are_fixed_where_asked(tmp_path):
    options = ExportOptions(batch=2, size=(96, 128))
    export_onnx("movenet-multipose", None, tmp_path / "a.onnx", options)
    graph = onnx.load(tmp_path / "a.onnx").graph
    sides = {
        one.name: [side.dim_param or side.dim_value for side in one.type.tensor_type.shape.dim]
        for one in (*graph.input, *graph.output)
    }
    assert sides == {
        "image": [2, 96, 128, 3],
        "keypoints": [2, 30, 17, 2],
        "keypoint_scores": [2, 30, 17],
        "scores": [2, 30],
        "boxes": [2, 30, 4],
        "count": [2],
    }


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ogn-mask-rcnn-resnet-50-fpn", {}, "has no graph form: use --post none"),
        ("movenet-multipose", {"size": (100, 128)}, "are multiples of 32, got 100x128"),
        ("movenet-multipose", {"size": (0, 128)}, "are multiples of 32, got 0x128"),
        ("movenet-multipose", {"batch": 0}, "batch must be at least 1, got 0"),
        ("simple-baseline-resnet-50", {"size": (64, 64)}, "takes crops of 256x192: leave --size"),
    ],
)
def test_input_that_the_network_does_not_take_is_refused(tmp_path, name, options, message):
    with pytest.raises(ValueError, match=message):
        export_onnx(name, None, tmp_path / "a.onnx", ExportOptions(random_weights=True, **options))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (EngineOptions(sizes=(256, 512)), "export the head form, `posetrack export --post none`"),
        (EngineOptions(max_people=31), "at most 30 people inside the file, got max_people 31"),
        (EngineOptions(flip_test=True), "belongs inside its file: export it with"),
    ],
)
def test_engine_refuses_what_only_the_head_form_allows(tmp_path, options, message):
    export_onnx("movenet-multipose", None, tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=message):
        PoseEngine.load(tmp_path / "a.onnx", CPU, options)


def test_fewer_people_may_be_asked_for(tmp_path):
    export_onnx("movenet-multipose", None, tmp_path / "a.onnx")
    image = blobs(1, 256, 384)[0]
    with PoseEngine.load(tmp_path / "a.onnx", CPU, EngineOptions(max_people=2)) as engine:
        assert len(engine(image)) == 2
