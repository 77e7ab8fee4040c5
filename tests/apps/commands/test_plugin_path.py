"""`posetrack plugin-path`: the path on stdout alone, or one sentence where there is no library."""

from pathlib import Path

from posetrack.apps.commands import plugin_path


def test_the_path_is_told_and_the_line_for_trtexec(posetrack, monkeypatch):
    library = Path("/opt/my env/libposetrack_trt.so")
    monkeypatch.setattr(plugin_path, "tensorrt_plugins", lambda: library)
    code, out, err = posetrack("plugin-path")
    assert (code, out) == (0, f"{library}\n")
    wanted = f"trtexec --onnx=MODEL.onnx --saveEngine=MODEL.engine '--dynamicPlugins={library}'"
    assert err.strip() == wanted


def test_a_library_that_was_not_built_is_missed_in_one_sentence(posetrack, monkeypatch):
    monkeypatch.setattr(plugin_path, "tensorrt_plugins", lambda: None)
    code, out, err = posetrack("plugin-path")
    assert (code, out) == (1, "")
    assert err.startswith("posetrack: TensorRT's plugins are not built here: reinstall posetrack")
    assert "TENSORRT_ROOT" in err
