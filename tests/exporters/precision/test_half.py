"""Networks in float16: which layers are, what they hold, and what a GPU would make of them."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from posetrack.engine import PoseEngine
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.exporters.precision.emulation import EmulatedSession
from posetrack.exporters.precision.half import halved_layers, tensor_kinds, to_half
from posetrack.structures import ModelSpec, SessionOptions
from torch import nn

CPU = SessionOptions(backend="onnxruntime", device="cpu")


def small_network(*, scale=1.0):
    """Image -> normalised -> convolution -> relu -> convolution -> head."""
    random = np.random.default_rng(0)
    weights = {
        "mean": np.float32(120.0),
        "std": np.float32(60.0),
        "w0": random.normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32) * np.float32(scale),
        "b0": random.normal(0, 0.1, 8).astype(np.float32) * np.float32(scale),
        "w1": random.normal(0, 0.3, (4, 8, 1, 1)).astype(np.float32) / np.float32(scale),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], name="cast", to=TensorProto.FLOAT),
        helper.make_node("Sub", ["float", "mean"], ["moved"], name="sub"),
        helper.make_node("Div", ["moved", "std"], ["sized"], name="div"),
        helper.make_node("Conv", ["sized", "w0", "b0"], ["a"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Conv", ["b", "w1"], ["head"], name="second"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("head", TensorProto.FLOAT, [1, 4, 16, 16])],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in weights.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def image(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (1, 3, 16, 16), np.uint8)


def run(model, given):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": given})[0]


def emulated(model):
    spec = type("Spec", (), {"precision": "fp16", "to_json": lambda _: "{}"})()
    return EmulatedSession(model, spec)


def copy(model):
    return onnx.ModelProto.FromString(model.SerializeToString())


def test_layers_from_the_first_weights_to_the_heads_are_half():
    plain = small_network()
    assert halved_layers(plain) == ["first", "relu", "second"]
    half = to_half(copy(plain))
    onnx.checker.check_model(half, full_check=True)
    kinds = tensor_kinds(half)
    assert kinds["sized"] == kinds["head"] == TensorProto.FLOAT
    assert kinds["a"] == kinds["b"] == TensorProto.FLOAT16
    held = {tensor.name: tensor.data_type for tensor in half.graph.initializer}
    assert held == {
        "mean": TensorProto.FLOAT,
        "std": TensorProto.FLOAT,
        **dict.fromkeys(("w0.half", "b0.half", "w1.half"), TensorProto.FLOAT16),
    }
    np.testing.assert_allclose(run(half, image()), run(plain, image()), atol=0.02)


def test_a_layer_that_is_kept_stands_between_casts():
    half = to_half(copy(small_network()), ["relu"])
    onnx.checker.check_model(half, full_check=True)
    kinds = tensor_kinds(half)
    assert (kinds["a"], kinds["b"]) == (TensorProto.FLOAT16, TensorProto.FLOAT)
    casts = [node.name for node in half.graph.node if node.op_type == "Cast"]
    assert casts == ["cast", "sized.half", "a.float", "b.half", "head.cast"]
    with pytest.raises(ValueError, match="has no layer third to keep in float32"):
        to_half(copy(small_network()), ["third"])


def test_weights_beyond_float16_are_named():
    with pytest.raises(ValueError, match="weights w0 are beyond 65504, the largest number of"):
        to_half(small_network(scale=1e6))


def test_the_emulation_rounds_like_torch_does():
    """Three layers, each within one rounding of torch's own half precision on the CPU."""
    model = small_network()
    held = {
        t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer
    }
    given = ((torch.from_numpy(image()).float() - 120) / 60).half()
    first = nn.functional.conv2d(given, held["w0"].half(), held["b0"].half(), padding=1)
    wanted = nn.functional.conv2d(first.relu(), held["w1"].half()).float().numpy()
    (found,) = emulated(to_half(copy(model))).run({"image": image()}).values()
    steps = np.spacing(np.abs(wanted).astype(np.float16)).astype(np.float32)
    # sums are made in another order, so the first layer may differ by its last digit, too
    assert (np.abs(found - wanted) <= 3 * steps + 1e-3).all()
    exact = run(model, image())
    assert 0 < np.abs(found - exact).max() < 0.02


