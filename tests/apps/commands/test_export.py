"""`posetrack export`: what it writes and prints, and what it refuses."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import onnx
import pytest
import torch
from posetrack.engine import PoseEngine
from posetrack.exporters import ExportOptions
from posetrack.models import MODELS
from posetrack.structures import COCO_17, ModelSpec

MODEL = "logocap-lite"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    network, _ = MODELS[MODEL].build(COCO_17)
    path = tmp_path_factory.mktemp("weights") / "lite.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture
def command(posetrack):
    """Runs `posetrack export`: exit code, stdout, stderr as one line."""
    return partial(posetrack, "export")


@pytest.fixture
def asked(monkeypatch):
    """What the exporter is asked for, which here writes three bytes."""
    calls = []

    def export(name, weights, output, options):
        calls.append((name, weights, output, options))
        output.write_bytes(b"new")
        with torch.device("meta"):
            return MODELS[MODEL].build(COCO_17)[1]

    monkeypatch.setattr("posetrack.exporters.export_onnx", export)
    return calls


# ---- what is written


def test_model_file_is_named_on_stdout_and_described_on_stderr(command, weights, tmp_path):
    output = tmp_path / "a.onnx"
    code, out, err = command(MODEL, "--weights", weights, "-o", output, "--post", "none")
    assert (code, out) == (0, f"{output}\n")
    companion = tmp_path / "a.refine.onnx"
    sizes = [f"{path}: {path.stat().st_size / 1e6:.1f} MB" for path in (output, companion)]
    assert err == " ".join([f"{MODEL}: heatmap, offset, embedding", *sizes])
    with PoseEngine.load(output) as engine:
        assert engine.spec.name == MODEL


def test_options_reach_the_exporter(command, asked, tmp_path):
    output = tmp_path / "a.onnx"
    assert command(MODEL, "--weights", "w.pth", "-o", output, "--no-gate")[0] == 0
    options = (
        "--no-gate",
        "--flip-test",
        "--score-weights",
        "s.pth",
        "--post",
        "none",
        "--overwrite",
    )
    options += ("--rules", "paper", "--batch", "2", "--size", "256x448", "--inline")
    assert command(MODEL, "--weights", "w.pth", "--output", output, *options)[0] == 0
    plain = ExportOptions()
    everything = ExportOptions("none", True, Path("s.pth"), True, "paper", 2, (256, 448))
    everything = replace(everything, inline=True)
    expected = [(MODEL, Path("w.pth"), output, chosen) for chosen in (plain, everything)]
    assert asked == expected


# ---- what is refused


def test_existing_file_is_replaced_only_if_asked(command, weights, tmp_path):
    output = tmp_path / "a.onnx"
    output.write_bytes(b"earlier")
    arguments = (MODEL, "--weights", weights, "--post", "none", "-o", output)
    code, out, err = command(*arguments)
    assert (code, out) == (1, "")
    assert err == f"posetrack: {output} exists: use --overwrite to replace it"
    assert output.read_bytes() == b"earlier"
    assert command(*arguments, "--overwrite")[0] == 0
    assert output.stat().st_size > 1e6


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("nobody", (), "model must be one of dekr-hrnet-w32, "),
        ("dekr-hrnet-w32", (), "these weights are of family logocap, not dekr"),
        (MODEL, ("--score-weights", "s.pth"), f"{MODEL} has no pose scoring: leave the score"),
    ],
)
def test_wrong_choice_is_refused_in_one_sentence(
    command, weights, tmp_path, model, options, message
):
    code, out, err = command(model, "--weights", weights, "-o", tmp_path / "a.onnx", *options)
    assert (code, out) == (1, "")
    assert err.startswith(f"posetrack: {message}")
    assert list(tmp_path.iterdir()) == []


def test_weights_are_needed_unless_the_model_ships(command, tmp_path):
    code, _, err = command(MODEL, "-o", tmp_path / "a.onnx")
    assert (code, err) == (
        1,
        f"posetrack: {MODEL} does not ship: name its weights, or ask for random ones",
    )
    assert command("movenet-multipose", "-o", tmp_path / "b.onnx")[0] == 0
    assert command("movenet-multipose", "-o", tmp_path / "c.onnx", "--random-weights")[0] == 0
    shipped = ModelSpec.from_json(onnx.load(tmp_path / "b.onnx").metadata_props[0].value)
    assert shipped.weights_sha256
    drawn = ModelSpec.from_json(onnx.load(tmp_path / "c.onnx").metadata_props[0].value)
    assert drawn.trained == "not at all: random weights"


def test_missing_weights_are_named(command, tmp_path):
    path = tmp_path / "missing.pth"
    code, _, err = command(MODEL, "--weights", path, "-o", tmp_path / "a.onnx")
    assert (code, err) == (1, f"posetrack: there is no weight file {path}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--weights", "w.pth"), "Missing option"),
        (("-o", "a.onnx", "--weights", "w.pth", "--random-weights"), "leave one of both out"),
        (("-o", "a.onnx", "--weights", "w.pth", "--post", "poses"), "'poses' is not one of"),
        (("-o", "a.onnx", "--weights", "w.pth", "--size", "256"), "such as 256x448, got '256'"),
        (("-o", "a.onnx", "--weights", "w.pth", "--size", "axb"), "such as 256x448, got 'axb'"),
    ],
)
def test_wrong_use_is_explained(command, options, message):
    code, _, err = command(MODEL, *options)
    assert code == 2
    assert message in err
    assert "see posetrack export --help" in err


@pytest.mark.parametrize("missing", [("torch", "safetensors", "onnx", "onnxslim"), ("onnx",)])
def test_extra_that_is_missing_is_named(posetrack_without, tmp_path, missing):
    code, out, err = posetrack_without(
        missing, "export", MODEL, "--weights", "w.pth", "-o", tmp_path / "a.onnx"
    )
    assert (code, out) == (1, "")
    names = ", ".join(missing)
    assert err == f"posetrack: export needs {names}: pip install 'posetrack[export]'\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rules", "paper"), "this movenet network has no paper: use the rules released"),
        (
            ("--flip-test", "--post", "none"),
            "heads: use `posetrack run --flip-test`",
        ),
    ],
)
def test_what_the_shipped_model_does_not_have_is_refused(command, tmp_path, options, message):
    code, out, err = command("movenet-multipose", "-o", tmp_path / "a.onnx", *options)
    assert (code, out) == (1, "")
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_into_is_refused_at_once(command, tmp_path, monkeypatch):
    monkeypatch.setattr("posetrack.exporters.places.os.access", lambda *_: False)
    code, _, err = command("movenet-multipose", "-o", tmp_path / "a.onnx")
    assert (code, err) == (
        1,
        f"posetrack: {tmp_path} cannot be written into: choose another folder",
    )
