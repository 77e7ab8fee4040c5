"""`posetrack compare`: two models on the same images, and an exit code for a bad export."""

import json

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.models import MODELS
from posetrack.structures import COCO_17
from untrained import crowded_lite

CLIP = "store-aisle-detection.mp4"


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    """The model that ships in both forms: `graph.onnx`, `none.onnx`."""
    folder = tmp_path_factory.mktemp("forms")
    for post in ("graph", "none"):
        export_onnx("movenet-multipose", None, folder / f"{post}.onnx", ExportOptions(post=post))
    return folder


def faulty(path, folder, change):
    """A copy with a planted fault."""
    model = onnx.load(path)
    change(model.graph)
    onnx.save(model, folder / "faulty.onnx")
    return folder / "faulty.onnx"


def spoiled_weights(graph):
    largest = max(graph.initializer, key=lambda tensor: np.prod(tensor.dims))
    values = numpy_helper.to_array(largest) * np.float16(0.5)
    largest.CopyFrom(numpy_helper.from_array(values, largest.name))


def test_two_forms_of_a_model_are_the_same(posetrack, forms, clips):
    sides = (forms / "none.onnx", forms / "graph.onnx")
    code, out, err = posetrack("compare", *sides, "--images", clips / CLIP, "--max-images", 3)
    assert (code, err) == (0, "")
    assert "left_shoulder" in out
    code, out, _ = posetrack(
        "compare", *sides, "--images", clips / CLIP, "--max-images", 3, "--json"
    )
    told = json.loads(out)
    assert (code, told["images"], told["lost"], told["gained"]) == (0, 3, 0, 0)
    assert told["people"] >= 3
    assert told["worst_px"] < 0.1
    assert told["heads"] == {}
    assert told["sides"][1] == "graph.onnx, onnxruntime fp32 on cpu"


def test_another_backend_is_named_behind_the_file(posetrack, forms, clips):
    code, out, _ = posetrack(
        *("compare", forms / "none.onnx", f"{forms / 'none.onnx'},backend=openvino"),
        *("--images", clips / CLIP, "--max-images", 2, "--json"),
    )
    told = json.loads(out)
    assert code == 0
    assert told["sides"][1] == "none.onnx, openvino fp32 on cpu"
    assert set(told["heads"]) == {"heatmap", "offset", "local_offset", "box_size", "box_offset"}
    assert all(head["relative"] < 1e-3 and head["finite"] for head in told["heads"].values())


def test_a_fault_is_found(posetrack, forms, clips, tmp_path):
    bad = faulty(forms / "none.onnx", tmp_path, spoiled_weights)
    run = ("compare", forms / "none.onnx", bad, "--images", clips / CLIP, "--max-images", 3)
    code, _, err = posetrack(*run)
    assert code == 1
    assert "faulty.onnx, onnxruntime fp32 on cpu is not none.onnx, onnxruntime fp32 on cpu: " in err
    assert "heatmap is " in err
    limits = ("--max-px", 1e9, "--max-worst-px", 1e9, "--max-lost", 1, "--max-head-error", 1e9)
    assert posetrack(*run, *limits)[0] == 0


def test_without_images_heads_are_compared_on_made_up_ones(posetrack, tmp_path):
    torch.manual_seed(0)
    name = "integral-resnet-18"
    torch.save(MODELS[name].build(COCO_17)[0].state_dict(), tmp_path / "w.pth")
    files = [tmp_path / f"{post}.onnx" for post in ("none", "graph")]
    for post, file in zip(("none", "graph"), files, strict=True):
        export_onnx(name, tmp_path / "w.pth", file, ExportOptions(post=post))
    code, out, _ = posetrack("compare", files[0], f"{files[0]},backend=openvino", "--json")
    assert code == 0
    assert json.loads(out)["images"] == 8
    code, out, _ = posetrack("compare", *files, "--json")
    told = json.loads(out)
    assert (code, told["people"]) == (0, 8)
    assert told["worst_px"] < 0.1


def test_a_checkpoint_and_its_file_are_the_same(posetrack, tmp_path):
    torch.save(crowded_lite(), tmp_path / "lite.pth")
    file = tmp_path / "lite.onnx"
    options = ExportOptions(post="none", rules="released")
    export_onnx("logocap-lite", tmp_path / "lite.pth", file, options)
    code, out, _ = posetrack(
        *("compare", f"{tmp_path / 'lite.pth'},model=logocap-lite", file, "--size", 128, "--json"),
    )
    told = json.loads(out)
    assert code == 0
    assert told["people"] > 0
    assert told["sides"][0].startswith("lite.pth, torch fp32")


def test_labels_say_what_happens_to_ap(posetrack, forms, shared, tmp_path):
    data = shared / "data" / "coco_keypoints"
    truth = data / "person_keypoints_val2017_subset.json"
    run = ("--images", data / "images", "--max-images", 12, "--ground-truth", truth)
    code, out, err = posetrack("compare", forms / "none.onnx", forms / "graph.onnx", *run, "--json")
    assert (code, err) == (0, "")
    assert abs(json.loads(out)["ap"]["difference"]) < 1e-6
    bad = faulty(forms / "none.onnx", tmp_path, spoiled_weights)
    code, out, err = posetrack("compare", forms / "none.onnx", bad, *run)
    assert code == 1
    assert "AP falls by " in err


@pytest.mark.parametrize(
    ("sides", "options", "code", "message"),
    [
        (("none.onnx,backand=x", "none.onnx"), (), 2, "side is a file and after commas KEY=VALUE"),
        (("none.onnx", "none.onnx,rules=mine"), (), 2, "must be released or paper, got 'mine'"),
        (("none.onnx", "missing.onnx"), (), 1, "there is no model file"),
        (("none.onnx", "none.onnx"), ("--ground-truth", "a.json"), 2, "needs --images"),
        (("none.onnx", "none.onnx"), ("--images", "nowhere"), 1, "there is no file or folder"),
        (("none.onnx", "none.onnx,backend=trt"), (), 1, "backend must be one of"),
    ],
)
def test_wrong_use_is_one_sentence(posetrack, forms, monkeypatch, sides, options, code, message):
    monkeypatch.chdir(forms)
    found, out, err = posetrack("compare", *sides, *options)
    assert (found, out) == (code, "")
    assert message in err


def other_keypoints(file):
    (entry,) = (one for one in file.metadata_props if one.key == "posetrack")
    entry.value = entry.value.replace('"nose"', '"snout"')


def test_models_of_other_keypoints_are_refused(posetrack, forms, tmp_path):
    model = onnx.load(forms / "none.onnx")
    other_keypoints(model)
    onnx.save(model, tmp_path / "other.onnx")
    code, out, err = posetrack("compare", forms / "none.onnx", tmp_path / "other.onnx")
    assert (code, out) == (1, "")
    assert "have other keypoints: they cannot be compared" in err