def test_every_number_of_an_emulated_head_is_one_of_float16():
    (found,) = emulated(to_half(small_network())).run({"image": image()}).values()
    np.testing.assert_array_equal(found, found.astype(np.float16).astype(np.float32))


def test_a_layer_that_overflows_is_named_and_can_be_kept():
    plain = small_network(scale=3e4)
    session = emulated(to_half(copy(plain)))
    (found,) = session.run({"image": image()}).values()
    assert session.overflowing[0] == "first"
    assert session.layers["first"].largest > 65504
    assert not np.isfinite(found).all()
    kept = emulated(to_half(copy(plain), ["first", "relu", "second"]))
    (found,) = kept.run({"image": image()}).values()
    np.testing.assert_allclose(found, run(plain, image()), rtol=1e-4, atol=1e-4)
    assert kept.overflowing == []


def test_numbers_that_are_too_small_are_counted():
    session = emulated(to_half(small_network(scale=3e-5)))
    session.run({"image": image()})
    assert session.layers["first"].small > 0.5
    usual = emulated(to_half(small_network()))
    usual.run({"image": image()})
    assert usual.layers["first"].small < 0.01


@pytest.mark.parametrize("post", ["graph", "none"])
def test_the_model_that_ships_finds_the_same_in_half(tmp_path, frame_of_a_clip, post):
    file = tmp_path / "half.onnx"
    spec = export_onnx("movenet-multipose", None, file, ExportOptions(post=post, precision="fp16"))
    assert spec.precision == "fp16"
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert sum(kind == TensorProto.FLOAT16 for kind in kinds.values()) > 100
    with PoseEngine.load(file, CPU) as engine:
        found = engine(frame_of_a_clip)
        assert engine.session.precision == "fp32"  # a CPU computes it so
        assert engine.spec.precision == "fp16"
    with PoseEngine.load(session=CPU) as engine:
        wanted = engine(frame_of_a_clip)
    strong = wanted.scores > 0.2
    assert strong.sum() >= 2
    np.testing.assert_allclose(found.keypoints[: strong.sum()], wanted.keypoints[strong], atol=0.5)


def test_what_follows_the_heads_stays_float32(tmp_path):
    file = tmp_path / "half.onnx"
    export_onnx("movenet-multipose", None, file, ExportOptions(precision="fp16"))
    model = onnx.load(file)
    ours = [node for node in model.graph.node if node.domain == "posetrack"]
    kinds = tensor_kinds(model)
    assert ours
    inputs = {kinds[name] for node in ours for name in node.input if name in kinds}
    assert TensorProto.FLOAT16 not in inputs


@pytest.fixture
def frame_of_a_clip(clips):
    from posetrack import read_video

    return next(iter(read_video(clips / "face-demographics-walking.mp4"))).image


def test_the_file_says_its_precision(tmp_path):
    export_onnx("movenet-multipose", None, tmp_path / "a.onnx", ExportOptions(precision="fp16"))
    (entry,) = onnx.load(tmp_path / "a.onnx").metadata_props
    assert ModelSpec.from_json(entry.value).precision == "fp16"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int4"}, "precision must be one of 'fp32', 'fp16', got 'int4'"),
        ({"keep_fp32": ("a",)}, "everything is float32: keep_fp32 is for another precision"),
        ({"precision": "fp16", "keep_fp32": ("a",)}, "the network has no layer a to keep"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        export_onnx("movenet-multipose", None, tmp_path / "a.onnx", ExportOptions(**options))
    assert list(tmp_path.iterdir()) == []
