"""The graph form of every family: what ONNX Runtime finds is what the engine's decoder finds."""

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper
from posetrack.engine import PoseEngine
from posetrack.engine.decoders import DECODERS
from posetrack.engine.heads import View, activate
from posetrack.exporters.graph.form import with_poses
from posetrack.exporters.graph.nodes import OPSET
from posetrack.structures import DecoderSpec, HeadSpec, ImageTransform

from ...engine import test_batches
from ...engine.hand_made import Person, heads_of, logits
from ...engine.published_maps import make_spec
from .run_graph import run

OUTPUTS = ["keypoints", "keypoint_scores", "scores", "boxes", "count"]
TIE = 1e-5  # by which two choices of equal worth may differ


def network_of(heads):
    """A model whose heads are further inputs beside the image."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", None, None, 3])
    inputs, outputs, nodes = [image], [], []
    for name, head in heads.items():
        shape = [None] * head.ndim
        inputs.append(helper.make_tensor_value_info(f"{name}_in", TensorProto.FLOAT, shape))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        nodes.append(helper.make_node("Identity", [f"{name}_in"], [name]))
    graph = helper.make_graph(nodes, "heads", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def highest(name, shape, target, axis):
    """A companion: the highest of its features along an axis, once they have another shape."""
    nodes = [
        helper.make_node("Constant", [], ["shape"], value_ints=shape),
        helper.make_node("Reshape", ["features", "shape"], ["rows"]),
        helper.make_node("ReduceMax", ["rows"], [name], axes=[axis], keepdims=0),
    ]
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, None)
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["poses", *target])
    graph = helper.make_graph(nodes, name, [features], [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def scoring():
    """As `test_batches.Scores`."""
    model = highest("scores", [0, -1], [], 1)
    cut = [
        helper.make_node("Constant", [], ["from"], value_ints=[60]),
        helper.make_node("Constant", [], ["to"], value_ints=[1000]),
        helper.make_node("Constant", [], ["axis"], value_ints=[1]),
        helper.make_node("Slice", ["features", "from", "to", "axis"], ["cut"]),
    ]
    model.graph.node[1].input[0] = "cut"
    for node in reversed(cut):
        model.graph.node.insert(0, node)
    return model


def refinement(side):
    """As `test_batches.Kernels`."""
    return highest("kernels", [0, 17, -1, side, side], [17, side, side], 2)


def run_form(model, heads):
    batch = len(next(iter(heads.values())))
    given = {f"{name}_in": head for name, head in heads.items()}
    given["image"] = np.zeros((batch, 32, 32, 3), np.uint8)
    names = [one.name for one in model.graph.output]
    return dict(zip(names, run(model, given), strict=True))


def assert_same_poses(found, expected):
    """Within 1e-3 px, but for keypoints for which two places were equally good."""
    assert set(OUTPUTS) <= set(found)
    for b, poses in enumerate(expected):
        count = int(found["count"][b])
        assert count == len(poses)
        assert not any(found[name][b, count:].any() for name in OUTPUTS[:4])
        np.testing.assert_allclose(found["scores"][b, :count], poses.scores, rtol=TIE, atol=TIE)
        scores, keypoints = found["keypoint_scores"][b, :count], found["keypoints"][b, :count]
        np.testing.assert_allclose(scores, poses.keypoint_scores, rtol=TIE, atol=TIE)
        apart = np.abs(keypoints - poses.keypoints).max(axis=-1)
        assert (apart > 1e-3).sum() <= 0.02 * apart.size


def spec_with_heads(spec, heads):
    """The spec, with all heads that are there."""
    known = {head.name for head in spec.heads}
    height = heads["heatmap"].shape[2]
    added = [
        HeadSpec(name, "feature", head.shape[1], 4 * height // head.shape[2])
        for name, head in heads.items()
        if name not in known
    ]
    return replace(spec, heads=(*spec.heads, *added))


def in_input(view):
    """The view with poses in pixels of the network's input."""
    size = tuple(4 * side for side in view.heads["heatmap"].shape[2:])
    return replace(view, transform=ImageTransform(size, size, 1.0, (0.0, 0.0)))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0), (1,), (2, 2, 0, 1, 0)])
@pytest.mark.parametrize("case", test_batches.PUBLISHED)
def test_published_families(case, order):
    views, companions, options = test_batches.PUBLISHED[case]
    view = in_input(test_batches.together([views[i] for i in order]))
    spec = spec_with_heads(make_spec(case.split(",")[0], **options), view.heads)
    expected = DECODERS[spec.decoder.name](spec, companions)([view]).to_host()
    heads = view.heads
    side = int(spec.decoder.options.get("local_window", 11))
    models = {"score": scoring, "refine": lambda: refinement(side)}
    inside = {role: models[role]() for role in companions}
    made, described = with_poses(network_of(heads), spec, inside)
    assert described.decoder == DecoderSpec("poses")
    assert described.gives_poses
    assert_same_poses(run_form(made, heads), expected)


def together(images):
    """The heads of several images in one."""
    images = list(images)
    return {name: np.concatenate([heads[name] for heads in images]) for name in images[0]}


PEOPLE = [
    [Person(60, 120, 100)],
    [],
    [Person(50, 90, 80), Person(120, 130, 140, 0.6), Person(124, 130, 140, 0.5)],
]


@pytest.fixture
def spec():
    return PoseEngine.load().spec


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0), (1,), (2, 2, 0, 1, 0)])
def test_movenet(spec, order):
    heads = logits(together(heads_of(PEOPLE[i], 48, 64) for i in order))
    view = in_input(View(activate(heads, spec), None))
    expected = DECODERS["movenet"](spec, {})([view]).to_host()
    made, _ = with_poses(network_of(heads), spec, {})
    assert_same_poses(run_form(made, heads), expected)
