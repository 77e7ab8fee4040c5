"""What is told of ONNX files: hand-made ones, and the one that ships."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from posetrack.engine import model_path
from posetrack.exporters.inspection import inspect_onnx
from posetrack.structures import ModelFileError


def model(path, nodes, *, functions=(), weights=(), **options):
    """A file with one input `x` (B, 2) and one output `y`."""
    sides = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 2]) for n in "xy"]
    tensors = [numpy_helper.from_array(array, name) for name, array in weights]
    graph = helper.make_graph(nodes, "graph", sides[:1], sides[1:], tensors)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("posetrack", 1)]
    made = helper.make_model(graph, opset_imports=imports, functions=functions)
    onnx.save(made, path, **options)
    return path


def node(kind, domain="", inputs=("x",), **attributes):
    return helper.make_node(kind, inputs, ["y"], domain=domain, **attributes)


def test_model_that_ships_is_described():
    found = inspect_onnx(model_path("movenet-multipose"))
    assert found.spec.name == "movenet-multipose"
    assert [str(value) for value in found.inputs] == ["image uint8 (batch, height, width, 3)"]
    assert [value.name for value in found.outputs] == [head.name for head in found.spec.heads]
    assert found.opsets == {"": 17}
    assert found.operators["Conv"] == 80
    assert next(iter(found.weights)) == "float16"
    assert (found.functions, found.custom) == ((), ())
    assert found.size == model_path("movenet-multipose").stat().st_size


def test_file_without_a_description_has_none(tmp_path):
    found = inspect_onnx(model(tmp_path / "a.onnx", [node("Relu")]))
    assert found.spec is None
    assert [str(value) for value in (*found.inputs, *found.outputs)] == [
        "x float (batch, 2)",
        "y float (batch, 2)",
    ]
    assert found.weights == {}


def test_operator_of_another_domain_is_custom_unless_the_file_defines_it(tmp_path):
    def function(body):
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("other", 1)]
        return helper.make_function("posetrack", "Sigmoid2", ["x"], ["y"], [body], opsets)

    nodes = [node("Sigmoid2", "posetrack")]
    custom = inspect_onnx(model(tmp_path / "a.onnx", nodes))
    assert (custom.functions, custom.custom) == ((), ("posetrack::Sigmoid2",))
    defined = model(tmp_path / "b.onnx", nodes, functions=[function(node("Sigmoid"))])
    found = inspect_onnx(defined)
    assert (found.functions, found.custom) == (("posetrack::Sigmoid2",), ())
    assert found.operators == {"posetrack::Sigmoid2": 1}
    calls = model(tmp_path / "c.onnx", nodes, functions=[function(node("Magic", "other"))])
    assert inspect_onnx(calls).custom == ("other::Magic",)


def test_operators_of_our_library_are_told_from_others(tmp_path):
    ours = [node("PosetrackSampleHeat", "posetrack")]
    found = inspect_onnx(model(tmp_path / "a.onnx", ours))
    assert (found.custom, found.foreign) == (("posetrack::PosetrackSampleHeat",), ())
    found = inspect_onnx(model(tmp_path / "b.onnx", [node("Sigmoid2", "posetrack")]))
    assert found.foreign == ("posetrack::Sigmoid2",)


def test_operators_inside_branches_count(tmp_path):
    inner = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 2])
    branch = helper.make_graph([helper.make_node("Abs", ["x"], ["z"])], "branch", [], [inner])
    condition = ("yes", np.array(True))
    choice = node("If", inputs=("yes",), then_branch=branch, else_branch=branch)
    found = inspect_onnx(model(tmp_path / "a.onnx", [choice], weights=[condition]))
    assert found.operators == {"Abs": 2, "If": 1}
    assert found.weights == {"bool": 1}


def test_weights_beside_the_file_count_by_their_bytes(tmp_path):
    weights = [("w", np.ones((2, 300), np.float32))]
    path = model(
        tmp_path / "a.onnx",
        [node("MatMul", inputs=("x", "w"))],
        weights=weights,
        save_as_external_data=True,
        location="a.data",
        size_threshold=0,
    )
    found = inspect_onnx(path)
    assert found.weights == {"float": 600}
    assert found.size == path.stat().st_size + 2400


@pytest.mark.parametrize("content", [b"", b"text", b"\x08\x08"])
def test_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="is no ONNX file"):
        inspect_onnx(path)
