"""Files that size their images themselves find what the engine finds on sized ones."""

import re

import numpy as np
import pytest
from posetrack import kernels
from posetrack.engine import EngineOptions, PoseEngine
from posetrack.engine.sessions import onnxruntime
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.structures import SessionOptions

MODEL = "movenet-multipose"


def load(path, backend):
    return PoseEngine.load(path, SessionOptions(backend=backend, device="cpu"))


@pytest.fixture(scope="module")
def frames():
    """Pictures with large blobs, wide, upright, tiny, and beyond the largest aspect."""
    random = np.random.default_rng(0)
    sizes = [(270, 480), (480, 270), (31, 33), (100, 900)]
    return [random.integers(0, 256, (*size, 3), np.uint8) // 16 * 16 for size in sizes]


@pytest.fixture(scope="module")
def any_size(tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "any.onnx"
    spec = export_onnx(MODEL, None, path, ExportOptions(any_size=True))
    assert spec.sizing.rule == "inside"
    return path


@pytest.mark.parametrize("operators", [False, True])
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_any_size_is_sized_as_the_engine_does(any_size, frames, backend, operators, monkeypatch):
    if not operators:
        monkeypatch.setattr(onnxruntime, "onnxruntime_operators", lambda: None)
    with load(any_size, backend) as inside, PoseEngine.load() as outside:
        for frame in frames:
            found, wanted = inside(frame), outside(frame)
            assert len(found) == len(wanted) > 0
            np.testing.assert_allclose(found.scores, wanted.scores, atol=2e-3)
            # in noise two poses may be equally good, and a weak keypoint jumps
            apart = np.abs(found.keypoints[:, None] - wanted.keypoints).max(axis=3)
            assert np.median(apart, axis=2).min(axis=1).max() < 0.05


def test_size_of_the_network_is_fixed_and_raw_images_stay_open(tmp_path, frames):
    options = ExportOptions(any_size=True, size=(256, 448), batch=1)
    export_onnx(MODEL, None, tmp_path / "fixed.onnx", options)
    export_onnx(MODEL, None, tmp_path / "sized.onnx", ExportOptions())
    frame = frames[1]
    sized = kernels.size_image(frame, (256, 448), None)
    with load(tmp_path / "fixed.onnx", "onnxruntime") as raw:
        found = raw.session.run({"image": frame[None]})
    with load(tmp_path / "sized.onnx", "onnxruntime") as plain:
        wanted = plain.session.run({"image": sized[None]})
    assert found["count"] == wanted["count"]
    scale, count = 256 / 480, int(found["count"][0])
    there = (wanted["keypoints"] + 0.5) / scale - 0.5
    apart = np.abs(found["keypoints"][0, :count] - there[0, :count]).max(axis=2)
    assert np.median(apart) < 0.05
    assert not found["keypoints"][0, count:].any()
    assert not found["boxes"][0, count:].any()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (MODEL, {"post": "none"}, "--any-size needs --post graph"),
        ("simple-baseline-resnet-50", {}, "takes crops of single people: leave --any-size out"),
        ("dekr-hrnet-w32", {}, "has that: leave --any-size out"),
    ],
)
def test_what_cannot_be_sized_inside_is_refused(tmp_path, name, options, message):
    chosen = ExportOptions(any_size=True, random_weights=True, **options)
    with pytest.raises(ValueError, match=re.escape(message)):
        export_onnx(name, None, tmp_path / "a.onnx", chosen)
    assert list(tmp_path.iterdir()) == []


def test_engine_leaves_sizing_to_the_file(any_size, frames):
    with pytest.raises(ValueError, match="the file sizes its images itself"):
        PoseEngine.load(any_size, options=EngineOptions(sizes=(384,)))(frames[0])
