"""A model whose nodes are posetrack's operators is run by them where the library is built."""

import numpy as np
import pytest
from posetrack.engine import model_path, open_session
from posetrack.engine.sessions import onnxruntime as backend
from posetrack.kernels.native import onnxruntime_operators
from posetrack.structures import ModelFileError, SessionOptions

onnx = pytest.importorskip("onnx")
OPTIONS = SessionOptions(backend="onnxruntime", device="cpu", threads=1)
built = pytest.mark.skipif(
    onnxruntime_operators() is None,
    reason="libposetrack_ort.so is not built: set ORT_ROOT, see docs/kernels.md",
)


def value(name, shape, element=onnx.TensorProto.FLOAT):
    return onnx.helper.make_tensor_value_info(name, element, shape)


@pytest.fixture
def model(tmp_path):
    """A file whose only node takes the highest cells of maps."""
    names, path = ["cells", "values"], tmp_path / "a.onnx"
    node = onnx.helper.make_node("PosetrackHeatmapArgmax", ["maps"], names, domain="posetrack")
    inputs = [value("maps", ["batch", 2, "height", "width"])]
    outputs = [value("cells", ["batch", 2], onnx.TensorProto.INT32), value("values", ["batch", 2])]
    graph = onnx.helper.make_graph([node], "highest", inputs, outputs)
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("posetrack", 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return path


@built
def test_operators_are_registered_where_a_file_has_them(model):
    maps = np.zeros((1, 2, 3, 4), np.float32)
    maps[0, 0, 2, 1], maps[0, 1, 0, 3] = 0.5, 0.25
    with open_session(model, OPTIONS) as session:
        assert session.custom_ops
        found = session.run({"maps": maps})
    assert (found["cells"].tolist(), found["values"].tolist()) == ([[9, 3]], [[0.5, 0.25]])


def test_other_files_are_run_without_them():
    with open_session(model_path("movenet-multipose"), OPTIONS) as session:
        assert not session.custom_ops


def test_a_build_without_them_says_which_operator_lacks(model, monkeypatch):
    monkeypatch.setattr(backend, "onnxruntime_operators", lambda: None)
    with pytest.raises(ModelFileError, match="PosetrackHeatmapArgmax"):
        open_session(model, OPTIONS)
