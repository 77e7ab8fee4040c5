"""`posetrack models`: what it prints, as words and as JSON, and what it refuses."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import onnx
import pytest
import torch
from file_server import CONTENT, SHA256, Site, serving
from posetrack.apps.commands import models
from posetrack.engine import model_path
from posetrack.models import MODELS
from posetrack.models.networks.pose_scoring import PoseScoring
from posetrack.models.weights.zoo import ZOO
from posetrack.structures import MPII_16

DIRECT = "resnet-50-imagenet-v1"
HAND = "dekr-hrnet-w32-coco"


@pytest.fixture
def command(posetrack, monkeypatch, tmp_path):
    """Runs `posetrack models`: exit code, stdout, stderr as one line."""
    monkeypatch.setenv("POSETRACK_CACHE", str(tmp_path / "cache"))
    return partial(posetrack, "models")


@pytest.fixture
def scoring(tmp_path):
    """A checkpoint of a pose scoring network, as training scripts wrap it."""
    path = tmp_path / "score.pth.tar"
    weights = PoseScoring(74).state_dict()
    torch.save({"epoch": 20, "state_dict": {f"module.{n}": t for n, t in weights.items()}}, path)
    return path


@pytest.fixture
def site(monkeypatch):
    """A server with the file of `DIRECT`."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Site()) as site:
        entry = replace(ZOO[DIRECT], address=site.url, sha256=SHA256[:8])
        monkeypatch.setitem(ZOO, DIRECT, entry)
        yield site


# ---- list


def test_networks_and_weights_are_listed(command):
    code, out, err = command("list")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    names = [line.split()[0] for line in lines if line.startswith("  ")]
    assert names == [*MODELS, *ZOO]
    (row,) = (line for line in lines if line.startswith(f"  {HAND} "))
    assert row.split()[1:] == f"by hand MIT 68 {ZOO[HAND].metric}".split()


def test_list_is_available_as_json(command):
    code, out, _ = command("list", "--json")
    listed = json.loads(out)
    assert code == 0
    assert listed["networks"][0] == {"name": "movenet-multipose", "family": "movenet"}
    assert [entry["name"] for entry in listed["weights"]] == list(ZOO)
    by_name = {entry["name"]: entry for entry in listed["weights"]}
    assert by_name[DIRECT]["sha256"] == "0676ba61"
    assert by_name[DIRECT]["direct"] is True


# ---- inspect


def test_file_is_inspected(command, scoring):
    code, out, err = command("inspect", scoring)
    assert (code, err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert facts == {
        "file": str(scoring),
        "format": "pytorch",
        "wrapper": "state_dict module.",
        "family": "pose-scoring",
        "backbone": "none",
        "keypoints": "17",
        "skeleton": "coco-17",
        "fits": "none",
        "rules": "none",
        "tensors": "6",
        "parameters": str(75 * 256 + 257 * 256 + 257),
        "problems": "none",
    }


def test_network_is_inspected_as_json(command, tmp_path):
    with torch.device("meta"):
        network, _ = MODELS["simple-baseline-resnet-50"].build(MPII_16)
    path = tmp_path / "a.pth"
    torch.save({name: torch.zeros(t.shape) for name, t in network.state_dict().items()}, path)
    code, out, _ = command("inspect", path, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["fits"] == ["simple-baseline-resnet-50"]
    assert facts["rules"] == "released"
    assert (facts["backbone"], facts["skeleton"]) == ("resnet-50", "mpii-16")
    assert facts["wrapper"] is None
    assert facts["problems"] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"text", "holds no weights"),
    ],
)
def test_file_of_something_else_is_refused_in_one_sentence(command, tmp_path, content, message):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    code, out, err = command("inspect", path)
    assert (code, out) == (1, "")
    assert err.startswith(f"posetrack: {path} {message}")


def test_unknown_weights_are_refused_in_one_sentence(command, tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"a": torch.zeros(1)}, path)
    code, out, err = command("inspect", path)
    assert (code, out) == (1, "")
    assert err.startswith("posetrack: the weights are of no family known here (movenet, ")


