"""The gate of `posetrack export`: a file that says something else than its network is not there."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from posetrack import read_video
from posetrack.apps.comparing import gate as gate_module
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.exporters.precision.half import tensor_kinds

from ...models.published import shipped_weights

CLIP = "face-demographics-walking.mp4"
LAYER = "/network/fpn/fuse16/depthwise/Conv"
# Two layers between which nothing limits the numbers.
WIDE, BEHIND = "fpn.fuse16.depthwise", "fpn.fuse16.pointwise"


def checkpoint(folder, *, scale=1.0):
    """MoveNet whose one layer is so much larger, and whose next one makes it good again."""
    weights = {n: array.astype(np.float32) for n, array in shipped_weights().items()}
    weights |= {f"{WIDE}.weight": weights[f"{WIDE}.weight"] * np.float32(scale)}
    weights |= {f"{BEHIND}.weight": weights[f"{BEHIND}.weight"] / np.float32(scale)}
    np.savez(folder / "weights.npz", **weights)
    return folder / "weights.npz"


@pytest.fixture(scope="module")
def picture(tmp_path_factory, clips):
    """A frame of a real clip: two people walk towards the camera."""
    path = tmp_path_factory.mktemp("picture") / "walking.png"
    image = next(iter(read_video(clips / CLIP))).image
    cv2.imwrite(str(path), image[..., ::-1])
    return path


@pytest.fixture
def export(posetrack, tmp_path, picture):
    def call(weights, *options):
        run = ("export", "movenet-multipose", "--weights", weights, "-o", tmp_path / "out.onnx")
        return posetrack(*run, "--images", picture, *options)

    return call


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir() if path.suffix != ".npz")


def test_a_good_file_passes_in_either_precision(export, tmp_path):
    weights = checkpoint(tmp_path)
    for precision in ("fp32", "fp16"):
        code, out, _ = export(weights, "--precision", precision, "--overwrite")
        assert (code, out) == (0, f"{tmp_path / 'out.onnx'}\n")
    assert files(tmp_path) == ["out.onnx"]


@pytest.mark.slow
def test_a_planted_activation_fault_is_found_by_name(export, tmp_path):
    weights = checkpoint(tmp_path, scale=1e3)
    assert export(weights)[0] == 0
    (tmp_path / "out.onnx").unlink()
    code, out, err = export(weights, "--precision", "fp16")
    assert (code, out) == (1, "")
    assert "movenet-multipose would not be the same: " in err
    assert f"beyond float16 first in {LAYER}" in err
    assert "use --keep-fp32 auto; --no-gate writes the file all the same" in err
    assert files(tmp_path) == []
    code, out, err = export(weights, "--precision", "fp16", "--keep-fp32", "auto")
    assert code == 0
    assert f"in float32 stay {LAYER}" in err
    assert files(tmp_path) == ["out.onnx"]
    kinds = tensor_kinds(onnx.load(tmp_path / "out.onnx"))
    kept = {node.name: node.output[0] for node in onnx.load(tmp_path / "out.onnx").graph.node}
    assert kinds[kept[LAYER]] == onnx.TensorProto.FLOAT
    assert kinds[kept["/network/fpn/fuse8/depthwise/Conv"]] == onnx.TensorProto.FLOAT16


def test_a_planted_weight_fault_is_found(export, tmp_path, monkeypatch):
    def spoiling(name, weights, path, options=ExportOptions()):  # noqa: B008 - as the true one
        spec = export_onnx(name, weights, path, options)
        model = onnx.load(path)
        tensor = max(model.graph.initializer, key=lambda one: np.prod(one.dims))
        values = numpy_helper.to_array(tensor) * np.asarray(0.7, tensor_dtype(tensor))
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        onnx.save(model, path)
        return spec

    monkeypatch.setattr(gate_module, "export_onnx", spoiling)
    code, _, err = export(checkpoint(tmp_path))
    assert code == 1
    assert "movenet-multipose would not be the same: " in err
    assert "heatmap is " in err
    assert files(tmp_path) == []


def tensor_dtype(tensor):
    return onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)


def test_the_gate_can_be_left_out(export, tmp_path, monkeypatch):
    monkeypatch.setattr(gate_module, "pass_gate", None)
    code, _, _ = export(checkpoint(tmp_path, scale=1e3), "--precision", "fp16", "--no-gate")
    assert (code, files(tmp_path)) == (0, ["out.onnx"])


def test_images_that_are_not_there_are_named(posetrack, tmp_path):
    run = ("export", "movenet-multipose", "-o", tmp_path / "out.onnx", "--precision", "fp16")
    code, _, err = posetrack(*run, "--images", tmp_path / "nowhere")
    assert (code, "there is no file or folder" in err) == (1, True)
    (tmp_path / "empty").mkdir()
    code, _, err = posetrack(*run, "--images", tmp_path / "empty")
    assert code == 1
    assert not (tmp_path / "out.onnx").exists()


def test_an_earlier_file_is_refused_before_the_gate(posetrack, tmp_path, monkeypatch):
    (tmp_path / "out.onnx").touch()
    monkeypatch.setattr(gate_module, "pass_gate", None)
    run = ("export", "movenet-multipose", "-o", tmp_path / "out.onnx", "--precision", "fp16")
    code, _, err = posetrack(*run)
    assert (code, "exists: use --overwrite" in err) == (1, True)