def test_model_file_is_inspected(command):
    path = model_path("movenet-multipose")
    code, out, err = command("inspect", path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "decoder    movenet" in lines
    assert "inputs     image uint8 (batch, height, width, 3)" in lines
    assert "sizing     short side 256, multiples of 32, half-pixel" in lines
    assert "people     30" in lines
    assert "min_score  0.06" in lines
    assert "flip       around the network: run --flip-test" in lines
    assert lines[-1] == "runs       in any ONNX Runtime"
    facts = json.loads(command("inspect", path, "--json")[1])
    assert (facts["model"], facts["custom"]) == ("movenet-multipose", [])


@pytest.mark.parametrize(
    ("operator", "library", "runs"),
    [
        (
            "PosetrackSampleHeat",
            Path("a.so"),
            "in ONNX Runtime with posetrack's operators, as here",
        ),
        (
            "PosetrackSampleHeat",
            None,
            "in ONNX Runtime with posetrack's operators, which are not built here",
        ),
        ("Magic", Path("a.so"), "in ONNX Runtime with a library that has the custom operators"),
    ],
)
def test_model_with_custom_operators_says_what_it_needs(
    command, tmp_path, monkeypatch, operator, library, runs
):
    monkeypatch.setattr(models, "onnxruntime_operators", lambda: library)
    values = [onnx.helper.make_tensor_value_info(name, 1, [1]) for name in "xy"]
    node = onnx.helper.make_node(operator, ["x"], ["y"], domain="posetrack")
    graph = onnx.helper.make_graph([node], "one", values[:1], values[1:])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "a.onnx")
    assert command("inspect", tmp_path / "a.onnx")[1].splitlines()[-1] == f"runs       {runs}"


def test_model_file_that_is_none_is_refused_in_one_sentence(command, tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(b"text")
    assert command("inspect", path) == (1, "", f"posetrack: {path} is no ONNX file")


# ---- fetch


def test_fetched_file_is_named_on_stdout(command, site, tmp_path):
    code, out, err = command("fetch", DIRECT)
    path = tmp_path / "cache" / DIRECT / "resnet50-0676ba61.pth"
    assert (code, out) == (0, f"{path}\n")
    assert err == f"downloading {DIRECT}"
    assert path.read_bytes() == CONTENT
    assert command("fetch", DIRECT, "--offline") == (0, f"{path}\n", "")


def test_cache_folder_can_be_chosen(command, site, tmp_path):
    code, out, _ = command("fetch", DIRECT, "--cache", tmp_path / "mine")
    assert code == 0
    assert out.startswith(str(tmp_path / "mine"))


def test_offline_fetches_nothing(command, site):
    code, out, err = command("fetch", DIRECT, "--offline")
    assert (code, out) == (1, "")
    assert "downloads are switched off" in err
    assert site.requests == []


def test_what_only_a_person_can_fetch_says_how(command):
    code, out, err = command("fetch", HAND)
    assert (code, out) == (1, "")
    assert f"get {ZOO[HAND].file} from {ZOO[HAND].address} by hand" in err


# ---- the base install, without torch

TORCH = ("torch", "safetensors")


def test_networks_and_weights_are_listed_without_torch(command, posetrack_without):
    for options in ((), ("--json",)):
        _, out, _ = command("list", *options)
        assert posetrack_without(TORCH, "models", "list", *options) == (0, out, "")


def test_weights_are_fetched_without_torch(posetrack_without, tmp_path):
    path = tmp_path / "cache" / HAND / ZOO[HAND].file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    assert posetrack_without(TORCH, "models", "fetch", HAND) == (0, f"{path}\n", "")
    code, out, err = posetrack_without(TORCH, "models", "fetch", DIRECT, "--offline")
    assert (code, out) == (1, "")
    assert err.startswith(f"posetrack: {DIRECT} is not in the cache, ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("missing", [TORCH, ("torch",), ("safetensors",)])
def test_inspection_names_the_extra_that_is_missing(posetrack_without, scoring, missing):
    code, out, err = posetrack_without(missing, "models", "inspect", scoring)
    assert (code, out) == (1, "")
    names = ", ".join(missing)
    assert err == f"posetrack: inspect needs {names}: pip install 'posetrack[torch]'\n"
